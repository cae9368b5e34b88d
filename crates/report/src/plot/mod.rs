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
mod request;
mod smoothing;

use std::path::{Path, PathBuf};

pub use chart::{Chart, Curve, Kind};
pub use error::PlotError;
pub use learning_curves::{BAND_REPETITIONS, EPISODES_OF_MEAN, learning_curves};
pub(crate) use learning_curves::{capitalised, figure, seeds};
pub use number::short;
pub use palette::{Color, PALETTE};
pub use picture::{Format, svg};
pub use request::{PlotRequest, XAxis};
pub use smoothing::{finite, moving_mean};

use deepq_runs::{atomic, history};

/// The name of a picture of learning curves in a run's folder.
pub const CURVES: &str = "curves.svg";

/// Draws a chart into a file atomically, in the format of its name.
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
