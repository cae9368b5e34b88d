//! Those who watch a run from outside: tables, TensorBoard, the screen.

mod figures;
mod metrics;
mod pace;
mod progress;
mod screen;

pub(crate) use metrics::{Metrics, MetricsState};
pub use progress::Progress;
pub use screen::Screen;

use deepq_runs::StorageError;

use crate::evaluation::Evaluation;
use crate::training::{Event, View};

/// Somebody who is told what happens.
pub trait Listener {
    /// Something happened.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    fn event(&mut self, event: &Event, view: &View<'_>) -> Result<(), StorageError>;

    /// The agent was evaluated.
    ///
    /// # Errors
    ///
    /// If it cannot be written down.
    fn evaluated(&mut self, evaluation: &Evaluation, best: bool) -> Result<(), StorageError>;
}
