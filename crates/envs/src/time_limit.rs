//! A limit on an episode's length.

use std::time::Duration;

use image::RgbImage;

use crate::{Discrete, Env, EnvError, ObservationSpace, Reset, Status, Step, preconditions};

/// Truncates episodes after a number of agent steps.
///
/// Where the last allowed step also terminates the episode, the status is [`Status::Terminated`]: Gymnasium sets both
/// flags there, and what counts for learning is that the task ended.
#[derive(Clone, Debug)]
pub struct TimeLimit<E> {
    env: E,
    limit: u32,
    taken: u32,
}

impl<E: Env> TimeLimit<E> {
    /// At most `limit` agent steps an episode; 0 counts as 1, since an episode has at least one step.
    pub fn new(env: E, limit: u32) -> Self {
        Self { env, limit: limit.max(1), taken: 0 }
    }

    /// Agent steps after which an episode is truncated.
    pub fn limit(&self) -> u32 {
        self.limit
    }
}

impl<E: Env> Env for TimeLimit<E> {
    type Element = E::Element;

    fn id(&self) -> &str {
        self.env.id()
    }

    fn observation_space(&self) -> &ObservationSpace<Self::Element> {
        self.env.observation_space()
    }

    fn action_space(&self) -> &Discrete {
        self.env.action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [Self::Element]) -> Result<(), EnvError> {
        self.env.reset(reset, observation)?;
        self.taken = 0;
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [Self::Element]) -> Result<Step, EnvError> {
        if self.taken >= self.limit {
            preconditions::step(self, false, action, observation)?;
        }
        let mut step = self.env.step(action, observation)?;
        self.taken += 1;
        if self.taken >= self.limit && step.status == Status::Running {
            step.status = Status::Truncated;
        }
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
