//! What a finished run leaves for people: its curves, a game of its best weights, its card.

use std::path::Path;

use deepq_experiments::export;
use deepq_experiments::session::{self, Settings};
use deepq_report::plot;

use super::interrupt;

/// Writes them into the folder of a run, each as far as it can be written: the run itself is over and safe.
pub(super) fn write(run: &Path, video: bool, settings: &Settings) {
    if let Err(error) = plot::write_curves(run) {
        tracing::warn!("no curves: {error}");
    }
    interrupt::done();
    match video.then(|| session::record_best(run, settings)) {
        Some(Ok(None)) => interrupt::no_video(&settings.screen, run),
        Some(Err(error)) => tracing::warn!("no video of the best weights: {error}"),
        Some(Ok(Some(_))) | None => {}
    }
    // Last, because it shows the video.
    if let Err(error) = export::card::write(run) {
        tracing::warn!("no card: {error}");
    }
}
