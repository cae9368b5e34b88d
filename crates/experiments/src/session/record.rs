//! Records a run's weights at play.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use deepq_agents::Agent;
use deepq_runs::{RunFolder, StorageError, Videos, atomic};
use serde::Serialize;

use super::{EvaluationRequest, Settings, watch};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::evaluation::Protocol;
use crate::gameplay::{Gameplay, Moment, Scene};
use crate::recording::{self, Format, Recording, RecordingError, RecordingFigures, Style};

/// What to record, beside the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingRequest {
    /// The episodes: those of an evaluation.
    pub evaluation: EvaluationRequest,
    /// How it looks.
    pub style: Style,
    /// The file, whose ending says what it is; a GIF among the run's videos, where it is not given.
    pub out: Option<PathBuf>,
}

/// A recording as a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recorded {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What is to be seen in it.
    #[serde(flatten)]
    pub figures: RecordingFigures,
}

/// Records episodes of an evaluation of a run's weights, as [`evaluate`](super::evaluate) plays them. Where
/// [`Settings::stop`] asks for an end the file holds what has been played until then; `None` if that is nothing. `seen` is
/// told each moment.
///
/// # Errors
///
/// [`RunError`] says what is missing, and whether the file cannot be written; there is then nothing, or what was there before.
pub fn record(
    run: &Path,
    request: &RecordingRequest,
    settings: &Settings,
    seen: &mut (dyn FnMut(&Scene, &Moment) + Send),
) -> Result<Option<Recorded>, RunError> {
    let RecordingRequest { evaluation, style, out } = request;
    let videos = RunFolder::look_at(run)?.videos();
    let format = out.as_deref().map_or(Ok(Format::Gif), Format::of)?;
    // Before a game is played for nothing.
    if let Some(folder) = out.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::read_dir(folder).map_err(StorageError::io("write into", folder))?;
    }
    let stop = || settings.stop.load(Ordering::Relaxed);
    let recording = watch(run, evaluation, settings, |gameplay| {
        let scene = gameplay.scene().clone();
        recording::record(gameplay, format, style, &stop, &mut |moment| seen(&scene, moment))
    })??;
    let Some(recording) = recording else { return Ok(None) };
    let contents = &recording.file;
    let file = match out {
        Some(file) => {
            atomic::write(file, contents)?;
            file.clone()
        }
        None => {
            let file = videos.played(recording.figures.at_step);
            videos.write(&file, contents)?;
            file
        }
    };
    Ok(Some(Recorded { file, bytes: contents.len() as u64, figures: recording.figures }))
}

/// Records the first episode of a run's best evaluation, half a minute of it at most, as `best.gif` among its videos. `None`
/// if [`Settings::stop`] asked for an end before it was whole.
///
/// # Errors
///
/// As [`record`].
pub fn record_best(run: &Path, settings: &Settings) -> Result<Option<Recorded>, RunError> {
    let videos = RunFolder::look_at(run)?.videos();
    let request = EvaluationRequest { episodes: Some(1), ..EvaluationRequest::default() };
    let stop = || settings.stop.load(Ordering::Relaxed);
    let recording = watch(run, &request, settings, |gameplay| whole(gameplay, &stop))??;
    let Some(recording) = recording else { return Ok(None) };
    let file = videos.best();
    videos.write(&file, &recording.file)?;
    Ok(Some(Recorded { file, bytes: recording.file.len() as u64, figures: recording.figures }))
}

/// Records the first episode of the evaluation at agent step `at_step`, which an agent in training has just been through, as
/// a file of that step. `None` if `stop` asked for an end before it was whole.
pub(super) fn record_evaluation<E: Observed>(
    assembly: &Assembly<'_>,
    agent: &dyn Agent<E>,
    at_step: u64,
    videos: &Videos,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Recording>, RunError> {
    let protocol = Protocol { episodes: 1, ..assembly.protocol() };
    let recording = whole(&mut assembly.gameplay(agent, protocol, at_step)?, stop)?;
    if let Some(recording) = &recording {
        videos.write(&videos.of_step(at_step), &recording.file)?;
    }
    Ok(recording)
}

/// A recording in the style of those that a run makes by itself, unless it was interrupted.
fn whole(gameplay: &mut dyn Gameplay, stop: &dyn Fn() -> bool) -> Result<Option<Recording>, RecordingError> {
    let recording = recording::record(gameplay, Format::Gif, &Style::brief(), stop, &mut |_| {})?;
    Ok(recording.filter(|recording| !recording.figures.interrupted))
}
