//! What can go wrong with a run's folder.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use crate::atomic::{DOOMED, UNFINISHED};

/// Why a file of a run could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {error}{}", path.display(), hint(error))]
    Io {
        /// What was tried: `"write"`, `"read"`, `"create the folder"`.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer. (Not a `source`: the message has it already.)
        error: io::Error,
    },
    /// A file whose contents are not what was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint that could not be read to its end, and may be whole.
    #[error(
        "{error}\nNothing was changed. If the checkpoint cannot be made readable, move {} away: --resume then goes on from \
         the one before it",
        path.display()
    )]
    Unreadable {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What the system said.
        error: Box<StorageError>,
    },
    /// A checkpoint of another format.
    #[error(
        "{} has the checkpoint format {found}, this program reads {expected}; use the version of deepq that wrote it",
        path.display()
    )]
    Version {
        /// The checkpoint.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this program.
        expected: u64,
    },
    /// A run that another process works on.
    #[error("{} is in use by another process; wait for it to end, or stop it", path.display())]
    Locked {
        /// The run's folder.
        path: PathBuf,
    },
    /// A folder in which a run cannot start.
    #[error("{} is not empty; name another folder with --out, or go on with that run: --resume {}", path.display(), path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that holds what we did not write.
    #[error("{} is not empty, and what is in it was not exported; name another folder", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that is no run.
    #[error("{} is not the folder of a run: {reason}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Weights asked for by a name that nothing has.
    #[error(
        "there is no checkpoint {}: name best, last, one of the folders in {}, or a safetensors file of weights",
        name.display(),
        checkpoints.display()
    )]
    UnknownCheckpoint {
        /// What was asked for.
        name: PathBuf,
        /// Where the run's own are.
        checkpoints: PathBuf,
    },
    /// The weights of the best evaluation cannot be used, but others can.
    #[error("{cause}; --checkpoint last takes the weights of step {last}")]
    NoBest {
        /// Why not. (Not a `source`: the message has it already.)
        cause: Box<StorageError>,
        /// The agent step of the newest checkpoint to go on from.
        last: u64,
    },
    /// A run without the checkpoint asked for.
    #[error("{} has no {wanted} checkpoint{}", path.display(), damaged.iter().map(|d| format!("; {d}")).collect::<String>())]
    NoCheckpoint {
        /// The run's folder of checkpoints.
        path: PathBuf,
        /// Which one: `"best"`, `"last"`.
        wanted: &'static str,
        /// What was found but cannot be used, in words.
        damaged: Vec<String>,
    },
}

impl StorageError {
    /// For `map_err`: what was tried, on what.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = under_its_name(path);
        move |error| Self::Io { doing, path, error }
    }

    /// Whether a file of a checkpoint is not what was written: changed, lost, or something else in its place. What the
    /// system does not let us read is not.
    pub(crate) fn is_damage(&self) -> bool {
        use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
        match self {
            Self::Damaged { .. } => true,
            Self::Io { error, .. } => matches!(error.kind(), NotFound | NotADirectory | IsADirectory),
            _ => false,
        }
    }

    /// A file whose contents are wrong.
    pub fn damaged(path: &Path, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into().to_string() }
    }
}

/// The path under the name by which its reader knows it, not the one that it has while it is written or removed.
fn under_its_name(path: &Path) -> PathBuf {
    let known = |part: Component<'_>| {
        let name = part.as_os_str().to_str().unwrap_or_default();
        let known = name.strip_prefix(DOOMED).or_else(|| name.strip_prefix(UNFINISHED));
        known.map_or_else(|| part.as_os_str().to_owned(), OsString::from)
    };
    path.components().map(known).collect()
}

/// What to do about the commonest refusals.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space, then go on with --resume",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that can be written with --out"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_speaks_of_a_temporary_name() {
        for (path, known) in [
            (
                "/runs/a/checkpoints/.unfinished-step-000000100/replay.bin",
                "/runs/a/checkpoints/step-000000100/replay.bin",
            ),
            ("runs/a/.unfinished-summary.json", "runs/a/summary.json"),
            ("./checkpoints/.unfinished-old-best-000000100", "./checkpoints/best-000000100"),
            ("runs/.hidden/old-file", "runs/.hidden/old-file"),
        ] {
            let error = StorageError::io("write", Path::new(path))(io::Error::other("why")).to_string();
            assert_eq!(error, format!("cannot write {known}: why"));
        }
    }
}
