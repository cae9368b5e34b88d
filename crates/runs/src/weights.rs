//! Weights of a run, of a checkpoint or of a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::{SafeTensorError, SafeTensors};

use crate::{Checkpoint, Checkpoints, Kind, RunFolder, StorageError};

/// The file of weights in a checkpoint.
pub const WEIGHTS: &str = "weights.safetensors";
/// The file of weights in a folder that was exported.
pub const EXPORTED_WEIGHTS: &str = "model.safetensors";

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
    pub path: PathBuf,
    /// What is in it: safetensors.
    pub bytes: Vec<u8>,
    /// The agent step at which they were saved; 0 for a file that does not say.
    pub at_step: u64,
}

impl Weights {
    /// Reads weights of a run. A damaged checkpoint is passed over with a warning.
    ///
    /// # Errors
    ///
    /// [`StorageError::NoBest`] if those of the best evaluation cannot be used, [`StorageError::UnknownCheckpoint`] and
    /// [`StorageError::NoCheckpoint`] if there are none, and whatever hinders reading them.
    pub fn of_run(folder: &RunFolder, which: &WhichCheckpoint) -> Result<Self, StorageError> {
        let checkpoints = folder.checkpoints();
        let checkpoint = match which {
            WhichCheckpoint::Best if let Some(weights) = exported(folder) => return Self::at(&weights),
            WhichCheckpoint::At(name) => return Self::named(name, checkpoints.folder()),
            WhichCheckpoint::Last => newest(&checkpoints, Kind::Step)?,
            WhichCheckpoint::Best if checkpoints.steps(Kind::Best)?.is_empty() => newest(&checkpoints, Kind::Step)?,
            WhichCheckpoint::Best => {
                newest(&checkpoints, Kind::Best).map_err(|cause| match checkpoints.newest(Kind::Step) {
                    Ok((last, _)) => StorageError::NoBest { cause: Box::new(cause), last: last.agent_step() },
                    Err(_) => cause,
                })?
            }
        };
        Self::of_checkpoint(&checkpoint)
    }

    /// Reads weights to start from: those of a run's best evaluation, of a checkpoint or of a file.
    ///
    /// # Errors
    ///
    /// As [`of_run`](Self::of_run).
    pub fn to_start_from(path: &Path) -> Result<Self, StorageError> {
        match RunFolder::look_at(path) {
            Ok(folder) => Self::of_run(&folder, &WhichCheckpoint::Best),
            Err(_) => Self::at(path),
        }
    }

    /// A checkpoint of the run, by its name alone, or whatever lies there.
    fn named(name: &Path, checkpoints: &Path) -> Result<Self, StorageError> {
        let own = checkpoints.join(name);
        let path = if own.is_dir() { &own } else { name };
        if !path.is_file() && !Checkpoint::is_one(path) {
            let (name, checkpoints) = (name.to_owned(), checkpoints.to_owned());
            return Err(StorageError::UnknownCheckpoint { name, checkpoints });
        }
        let weights = Self::at(path)?;
        if path.is_file() && step_of(&weights.bytes).is_none() {
            tracing::warn!(
                "{} does not say at which agent step its weights were saved: they play as those of step 0",
                path.display()
            );
        }
        Ok(weights)
    }

    /// Those of a checkpoint's folder or a safetensors file.
    fn at(path: &Path) -> Result<Self, StorageError> {
        if path.is_dir() {
            return Self::of_checkpoint(&Checkpoint::open(path)?);
        }
        let bytes = std::fs::read(path).map_err(StorageError::io("read", path))?;
        let at_step = step_of(&bytes).unwrap_or(0);
        Ok(Self { path: path.to_owned(), bytes, at_step })
    }

    fn of_checkpoint(checkpoint: &Checkpoint) -> Result<Self, StorageError> {
        let (path, bytes) = (checkpoint.path().join(WEIGHTS), checkpoint.file(WEIGHTS)?.to_vec());
        Ok(Self { path, bytes, at_step: checkpoint.agent_step() })
    }
}

/// The newest checkpoint that is whole, with a warning for each that is not.
fn newest(checkpoints: &Checkpoints, kind: Kind) -> Result<Checkpoint, StorageError> {
    let (checkpoint, damaged) = checkpoints.newest(kind)?;
    for reason in damaged {
        tracing::warn!("{reason}: using the checkpoint of step {} instead", checkpoint.agent_step());
    }
    Ok(checkpoint)
}

/// The weights of a folder that was exported, where it is no run's own.
pub fn exported(folder: &RunFolder) -> Option<PathBuf> {
    let weights = folder.path().join(EXPORTED_WEIGHTS);
    (weights.is_file() && !folder.checkpoints().folder().exists()).then_some(weights)
}

/// The key of the agent step in a file's metadata.
const STEP: &str = "agent_step";

/// A safetensors file of weights that says at which agent step they were saved: what is evaluated with them depends on it.
///
/// # Errors
///
/// If `weights` are no safetensors file.
pub fn saved_at(weights: &[u8], agent_step: u64) -> Result<Vec<u8>, SafeTensorError> {
    let file = SafeTensors::deserialize(weights)?;
    let metadata = HashMap::from([(STEP.to_owned(), agent_step.to_string())]);
    safetensors::serialize(file.tensors(), Some(metadata))
}

/// The agent step that a file of weights says.
fn step_of(bytes: &[u8]) -> Option<u64> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(STEP)?.parse().ok()
}
