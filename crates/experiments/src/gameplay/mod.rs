//! Games for those who watch: episodes of an evaluation, one after the other and step by step.
//!
//! ```no_run
//! use std::path::Path;
//! use deepq_experiments::session::{self, EvaluationRequest, Settings};
//!
//! let request = EvaluationRequest { episodes: Some(1), ..EvaluationRequest::default() };
//! session::watch(Path::new("runs/mine"), &request, &Settings::default(), |gameplay| {
//!     while let Some(moment) = gameplay.advance()? {
//!         let (picture, values) = (gameplay.picture()?, gameplay.values()?);
//!         println!("{moment:?}: {} x {} pixels, {values:?}", picture.width(), picture.height());
//!     }
//!     Ok::<(), deepq_experiments::evaluation::EvaluationError>(())
//! })??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod playing;

use deepq_agents::Preferences;
use deepq_envs::Status;
use image::RgbImage;
pub use playing::Playing;

use crate::evaluation::EvaluationError;

/// Games that somebody watches. An episode of `n` steps has `n + 1` moments: one before each step and one after the last.
///
/// Everything but [`advance`](Self::advance) speaks of the moment that it gave last, and changes nothing: looking or not is
/// the same game.
pub trait Gameplay {
    /// What stays the same.
    fn scene(&self) -> &Scene;

    /// Goes on to the next moment: the first of an episode, or what a step led to. `None` after the last episode.
    ///
    /// # Errors
    ///
    /// What the environment or the agent cannot do.
    fn advance(&mut self) -> Result<Option<Moment>, EvaluationError>;

    /// What it looks like.
    ///
    /// # Errors
    ///
    /// If there was no moment yet, or the environment cannot be drawn.
    fn picture(&self) -> Result<RgbImage, EvaluationError>;

    /// What the network sees.
    fn observation(&self) -> Observation<'_>;

    /// What the agent thinks of each action, as [`Scene::values`] says.
    ///
    /// # Errors
    ///
    /// What the agent cannot do.
    fn values(&self) -> Result<Vec<f32>, EvaluationError>;
}

/// What stays the same in all moments of a game.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The environment's id.
    pub environment: String,
    /// The actions' names; their numbers where they have none.
    pub actions: Vec<String>,
    /// Lengths of the observation's dimensions.
    pub observation_shape: Vec<usize>,
    /// Steps in a second at the environment's own speed.
    pub steps_per_second: f64,
    /// The agent step at which the weights were saved.
    pub at_step: u64,
    /// Episodes that are played.
    pub episodes: usize,
    /// What the agent's values are.
    pub values: Preferences,
}

/// A moment of a game: what led to it, and what comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The episode's number, from 0.
    pub episode: usize,
    /// Agent steps taken in the episode.
    pub step: u64,
    /// The reward of the last step, as the environment gives it; 0 before the first.
    pub reward: f64,
    /// The episode's undiscounted, unclipped return so far.
    pub total: f64,
    /// Whether the episode goes on.
    pub status: Status,
    /// The action of the next step: the one that the agent thinks best, but where the protocol says a random one. `None`
    /// where the episode is over.
    pub action: Option<usize>,
}

/// An observation of either element type, in row-major order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation<'a> {
    /// A vector of measurements.
    Vector(&'a [f32]),
    /// Frames of bytes.
    Frames(&'a [u8]),
}
