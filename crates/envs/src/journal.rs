//! Environments captured and restored by replay.

use std::time::Duration;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::{Discrete, Env, EnvError, ObservationSpace, Reset, Step, preconditions};

/// An environment's state as a value: where its generators stood at the last reset, and what happened since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// The state of the generators before the last reset, as [`Env::generators`] gave it.
    pub generators: Vec<u8>,
    /// The last reset.
    pub reset: Reset,
    /// The actions taken since.
    pub actions: Vec<u32>,
}

/// Keeps what is needed to restore the environment exactly, whatever it is.
///
/// A snapshot of an emulator or of a physics world forgets caches that reach the last bit; replaying the episode does
/// not. The journal must be the outermost wrapper: what wraps it is not replayed.
///
/// ```
/// use deepq_envs::{CartPole, Env, Journal, Reset};
/// let mut env = Journal::new(CartPole::new());
/// let mut observation = [0.0; 4];
/// env.reset(&Reset::seeded(1), &mut observation)?;
/// env.step(0, &mut observation)?;
/// let capture = env.capture()?;
///
/// let mut other = Journal::new(CartPole::new());
/// let mut restored = [0.0; 4];
/// other.restore(&capture, &mut restored)?;
/// assert_eq!(restored, observation);
/// # Ok::<(), deepq_envs::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Journal<E> {
    env: E,
    /// None before the first reset, and after a restore that failed half-way.
    episode: Option<Capture>,
}

impl<E: Env> Journal<E> {
    /// Wraps an environment; the journal starts with the next reset.
    pub fn new(env: E) -> Self {
        Self { env, episode: None }
    }

    /// The environment's state now.
    ///
    /// # Errors
    ///
    /// [`EnvError::NoEpisode`] before the first reset.
    pub fn capture(&self) -> Result<Capture, EnvError> {
        self.episode.clone().ok_or_else(|| EnvError::NoEpisode { env: self.id().into() })
    }

    /// Puts the environment into a captured state and writes the observation that belongs to it.
    ///
    /// # Errors
    ///
    /// [`EnvError::ObservationLength`] for a buffer of the wrong length and [`EnvError::Capture`] for generators of
    /// something else: nothing changes then. [`EnvError::Capture`] also if the actions cannot be replayed: the
    /// environment needs a reset then.
    pub fn restore(&mut self, capture: &Capture, observation: &mut [E::Element]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        self.env.set_generators(&capture.generators)?;
        self.episode = None;
        let broken = |env: &E, error: &EnvError| EnvError::Capture { env: env.id().into(), reason: error.to_string() };
        self.env.reset(&capture.reset, observation).map_err(|error| broken(&self.env, &error))?;
        for &action in &capture.actions {
            let stepped = usize::try_from(action)
                .map_err(|_| EnvError::Capture { env: self.env.id().into(), reason: format!("action {action}") })
                .and_then(|action| self.env.step(action, observation));
            stepped.map_err(|error| broken(&self.env, &error))?;
        }
        self.episode = Some(capture.clone());
        Ok(())
    }

    /// The environment inside. Whoever resets or steps it there makes the journal wrong.
    pub fn get_ref(&self) -> &E {
        &self.env
    }

    /// The environment without its journal.
    pub fn into_inner(self) -> E {
        self.env
    }
}

impl<E: Env> Env for Journal<E> {
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
        let generators = self.env.generators()?;
        self.env.reset(reset, observation)?;
        let mut actions = self.episode.take().map(|episode| episode.actions).unwrap_or_default();
        actions.clear();
        self.episode = Some(Capture { generators, reset: *reset, actions });
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [Self::Element]) -> Result<Step, EnvError> {
        let Some(episode) = &mut self.episode else {
            return Err(EnvError::NoEpisode { env: self.env.id().into() });
        };
        let step = self.env.step(action, observation)?;
        #[allow(clippy::cast_possible_truncation, reason = "the action is one of the action space, which is small")]
        episode.actions.push(action as u32);
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
        preconditions::render(self, self.episode.is_some())?;
        self.env.render()
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        self.env.generators()
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.env.set_generators(state)?;
        self.episode = None;
        Ok(())
    }
}
