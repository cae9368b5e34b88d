//! Learning curves: what [`history`] reads, as a picture.
//!
//! [`learning_curves`] says what is drawn (a [`Chart`], curves with their bands in the units of the axes), [`write()`] draws
//! it as SVG or PNG. Several runs of one experiment become one curve with the interval of a bootstrap; several experiments
//! are compared in one picture. The same tables give the same bytes, on machines without fonts as well.

mod aggregate;
mod chart;
mod drawing;
mod error;
mod learning_curves;
mod number;
mod palette;
mod picture;
mod smoothing;

use std::path::{Path, PathBuf};

pub use chart::{Chart, Curve, Kind};
pub use error::PlotError;
pub use learning_curves::{BAND_REPETITIONS, EPISODES_OF_MEAN, learning_curves};
pub(crate) use learning_curves::{capitalised, figure, seeds};
pub use number::short;
pub use palette::{Color, PALETTE};
pub use picture::{Format, svg};
pub use smoothing::{finite, moving_mean};

use deepq_runs::{atomic, history};

use crate::statistics::Center;

/// The name of a picture of learning curves in a run's folder.
pub const CURVES: &str = "curves.svg";

/// What to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlotRequest {
    /// The figure, as `losses/td_loss` or `eval/mean`; `eval` is short for the latter. Without one, returns of training and
    /// evaluations, or those of the two that there are; of several experiments, the evaluations alone if all have some.
    pub tag: Option<String>,
    /// Rows that a point is the mean of; [`EPISODES_OF_MEAN`] for returns and lengths of episodes, 1 for all else, where it
    /// is not given. Evaluations stay as they are.
    pub smooth: Option<usize>,
    /// How several runs become one curve.
    pub center: Center,
    /// What the curves are drawn over.
    pub x: XAxis,
    /// The title; without it, what is drawn says it.
    pub title: Option<String>,
}

/// What curves are drawn over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XAxis {
    /// Agent steps.
    #[default]
    Steps,
    /// Ended episodes of training.
    Episodes,
}

/// Draws a chart into a file, in the format of its name; it is there whole or not at all.
///
/// # Errors
///
/// [`PlotError::Format`] for another ending than `.svg` or `.png`, [`PlotError::History`] if it cannot be written.
pub fn write(chart: &Chart, path: &Path) -> Result<(), PlotError> {
    let bytes = Format::of(path)?.draw(chart)?;
    Ok(atomic::write(path, &bytes)?)
}

/// Draws the learning curves of a run, or of the folder of several seeds, into its [`CURVES`]; gives the file's path.
/// `None` where there is nothing to draw yet.
///
/// # Errors
///
/// [`PlotError::History`] if the run cannot be read or the file not be written.
pub fn write_curves(run: &Path) -> Result<Option<PathBuf>, PlotError> {
    let chart = match learning_curves(&history::read(&[run.to_owned()])?, &PlotRequest::default()) {
        Err(PlotError::Nothing { .. }) => return Ok(None),
        chart => chart?,
    };
    let path = run.join(CURVES);
    write(&chart, &path)?;
    Ok(Some(path))
}
