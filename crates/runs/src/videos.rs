//! Videos of a run.
//!
//! ```text
//! videos/
//!   step-000012000.gif   the first episode of the evaluation at agent step 12,000
//!   best.gif             the first episode of the best evaluation
//!   play-000012000.gif   what `deepq record` played with the weights of that step
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{StorageError, atomic};

const OF_STEP: &str = "step-";
const GIF: &str = ".gif";

/// The videos of a run.
#[derive(Clone, Debug)]
pub struct Videos {
    folder: PathBuf,
}

impl Videos {
    /// The videos in a folder, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// That of the evaluation at an agent step.
    pub fn of_step(&self, agent_step: u64) -> PathBuf {
        self.folder.join(format!("{OF_STEP}{agent_step:09}{GIF}"))
    }

    /// That of the best evaluation.
    pub fn best(&self) -> PathBuf {
        self.folder.join(format!("best{GIF}"))
    }

    /// That of a game on demand, with the weights of an agent step.
    pub fn played(&self, agent_step: u64) -> PathBuf {
        self.folder.join(format!("play-{agent_step:09}{GIF}"))
    }

    /// Writes one of them atomically.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn write(&self, file: &Path, contents: &[u8]) -> Result<(), StorageError> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(StorageError::io("create the folder", &self.folder)(error))
            }
            _ => atomic::write(file, contents),
        }
    }

    /// Removes the videos of evaluations that a run makes again which goes on from `agent_step`, and unfinished files.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn cut_back(&self, agent_step: u64) -> Result<(), StorageError> {
        let read = |error| StorageError::io("read", &self.folder)(error);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(read)?,
        };
        for entry in entries {
            let name = entry.map_err(read)?.file_name().to_string_lossy().into_owned();
            let step = name.strip_prefix(OF_STEP).and_then(|name| name.strip_suffix(GIF)?.parse::<u64>().ok());
            if step.is_some_and(|step| step > agent_step) || name.starts_with(atomic::UNFINISHED) {
                let file = self.folder.join(name);
                fs::remove_file(&file).map_err(StorageError::io("remove", &file))?;
            }
        }
        Ok(())
    }
}
