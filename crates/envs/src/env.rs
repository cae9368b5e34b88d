//! The environment interface.

use std::time::Duration;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::{Discrete, Element, End, EnvError, ObservationSpace, Status};

/// The steps in a second of an environment that does not say.
pub(crate) const USUAL_STEPS_PER_SECOND: f64 = 30.0;

/// What one action led to; the observation stands in the buffer that the caller gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The reward, as the environment gives it (unclipped; summed over skipped frames).
    pub reward: f64,
    /// Whether the episode goes on.
    pub status: Status,
    /// Whether the agent lost a life in this step that was not the game's last. Training may stop bootstrapping here and
    /// see an episode's end; the game is not restarted. A limit may cut the episode off in the same step.
    pub life_lost: bool,
    /// Emulator frames that the step took: the frame skip, or fewer where the episode ended inside it; 1 for
    /// environments without frames.
    pub frames: u32,
}

impl Step {
    /// A step of an environment that has neither lives nor frames.
    pub fn new(reward: f64, status: Status) -> Self {
        Self { reward, status, life_lost: false, frames: 1 }
    }

    /// How it ended, as replay memories and agents are told.
    pub fn end(&self) -> End {
        End { status: self.status, life_lost: self.life_lost }
    }
}

/// How an episode starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    /// Seeds the environment's generator first, as Gymnasium's `reset(seed=...)`; without a seed the generator's
    /// stream goes on.
    pub seed: Option<u64>,
    /// Bounds of the random start state, as Gymnasium's `options={"low": ..., "high": ...}`, where the environment
    /// has them (classic control; for Pendulum `x_init` and `y_init`); an error elsewhere.
    pub bounds: Option<(f64, f64)>,
}

impl Reset {
    /// Seed the generator and start.
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed), bounds: None }
    }
}

/// A task: a state machine that takes actions and gives observations and rewards.
///
/// The caller owns the memory of observations: `reset` and `step` write into the slice they are given, which must have
/// [`ObservationSpace::len`] elements. A batch of environments therefore writes straight into the batch.
///
/// An environment owns every random draw it makes: two with the same generators, given the same actions, are the same
/// to the bit. After a step that ended the episode it accepts only a reset.
pub trait Env: Send {
    /// What its observations are made of.
    type Element: Element;

    /// The id by which the registry makes it, or a name of the author's choice.
    fn id(&self) -> &str;

    /// Shape and bounds of the observations.
    fn observation_space(&self) -> &ObservationSpace<Self::Element>;

    /// The actions.
    fn action_space(&self) -> &Discrete;

    /// Starts an episode and writes its first observation.
    ///
    /// # Errors
    ///
    /// If `observation` has the wrong length, or `reset` asks for what the environment does not have.
    fn reset(&mut self, reset: &Reset, observation: &mut [Self::Element]) -> Result<(), EnvError>;

    /// Takes an action and writes the observation it led to: after an end, the episode's final one.
    ///
    /// # Errors
    ///
    /// [`EnvError::NoEpisode`] before the first reset and after an episode's end, [`EnvError::Action`] for an action
    /// outside the action space, [`EnvError::ObservationLength`] for a buffer of the wrong length. None of them
    /// changes the environment's state.
    fn step(&mut self, action: usize, observation: &mut [Self::Element]) -> Result<Step, EnvError>;

    /// About what a step costs on one core: a constant, by which a [`VectorEnv`](crate::VectorEnv) decides whether threads
    /// pay. No result depends on it. Only environments whose step takes microseconds need to say so.
    fn step_cost(&self) -> Duration {
        Duration::from_nanos(100)
    }

    /// Steps in a second where somebody watches at the environment's own speed: a constant, Gymnasium's `render_fps`, and 60
    /// frames of an Atari game. No result depends on it.
    fn steps_per_second(&self) -> f64 {
        USUAL_STEPS_PER_SECOND
    }

    /// Whether nothing happens between two actions, so that a person who plays may think as long as they like: a constant. No
    /// result depends on it.
    fn turn_based(&self) -> bool {
        false
    }

    /// Draws the current state as a picture.
    ///
    /// # Errors
    ///
    /// [`EnvError::NoEpisode`] before the first reset.
    fn render(&self) -> Result<RgbImage, EnvError>;

    /// The state of everything that the environment draws randomness from, as bytes: what a reset depends on.
    ///
    /// # Errors
    ///
    /// Where the state lives in foreign code that cannot give it.
    fn generators(&self) -> Result<Vec<u8>, EnvError>;

    /// Puts the generators back into a state that [`generators`](Self::generators) gave; the environment then needs a
    /// reset.
    ///
    /// # Errors
    ///
    /// [`EnvError::Capture`] if the bytes are not such a state; nothing changes then.
    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError>;
}

/// An environment behind a pointer, as the registry makes it.
pub type BoxedEnv<E> = Box<dyn Env<Element = E>>;

impl<T: Env + ?Sized> Env for Box<T> {
    type Element = T::Element;

    fn id(&self) -> &str {
        (**self).id()
    }

    fn observation_space(&self) -> &ObservationSpace<Self::Element> {
        (**self).observation_space()
    }

    fn action_space(&self) -> &Discrete {
        (**self).action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [Self::Element]) -> Result<(), EnvError> {
        (**self).reset(reset, observation)
    }

    fn step(&mut self, action: usize, observation: &mut [Self::Element]) -> Result<Step, EnvError> {
        (**self).step(action, observation)
    }

    fn step_cost(&self) -> Duration {
        (**self).step_cost()
    }

    fn steps_per_second(&self) -> f64 {
        (**self).steps_per_second()
    }

    fn turn_based(&self) -> bool {
        (**self).turn_based()
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        (**self).render()
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        (**self).generators()
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (**self).set_generators(state)
    }
}
