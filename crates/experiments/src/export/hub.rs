//! A folder for the Hugging Face Hub. The run's own holds checkpoints with whole replay memories; here is what others want.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use deepq_runs::{EXPORTED_WEIGHTS, RunFolder, StorageError, atomic};

use super::card::{Card, Destination, MODEL};
use super::{Export, front_matter};
use crate::RunError;

/// The files in the folder; the card names them.
pub(super) const REPLAY: &str = "replay.gif";
const CARD: &str = "README.md";
const SUMMARY: &str = "summary.json";

impl Export {
    /// Fills a folder that can be uploaded as it is: `README.md`, `model.onnx`, `model.safetensors`, `experiment.toml` and, where
    /// the run has them, `summary.json` and `replay.gif`. It is made if it does not exist, may hold what was exported before,
    /// and hidden files as `.git`. Gives the files.
    ///
    /// # Errors
    ///
    /// [`StorageError::Foreign`] if there is something else in it; if a file cannot be written.
    pub fn write_hub(&self, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
        fs::create_dir_all(folder).map_err(StorageError::io("create the folder", folder))?;
        check_ours(folder)?;
        let mut files = Vec::new();
        let mut to = |name: &str| {
            files.push(folder.join(name));
            folder.join(name)
        };
        self.write_onnx(&to(MODEL))?;
        self.write_safetensors(&to(EXPORTED_WEIGHTS))?;
        atomic::write(&to("experiment.toml"), self.document.text().as_bytes())?;
        // What another export left here and this one has not is no part of it.
        for name in [SUMMARY, REPLAY] {
            remove(&folder.join(name))?;
        }
        if self.summary.is_some() {
            copy(&self.folder.summary(), &to(SUMMARY))?;
        }
        // The video is one of the best weights.
        let best = self.summary.as_ref().and_then(|summary| summary.best_evaluation.as_ref());
        let of_these_weights = best.is_some_and(|best| self.at_step == Some(best.at_step));
        let video = self.folder.videos().best();
        let replay = of_these_weights && video.is_file();
        if replay {
            copy(&video, &to(REPLAY))?;
        }
        let card = Card {
            experiment: &self.experiment,
            settings: &self.document.text(),
            summary: self.summary.as_ref(),
            at_step: self.at_step,
            replay: replay.then_some(REPLAY),
            destination: Destination::Hub(self),
        };
        // Last: what it names is there.
        atomic::write(&to(CARD), card.text().as_bytes())?;
        Ok(files)
    }
}

fn remove(file: &Path) -> Result<(), StorageError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StorageError::io("remove", file)(error)),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), StorageError> {
    let contents = fs::read(from).map_err(StorageError::io("read", from))?;
    atomic::write(to, &contents)
}

/// Refuses a folder in which files of others would be lost, and a run's own.
fn check_ours(folder: &Path) -> Result<(), StorageError> {
    let foreign = || StorageError::Foreign { path: folder.to_owned() };
    if RunFolder::look_at(folder).is_ok_and(|run| run.log().exists() || run.metrics().exists()) {
        return Err(foreign());
    }
    let card = folder.join(CARD);
    match fs::read(&card) {
        Ok(text) if text.starts_with(front_matter::BEGINNING.as_bytes()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Ok(_) => return Err(foreign()),
        Err(error) => return Err(StorageError::io("read", &card)(error)),
    }
    for entry in fs::read_dir(folder).map_err(StorageError::io("read", folder))? {
        let name = entry.map_err(StorageError::io("read", folder))?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            return Err(foreign());
        }
    }
    Ok(())
}
