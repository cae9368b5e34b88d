//! Several observations in one.

use std::time::Duration;

use image::RgbImage;

use crate::{Discrete, Element, Env, EnvError, ObservationSpace, Reset, Step, preconditions};

/// Gives the last observations together, the oldest first.
///
/// Frames of shape `[height, width]` become `[k, height, width]`, `[channels, height, width]` become `[k * channels,
/// height, width]`, everything else of shape `[..]` becomes `[k, ..]`. After a reset the stack is `k` times the
/// episode's first observation, as Gymnasium's `FrameStackObservation` with `padding_type="reset"`.
#[derive(Clone, Debug)]
pub struct FrameStack<E: Env> {
    env: E,
    space: ObservationSpace<E::Element>,
    /// The last `k` observations, the oldest first.
    recent: Vec<E::Element>,
}

impl<E: Env> FrameStack<E> {
    /// Stacks the last `frames` observations.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] for a stack of none.
    pub fn new(env: E, frames: usize) -> Result<Self, EnvError> {
        if frames == 0 {
            return Err(EnvError::InvalidOption {
                env: env.id().into(),
                option: "frame_stack".into(),
                value: "0".into(),
                reason: "a stack holds at least one frame".into(),
            });
        }
        let space = env.observation_space().stacked(frames);
        let recent = vec![E::Element::default(); space.len()];
        Ok(Self { env, space, recent })
    }

    fn frame_len(&self) -> usize {
        self.env.observation_space().len()
    }
}

impl<E: Env> Env for FrameStack<E> {
    type Element = E::Element;

    fn id(&self) -> &str {
        self.env.id()
    }

    fn observation_space(&self) -> &ObservationSpace<Self::Element> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        self.env.action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [Self::Element]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        let len = self.frame_len();
        self.env.reset(reset, &mut observation[..len])?;
        repeat_first(observation, len);
        self.recent.copy_from_slice(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [Self::Element]) -> Result<Step, EnvError> {
        preconditions::buffer(self, observation)?;
        let len = self.frame_len();
        let older = self.recent.len() - len;
        // The newest frame is written where it belongs; the history moves only once that went well.
        let step = self.env.step(action, &mut observation[older..])?;
        observation[..older].copy_from_slice(&self.recent[len..]);
        self.recent.copy_from_slice(observation);
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

fn repeat_first<T: Element>(stack: &mut [T], len: usize) {
    let (first, rest) = stack.split_at_mut(len);
    for frame in rest.chunks_exact_mut(len) {
        frame.copy_from_slice(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catch, TimeLimit};

    #[test]
    fn the_space_says_how_many_observations_are_in_one() {
        let env = Catch::new();
        assert_eq!(env.observation_space().stack(), 1);
        let env = TimeLimit::new(FrameStack::new(env, 4).unwrap(), 10);
        assert_eq!(env.observation_space().stack(), 4);
        assert_eq!(env.observation_space().shape()[0], 4);
    }
}
