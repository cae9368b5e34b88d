//! Games in a terminal, played by a person or by a trained agent.
//!
//! [`Controls`] say which key is which action, [`Held`] which keys are held though a terminal tells only when they are
//! pressed, and [`Beat`] when the next step is due. [`person`] lets somebody play in an [`environment`](environment()), [`agent`]
//! lets them watch a trained agent.

pub mod agent;
mod beat;
mod controls;
mod environment;
mod held;
pub mod person;
mod score;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deepq_envs::EnvError;
use thiserror::Error;

pub use beat::Beat;
pub use controls::{Control, Controls, Stick};
pub use environment::environment;
pub use held::Held;
pub use score::Score;

use crate::evaluation::EvaluationError;
use crate::terminal::{Key, TerminalError};

/// The slowest and the fastest that a game can be played at, in times of its own speed.
pub const SPEEDS: (f64, f64) = (0.01, 100.0);
/// What + and - multiply and divide the speed by.
const FASTER: f64 = 2.0;
/// How long a signal may have to wait.
const PATIENCE: Duration = Duration::from_millis(100);
/// A picture is left out where the next step is due already, but not for longer than this.
const LONGEST_UNSEEN: Duration = Duration::from_millis(100);

/// Why a game could not be played on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The terminal is none, or is gone.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The environment or the agent failed.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
}

/// How the player left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// With q or Esc.
    Quit,
    /// With Ctrl-C, or by a signal.
    Interrupted,
}

/// The speed after this key, if it is one of those that change it.
fn changed_speed(speed: f64, key: Key) -> Option<f64> {
    match key {
        Key::Character('+' | '=') => Some((speed * FASTER).min(SPEEDS.1)),
        Key::Character('-') => Some((speed / FASTER).max(SPEEDS.0)),
        _ => None,
    }
}

impl Leave {
    /// Whether this key ends the game, and how.
    fn by(key: Key) -> Option<Self> {
        match key {
            Key::Escape | Key::Character('q') => Some(Self::Quit),
            Key::Interrupt => Some(Self::Interrupted),
            _ => None,
        }
    }

    /// Whether a signal asks to end.
    fn asked(stop: &AtomicBool) -> Option<Self> {
        stop.load(Ordering::Relaxed).then_some(Self::Interrupted)
    }
}
