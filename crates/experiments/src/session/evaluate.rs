//! Evaluates a run's weights again, from a checkpoint.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use deepq_envs::{ElementKind, Seeds};
use deepq_nets::NetError;

use super::saved::WEIGHTS;
use super::{Settings, read_experiment};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::Overrides;
use crate::evaluation::{Evaluation, Protocol};
use crate::run::{Checkpoint, Kind, RunFolder, StorageError};

/// Which weights to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WhichCheckpoint {
    /// Those of the best evaluation; where there was none, the last ones.
    #[default]
    Best,
    /// Those of the newest checkpoint.
    Last,
    /// A checkpoint's folder, or a safetensors file of weights.
    At(PathBuf),
}

/// What to evaluate, beside the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationRequest {
    /// Which weights.
    pub checkpoint: WhichCheckpoint,
    /// Episodes; those of the experiment's protocol where it is not given.
    pub episodes: Option<usize>,
    /// The root of the evaluation's randomness; the run's own, which gives the very episodes of the evaluation in
    /// training, where it is not given.
    pub seed: Option<u64>,
}

/// Evaluates weights of a run by its experiment's protocol. From a checkpoint at which the run was evaluated come the
/// returns of that evaluation, exactly.
///
/// # Errors
///
/// [`RunError`] says what is missing.
pub fn evaluate(run: &Path, request: &EvaluationRequest, settings: &Settings) -> Result<Evaluation, RunError> {
    let folder = RunFolder::look_at(run)?;
    let (experiment, document) = read_experiment(&folder, &Overrides::default())?;
    let weights = weights(&folder, &request.checkpoint)?;
    settings.in_pool(|_| {
        let device = settings.device.open()?;
        let assembly = Assembly::new(&experiment, &document, &settings.registry, &device);
        match assembly.element()? {
            ElementKind::F32 => play::<f32>(&assembly, request, &weights, settings),
            ElementKind::U8 => play::<u8>(&assembly, request, &weights, settings),
        }
    })?
}

fn play<E: Observed>(
    assembly: &Assembly<'_>,
    request: &EvaluationRequest,
    weights: &Weights,
    settings: &Settings,
) -> Result<Evaluation, RunError> {
    let own = assembly.protocol();
    let protocol = Protocol {
        episodes: request.episodes.unwrap_or(own.episodes).max(1),
        seeds: request.seed.map_or(own.seeds, Seeds::new),
        ..own
    };
    let environments = assembly.training_environments::<E>()?;
    let player = assembly.player(&environments[0])?;
    let loaded = player.parameters().load_safetensors(&weights.bytes);
    let unfit = |error: NetError| RunError::Checkpoint { path: weights.path.clone(), reason: error.to_string() };
    loaded.map_err(unfit)?;
    let mut evaluator = assembly.evaluator(protocol)?;
    Ok(evaluator.evaluate(&*player, weights.at_step, &|| settings.stop.load(Ordering::Relaxed))?)
}

/// Weights as a file.
struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
    /// The agent step at which they were saved; 0 for a file that does not say.
    at_step: u64,
}

fn weights(folder: &RunFolder, which: &WhichCheckpoint) -> Result<Weights, RunError> {
    let checkpoints = folder.checkpoints();
    let newest = |kind| {
        let (checkpoint, damaged) = checkpoints.newest(kind)?;
        for reason in damaged {
            tracing::warn!("{reason}: using the checkpoint of step {} instead", checkpoint.agent_step());
        }
        Ok(checkpoint)
    };
    let checkpoint: Result<Checkpoint, StorageError> = match which {
        WhichCheckpoint::Last => newest(Kind::Step),
        WhichCheckpoint::Best if checkpoints.steps(Kind::Best)?.is_empty() => newest(Kind::Step),
        WhichCheckpoint::Best => newest(Kind::Best),
        WhichCheckpoint::At(path) if path.is_dir() => Checkpoint::open(path),
        WhichCheckpoint::At(path) => {
            let bytes = std::fs::read(path).map_err(StorageError::io("read", path))?;
            return Ok(Weights { path: path.clone(), bytes, at_step: 0 });
        }
    };
    let checkpoint = checkpoint?;
    let (path, bytes) = (checkpoint.path().join(WEIGHTS), checkpoint.file(WEIGHTS)?.to_vec());
    Ok(Weights { path, bytes, at_step: checkpoint.agent_step() })
}
