//! A checkpoint under way: files with their checksums, in a folder that does not count yet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::atomic::{self, remove};
use crate::checksums::{SUMS, read_sums};
use crate::digest::{HashingWriter, sha256};
use crate::error::StorageError;

/// A checkpoint that is being written. Dropped before [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct CheckpointWriter {
    temporary: PathBuf,
    target: PathBuf,
    /// Where a checkpoint of the same step stands aside meanwhile.
    replaced: PathBuf,
    sums: BTreeMap<String, String>,
    committed: bool,
}

impl CheckpointWriter {
    pub(crate) fn new(temporary: PathBuf, target: PathBuf, replaced: PathBuf) -> Self {
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

    /// Adds contents of the replay memory, which `save` writes; gives what `save` gave, and the contents' SHA-256.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or `save` fails for another reason.
    pub fn add_stream<T, E>(
        &mut self,
        name: &str,
        save: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<Result<(T, String), E>, StorageError> {
        let path = self.temporary.join(name);
        let file = File::create(&path).map_err(StorageError::io("create", &path))?;
        let mut to = HashingWriter::new(BufWriter::with_capacity(1 << 20, file));
        let saved = save(&mut to);
        let (file, sum, refused) = to.finish();
        // The system's own words, which `save` may have lost.
        if let Some(error) = refused {
            return Err(StorageError::io("write", &path)(error));
        }
        let saved = match saved {
            Ok(saved) => saved,
            Err(error) => return Ok(Err(error)),
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all()).map_err(StorageError::io("write", &path))?;
        self.sums.insert(name.to_owned(), sum.clone());
        Ok(Ok((saved, sum)))
    }

    /// Adds files that stand in another checkpoint, as one more name of each; their contents are not read.
    ///
    /// # Errors
    ///
    /// If one is not there, or the file system has no hard links.
    pub fn link(&mut self, mut names: impl Iterator<Item = String>, other: &Path) -> Result<(), StorageError> {
        let mut sums = read_sums(other)?;
        names.try_for_each(|name| {
            let sum = sums.remove(&name).ok_or_else(|| StorageError::damaged(other, format!("it has no {name}")))?;
            let path = other.join(&name);
            fs::hard_link(&path, self.temporary.join(&name)).map_err(StorageError::io("link", &path))?;
            self.sums.insert(name, sum);
            Ok(())
        })
    }

    /// The SHA-256 of a file that was added.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn sum(&self, name: &str) -> Result<String, StorageError> {
        let missing = || StorageError::damaged(&self.temporary, format!("it has no {name}"));
        self.sums.get(name).cloned().ok_or_else(missing)
    }

    /// Takes a file out again.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(&mut self, name: &str) -> Result<(), StorageError> {
        self.sums.remove(name);
        remove(&self.temporary.join(name))
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

impl Drop for CheckpointWriter {
    fn drop(&mut self) {
        if !self.committed {
            // Space for a later attempt; whatever stays is removed when the run goes on.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}
