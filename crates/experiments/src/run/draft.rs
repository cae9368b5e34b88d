//! A checkpoint under way: files with their checksums, in a folder that does not count yet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::StorageError;
use super::atomic;
use super::checkpoint::{STREAM, SUMS, remove};
use super::digest::{HashingWriter, sha256};

/// A checkpoint that is being written. Dropped before [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    temporary: PathBuf,
    target: PathBuf,
    /// Where a checkpoint of the same step stands aside meanwhile.
    replaced: PathBuf,
    sums: BTreeMap<String, String>,
    committed: bool,
}

impl Draft {
    pub(super) fn new(temporary: PathBuf, target: PathBuf, replaced: PathBuf) -> Self {
        Self { temporary, target, replaced, sums: BTreeMap::new(), committed: false }
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn add(&mut self, name: &str, contents: &[u8]) -> Result<(), StorageError> {
        atomic::write_synced(&self.temporary.join(name), contents)?;
        self.sums.insert(name.to_owned(), sha256(contents));
        Ok(())
    }

    /// Adds the replay memory's contents, which `save` writes; gives their SHA-256.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or `save` fails for another reason.
    pub fn add_stream<E>(
        &mut self,
        save: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Result<String, E>, StorageError> {
        let path = self.temporary.join(STREAM);
        let file = File::create(&path).map_err(StorageError::io("create", &path))?;
        let mut to = HashingWriter::new(BufWriter::with_capacity(1 << 20, file));
        let saved = save(&mut to);
        let (file, sum, refused) = to.finish();
        // The system's own words, which `save` may have lost.
        if let Some(error) = refused {
            return Err(StorageError::io("write", &path)(error));
        }
        if let Err(error) = saved {
            return Ok(Err(error));
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all()).map_err(StorageError::io("write", &path))?;
        self.sums.insert(STREAM.to_owned(), sum.clone());
        Ok(Ok(sum))
    }

    /// Makes the checkpoint count: from here on it is there, also after a crash.
    ///
    /// # Errors
    ///
    /// If it cannot be brought to the disk; then it does not count, and nothing else is lost.
    pub fn commit(mut self) -> Result<PathBuf, StorageError> {
        let sums: String = self.sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        atomic::write_synced(&self.temporary.join(SUMS), sums.as_bytes())?;
        atomic::sync_folder(&self.temporary)?;
        if self.target.exists() {
            // A folder takes the place of no other in one step: the old one stands aside, under a name by which it is
            // found, until the new one is there.
            remove(&self.replaced)?;
            atomic::rename(&self.target, &self.replaced)?;
        }
        atomic::rename(&self.temporary, &self.target)?;
        self.committed = true;
        remove(&self.replaced)?;
        Ok(self.target.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.committed {
            // Space for a later attempt; whatever stays is removed when the run goes on.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}
