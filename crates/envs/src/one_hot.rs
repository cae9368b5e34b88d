//! State numbers as vectors.

use std::time::Duration;

use image::RgbImage;

use crate::{Discrete, Env, EnvError, ObservationSpace, Reset, Step, preconditions};

/// Gives the number of a state as a vector that is 1 at this number and 0 elsewhere, as a network needs it.
///
/// For environments whose observation is the number of a state: see [`ObservationSpace::states`].
#[derive(Clone, Debug)]
pub struct OneHot<E> {
    env: E,
    space: ObservationSpace<f32>,
}

impl<E: Env<Element = f32>> OneHot<E> {
    /// Wraps an environment.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if its observations are no state numbers.
    pub fn new(env: E) -> Result<Self, EnvError> {
        let Some(states) = env.observation_space().states() else {
            return Err(EnvError::InvalidOption {
                env: env.id().into(),
                option: "one_hot".into(),
                value: "true".into(),
                reason: "its observations are no numbers of states".into(),
            });
        };
        let space = ObservationSpace::uniform(&[states.n()], 0.0, 1.0);
        Ok(Self { env, space })
    }
}

/// Writes the vector of a state.
fn write(state: f32, observation: &mut [f32]) {
    observation.fill(0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "state numbers are whole")]
    if let Some(element) = observation.get_mut(state as usize) {
        *element = 1.0;
    }
}

impl<E: Env<Element = f32>> Env for OneHot<E> {
    type Element = f32;

    fn id(&self) -> &str {
        self.env.id()
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        self.env.action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        let mut state = [0.0];
        self.env.reset(reset, &mut state)?;
        write(state[0], observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::buffer(self, observation)?;
        let mut state = [0.0];
        let step = self.env.step(action, &mut state)?;
        write(state[0], observation);
        Ok(step)
    }

    fn step_cost(&self) -> Duration {
        self.env.step_cost()
    }

    fn steps_per_second(&self) -> f64 {
        self.env.steps_per_second()
    }

    fn turn_based(&self) -> bool {
        self.env.turn_based()
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        self.env.render()
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        self.env.generators()
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.env.set_generators(state)
    }
}
