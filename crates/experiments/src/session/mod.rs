//! A training run from start to end: the loop, those who watch it, its evaluations and its checkpoints.

mod begin;
mod evaluate;
mod group;
mod record;
mod replay;
mod resume;
mod running;
mod saved;
mod seeds;
mod settings;
mod start;
mod starting;
mod task;
mod timing;
mod watch;

use std::path::Path;

use begin::Begin;
use deepq_runs::{Finished, Kind, RunFolder, Summary};
pub use evaluate::{EvaluationRequest, evaluate};
pub use group::Group;
pub use record::{Recorded, RecordingRequest, record, record_best};
pub use seeds::{SeedRun, train_seeds};
pub use settings::Settings;
pub use watch::watch;

use crate::RunError;
use crate::config::{self, Document, Experiment, Overrides};

/// Starts a run in a folder of its own, which must be empty or not exist, and trains to the end.
///
/// # Errors
///
/// [`RunError`] says what is wrong and what to do. Before training begins nothing is left behind; after that
/// [`RunError::Stopped`] names the checkpoint to go on from.
pub fn start(
    experiment: &Experiment,
    document: &Document,
    folder: &Path,
    settings: &Settings,
) -> Result<Summary, RunError> {
    begin::train(experiment, document, Begin::New(folder), settings)
}

/// Goes on with a run from its newest checkpoint, exactly. `overrides` may make it longer, and change what decides no
/// number of it ([`config::Changes`]).
///
/// A checkpoint that is damaged is passed over with a warning. A run without any starts again from the beginning.
///
/// # Errors
///
/// As [`start`], and [`RunError::Changed`] if the experiment is another one than that of the checkpoint.
pub fn resume(folder: &Path, overrides: &Overrides, settings: &Settings) -> Result<Summary, RunError> {
    if deepq_runs::exported(&RunFolder::look_at(folder)?).is_some() {
        return Err(RunError::Exported { path: folder.to_owned() });
    }
    let folder = RunFolder::open(folder)?;
    let (experiment, document) = config::of_run(&folder, overrides)?;
    begin::train(&experiment, &document, Begin::Resumed(folder), settings)
}

/// What came out of a run so far, as its `summary.json` says; none where it has not ended yet.
fn summary(run: &Path) -> Option<Summary> {
    let text = std::fs::read_to_string(RunFolder::look_at(run).ok()?.summary()).ok()?;
    serde_json::from_str(&text).ok()
}

/// The same of a run that has come to its end, and has the checkpoint of that: to go on with it as it is makes no step.
pub fn done(run: &Path) -> Option<Summary> {
    let summary = summary(run).filter(|summary| summary.finished != Finished::Interrupted)?;
    let (newest, _) = RunFolder::look_at(run).ok()?.checkpoints().newest(Kind::Step).ok()?;
    (newest.agent_step() == summary.agent_steps).then_some(summary)
}
