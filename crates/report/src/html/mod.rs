//! A report: one HTML page about a run, or about several compared, that needs nothing but itself.
//!
//! What the run's files say goes in: settings, evaluations, curves, time and memory, pictures of play, the digest, and the
//! commands that make the run again. Every text is escaped by what writes the page, and the page forbids every script but
//! its own: no name, log or setting can do harm. It loads nothing. Without scripts the curves are still pictures.

mod curves;
mod figures;
mod gameplay;
mod page;
mod reproduction;
mod resources;
mod results;
mod settings;

use std::path::Path;

use deepq_runs::atomic;
use deepq_runs::history::Group;
pub use page::page;
pub use reproduction::{Published, commands};

use crate::plot::PlotError;

/// The name of a report in a run's folder.
pub const REPORT: &str = "report.html";

/// Writes the report about these runs, as [`history::read`](deepq_runs::history::read) gives them, atomically; `published` are the
/// experiments that are known by name.
///
/// # Errors
///
/// [`PlotError::Drawing`], or [`PlotError::History`] if the file cannot be written.
pub fn write(groups: &[Group], published: &Published<'_>, path: &Path) -> Result<(), PlotError> {
    Ok(atomic::write(path, page(groups, published)?.as_bytes())?)
}
