//! A run's folder: where everything about it lies.
//!
//! ```text
//! runs/cartpole-s1-20250131-235959/
//!   experiment.toml      the experiment as it is run, overrides in place
//!   metrics.csv          what training was like
//!   eval.csv             every evaluation
//!   events.out.tfevents. the same for TensorBoard
//!   checkpoints/         see the module `checkpoint`
//!   videos/              see the module `videos`
//!   log.txt              what was said
//!   summary.json         what came out
//!   README.md            the same for people, as a model card
//!   model.onnx           the network with its weights, where it was exported
//!   lock                 held by the process that works on the run
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::location::{EXPERIMENT, Location, is_run};
use crate::{Checkpoints, StorageError, Videos, atomic};

const LOCK: &str = "lock";

/// A run's folder.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as this lives; the system releases it when the process dies.
    _lock: Option<File>,
}

impl RunFolder {
    /// Makes the folder of a new run, and locks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Occupied`] if there is something in it, [`StorageError::Locked`], [`StorageError::Io`].
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        fs::create_dir_all(path).map_err(StorageError::io("create the folder", path))?;
        for entry in fs::read_dir(path).map_err(StorageError::io("read", path))? {
            let name = entry.map_err(StorageError::io("read", path))?.file_name();
            // What a run leaves that was killed before it began is in nobody's way.
            if name != LOCK && !name.to_string_lossy().starts_with(atomic::UNFINISHED) {
                return Err(StorageError::Occupied { path: path.to_owned() });
            }
        }
        Self::lock(path)
    }

    /// Opens a run to go on with it, and locks it.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotARun`], [`StorageError::Locked`], [`StorageError::Io`].
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        Self::look_at(path).and_then(|run| Self::lock(&run.path))
    }

    /// Opens a run to read it: another process may work on it.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotARun`].
    pub fn look_at(path: &Path) -> Result<Self, StorageError> {
        if is_run(path) {
            return Ok(Self { path: path.to_owned(), _lock: None });
        }
        Err(StorageError::NotARun { path: path.to_owned(), reason: Location::at(path).is_no_run() })
    }

    fn lock(path: &Path) -> Result<Self, StorageError> {
        let file = path.join(LOCK);
        let lock = File::create(&file).map_err(StorageError::io("create", &file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked { path: path.to_owned() }),
            // A file system without locks: better to run than not to.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                tracing::warn!("{} cannot be locked: {error}", path.display());
                Ok(Self { path: path.to_owned(), _lock: None })
            }
            Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &file)(error)),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `experiment.toml`.
    pub fn experiment(&self) -> PathBuf {
        self.path.join(EXPERIMENT)
    }

    /// `metrics.csv`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// `eval.csv`.
    pub fn evaluations(&self) -> PathBuf {
        self.path.join("eval.csv")
    }

    /// The TensorBoard events; TensorBoard wants `tfevents` in the name.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.out.tfevents.deepq")
    }

    /// `log.txt`.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.txt")
    }

    /// `summary.json`.
    pub fn summary(&self) -> PathBuf {
        self.path.join("summary.json")
    }

    /// `README.md`, the model card.
    pub fn card(&self) -> PathBuf {
        self.path.join("README.md")
    }

    /// `model.onnx`, unless another name was given.
    pub fn onnx(&self) -> PathBuf {
        self.path.join("model.onnx")
    }

    /// `checkpoints/`.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"))
    }

    /// `videos/`.
    pub fn videos(&self) -> Videos {
        Videos::new(self.path.join("videos"))
    }

    /// Writes a file of the run atomically.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn write(&self, path: &Path, contents: &str) -> Result<(), StorageError> {
        atomic::write(path, contents.as_bytes())
    }
}
