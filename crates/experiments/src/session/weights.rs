//! Weights of a run, of a checkpoint or of a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use deepq_nets::{NetError, Parameters};
use safetensors::SafeTensors;

use super::saved::WEIGHTS;
use crate::RunError;
use crate::config::{Document, KeyProblem, Problem};
use crate::export;
use crate::run::{Checkpoint, Kind, RunFolder, StorageError};

/// Which weights of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WhichCheckpoint {
    /// Those of the best evaluation; where there was none, the last ones. Of a folder that was exported for a hub those that
    /// lie in it.
    #[default]
    Best,
    /// Those of the newest checkpoint.
    Last,
    /// A checkpoint's folder, or a safetensors file of weights.
    At(PathBuf),
}

impl From<&str> for WhichCheckpoint {
    /// As on the command line: `best`, `last`, or a path.
    fn from(text: &str) -> Self {
        match text {
            "best" => Self::Best,
            "last" => Self::Last,
            path => Self::At(path.into()),
        }
    }
}

/// Weights as a file.
#[derive(Clone, Debug)]
pub struct Weights {
    /// The file.
    pub(crate) path: PathBuf,
    /// What is in it: safetensors.
    pub(crate) bytes: Vec<u8>,
    /// The agent step at which they were saved; 0 for a file that does not say.
    pub(crate) at_step: u64,
}

impl Weights {
    /// Why they cannot be used.
    pub(crate) fn refused(&self, error: &NetError) -> RunError {
        RunError::Checkpoint { path: self.path.clone(), reason: error.to_string() }
    }
}

/// Reads weights of a run.
pub(crate) fn read(folder: &RunFolder, which: &WhichCheckpoint) -> Result<Weights, RunError> {
    let checkpoints = folder.checkpoints();
    let newest = |kind| -> Result<Checkpoint, StorageError> {
        let (checkpoint, damaged) = checkpoints.newest(kind)?;
        for reason in damaged {
            tracing::warn!("{reason}: using the checkpoint of step {} instead", checkpoint.agent_step());
        }
        Ok(checkpoint)
    };
    let checkpoint = match which {
        WhichCheckpoint::Best if let Some(weights) = exported(folder) => return at(&weights),
        WhichCheckpoint::Last => newest(Kind::Step)?,
        WhichCheckpoint::Best if checkpoints.steps(Kind::Best)?.is_empty() => newest(Kind::Step)?,
        WhichCheckpoint::Best => newest(Kind::Best).map_err(|cause| match checkpoints.newest(Kind::Step) {
            Ok((last, _)) => RunError::NoBest { cause, last: last.agent_step() },
            Err(_) => cause.into(),
        })?,
        WhichCheckpoint::At(name) => {
            // A checkpoint of the run, by its name alone, or whatever lies there.
            let own = checkpoints.folder().join(name);
            let path = if own.is_dir() { &own } else { name };
            let there = path.is_file() || Checkpoint::is_one(path);
            if !there {
                let (name, checkpoints) = (name.clone(), checkpoints.folder().to_owned());
                return Err(RunError::UnknownCheckpoint { name, checkpoints });
            }
            let weights = at(path)?;
            if path.is_file() && step_of(&weights.bytes).is_none() {
                tracing::warn!(
                    "{} does not say at which agent step its weights were saved: they play as those of step 0",
                    path.display()
                );
            }
            return Ok(weights);
        }
    };
    of_checkpoint(&checkpoint)
}

/// The weights of a folder that was exported, where it is no run's own.
pub(super) fn exported(folder: &RunFolder) -> Option<PathBuf> {
    let weights = folder.path().join(export::WEIGHTS);
    (weights.is_file() && !folder.checkpoints().folder().exists()).then_some(weights)
}

/// Reads weights from a checkpoint's folder or a safetensors file.
fn at(path: &Path) -> Result<Weights, RunError> {
    if path.is_dir() {
        return of_checkpoint(&Checkpoint::open(path)?);
    }
    let bytes = std::fs::read(path).map_err(StorageError::io("read", path))?;
    let at_step = step_of(&bytes).unwrap_or(0);
    Ok(Weights { path: path.to_owned(), bytes, at_step })
}

/// The key of the agent step in a file's metadata.
const STEP: &str = "agent_step";

/// A safetensors file of weights that says at which agent step they were saved: what is evaluated with them depends on it.
pub(crate) fn to_safetensors(parameters: &Parameters, at_step: u64) -> Result<Vec<u8>, RunError> {
    let bytes = parameters.to_safetensors()?;
    let bad = |error: safetensors::SafeTensorError| NetError::Weights { reason: error.to_string() };
    let file = SafeTensors::deserialize(&bytes).map_err(bad)?;
    let metadata = HashMap::from([(STEP.to_owned(), at_step.to_string())]);
    Ok(safetensors::serialize(file.tensors(), Some(metadata)).map_err(bad)?)
}

/// The agent step that a file of weights says.
fn step_of(bytes: &[u8]) -> Option<u64> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(STEP)?.parse().ok()
}

/// Reads weights to start from: those of a run's best evaluation, of a checkpoint or of a file.
pub(super) fn to_start_from(path: &Path, document: &Document) -> Result<Weights, RunError> {
    let weights = match RunFolder::look_at(path) {
        Ok(folder) => read(&folder, &WhichCheckpoint::Best),
        Err(_) => at(path),
    };
    let located = |error: RunError| {
        document.locate(KeyProblem::new("transfer.init_from", Problem::Other(error.to_string()))).into()
    };
    weights.map_err(located)
}

fn of_checkpoint(checkpoint: &Checkpoint) -> Result<Weights, RunError> {
    let (path, bytes) = (checkpoint.path().join(WEIGHTS), checkpoint.file(WEIGHTS)?.to_vec());
    Ok(Weights { path, bytes, at_step: checkpoint.agent_step() })
}
