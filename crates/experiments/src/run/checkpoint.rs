//! Checkpoints: folders that are there whole or not at all, each file with its checksum.
//!
//! ```text
//! checkpoints/
//!   step-000012000/        everything a run needs to go on from agent step 12,000
//!     state.json           counters, generators, schedules, positions in the metrics
//!     environments.json    each environment's generators at its last reset and the actions since
//!     weights.safetensors  the online network, named as PyTorch names it
//!     agent.safetensors    target network, optimizer
//!     replay.bin           the replay memory's contents, in its own format
//!     SHA256SUMS           of all the above, as sha256sum writes and checks it
//!   best-000009000/        the weights of the best evaluation: state.json, weights.safetensors, SHA256SUMS
//! ```
//!
//! A checkpoint is written under a temporary name, brought to the disk and renamed; older ones go only after that. A
//! checkpoint of which a single bit is wrong is not used: [`Checkpoints::newest`] then takes the one before it and says
//! so.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::StorageError;
use super::atomic::{self, UNFINISHED};
use super::digest::{HashingWriter, sha256};

const SUMS: &str = "SHA256SUMS";
/// The one file that may be too long to be held in memory.
const STREAM: &str = "replay.bin";

/// What a checkpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Everything that the run needs to go on.
    Step,
    /// The weights of the best evaluation so far.
    Best,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Step => "step-",
            Self::Best => "best-",
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Step => "last",
            Self::Best => "best",
        }
    }
}

/// The checkpoints of a run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

/// A checkpoint that was read and found whole.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    agent_step: u64,
    files: BTreeMap<String, Vec<u8>>,
}

impl Checkpoints {
    /// The checkpoints in a folder, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a checkpoint. Nothing of it counts before [`Draft::commit`].
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub fn begin(&self, kind: Kind, agent_step: u64) -> Result<Draft, StorageError> {
        let name = format!("{}{agent_step:09}", kind.prefix());
        let temporary = self.folder.join(format!("{UNFINISHED}{name}"));
        match fs::create_dir(&self.folder) {
            // Not with its parents: where the run's folder is gone, a new one with nothing else in it is no help.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StorageError::io("create the folder", &self.folder)(error));
            }
            _ => remove(&temporary)?,
        }
        fs::create_dir(&temporary).map_err(StorageError::io("create the folder", &temporary))?;
        Ok(Draft { temporary, target: self.folder.join(name), sums: BTreeMap::new(), committed: false })
    }

    /// The agent steps of the checkpoints of a kind, newest first.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read; a folder that does not exist has none.
    pub fn steps(&self, kind: Kind) -> Result<Vec<u64>, StorageError> {
        let mut steps: Vec<u64> =
            self.entries()?.iter().filter_map(|name| name.strip_prefix(kind.prefix())?.parse().ok()).collect();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The newest checkpoint of a kind that is whole, and what was wrong with the newer ones, in words.
    ///
    /// # Errors
    ///
    /// [`StorageError::NoCheckpoint`] if there is none.
    pub fn newest(&self, kind: Kind) -> Result<(Checkpoint, Vec<String>), StorageError> {
        let mut damaged = Vec::new();
        for step in self.steps(kind)? {
            match Checkpoint::open(&self.path(kind, step)) {
                Ok(checkpoint) => return Ok((checkpoint, damaged)),
                Err(error) => damaged.push(error.to_string()),
            }
        }
        Err(StorageError::NoCheckpoint { path: self.folder.clone(), wanted: kind.wanted(), damaged })
    }

    /// Removes what a run that goes on from `agent_step` will write again: everything newer, and unfinished files.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn cut_back(&self, agent_step: u64) -> Result<(), StorageError> {
        for kind in [Kind::Step, Kind::Best] {
            for newer in self.steps(kind)?.into_iter().filter(|&step| step > agent_step) {
                remove(&self.path(kind, newer))?;
            }
        }
        self.clear_unfinished()
    }

    /// Removes all but the newest `keep` checkpoints, the best ones that belong to them and the newest best one.
    ///
    /// # Errors
    ///
    /// If something cannot be removed; everything that is kept is untouched then too.
    pub fn prune(&self, keep: usize) -> Result<(), StorageError> {
        let steps = self.steps(Kind::Step)?;
        let (kept, old) = steps.split_at(steps.len().min(keep.max(1)));
        let bests = self.steps(Kind::Best)?;
        // The best evaluation as of a kept checkpoint: a run that goes on from there needs it.
        let needed = kept.iter().filter_map(|&step| bests.iter().find(|&&best| best <= step));
        let needed: HashSet<u64> = needed.chain(bests.first()).copied().collect();
        for &step in old {
            remove(&self.path(Kind::Step, step))?;
        }
        for &best in bests.iter().filter(|best| !needed.contains(best)) {
            remove(&self.path(Kind::Best, best))?;
        }
        Ok(())
    }

    /// Removes everything: for a run that starts again.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn clear(&self) -> Result<(), StorageError> {
        if self.folder.exists() { remove_all(&self.folder) } else { Ok(()) }
    }

    fn clear_unfinished(&self) -> Result<(), StorageError> {
        for name in self.entries()?.iter().filter(|name| name.starts_with(UNFINISHED)) {
            remove(&self.folder.join(name))?;
        }
        Ok(())
    }

    fn path(&self, kind: Kind, agent_step: u64) -> PathBuf {
        self.folder.join(format!("{}{agent_step:09}", kind.prefix()))
    }

    fn entries(&self) -> Result<Vec<String>, StorageError> {
        if self.folder.exists() { names(&self.folder) } else { Ok(Vec::new()) }
    }
}

fn names(folder: &Path) -> Result<Vec<String>, StorageError> {
    let read = || -> io::Result<Vec<String>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    read().map_err(StorageError::io("read", folder))
}

/// Removes a file or a folder, if it is there. A folder is renamed first, so that one removed by half is not taken for
/// a damaged checkpoint.
fn remove(path: &Path) -> Result<(), StorageError> {
    if !path.exists() {
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.starts_with(UNFINISHED) {
        return remove_all(path);
    }
    let doomed = path.with_file_name(format!("{UNFINISHED}old-{name}"));
    remove_all(&doomed)?;
    atomic::rename(path, &doomed)?;
    remove_all(&doomed)
}

fn remove_all(path: &Path) -> Result<(), StorageError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// A checkpoint that is being written. Dropped before [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    temporary: PathBuf,
    target: PathBuf,
    sums: BTreeMap<String, String>,
    committed: bool,
}

impl Draft {
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
        remove(&self.target)?;
        atomic::rename(&self.temporary, &self.target)?;
        self.committed = true;
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

impl Checkpoint {
    /// Reads a checkpoint's folder and checks every byte of it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] and [`StorageError::Io`] name the file.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let sums_path = path.join(SUMS);
        let text = fs::read(&sums_path).map_err(StorageError::io("read", &sums_path))?;
        let sums = parse_sums(&text).ok_or_else(|| StorageError::damaged(&sums_path, "it is no list of checksums"))?;
        // A list that was cut between two lines looks whole, but for the files that it no longer names.
        let unknown = |name: &String| name != SUMS && !name.starts_with('.') && !sums.contains_key(name);
        if let Some(name) = names(path)?.into_iter().find(unknown) {
            return Err(StorageError::damaged(&sums_path, format!("it does not list {name}")));
        }
        let mut files = BTreeMap::new();
        for (name, sum) in sums {
            let file = path.join(&name);
            let mut contents = Vec::new();
            let found = if name == STREAM {
                let mut hash = HashingWriter::new(io::sink());
                File::open(&file).and_then(|mut file| io::copy(&mut file, &mut hash)).map(|_| hash.finish().1)
            } else {
                File::open(&file).and_then(|mut file| file.read_to_end(&mut contents)).map(|_| sha256(&contents))
            };
            if found.map_err(StorageError::io("read", &file))? != sum {
                return Err(StorageError::damaged(&file, "its SHA-256 is not the one that was written down"));
            }
            files.insert(name, contents);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let agent_step = name.rsplit('-').next().and_then(|step| step.parse().ok());
        let agent_step = agent_step.ok_or_else(|| StorageError::damaged(path, "its name does not end in a step"))?;
        Ok(Self { path: path.to_owned(), agent_step, files })
    }

    /// The checkpoint's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The agent step at which it was written.
    pub fn agent_step(&self) -> u64 {
        self.agent_step
    }

    /// A file's contents; empty for the replay memory's, which [`stream`](Self::stream) reads.
    ///
    /// # Errors
    ///
    /// If the checkpoint has no such file.
    pub fn file(&self, name: &str) -> Result<&[u8], StorageError> {
        let missing = || StorageError::damaged(&self.path, format!("it has no {name}"));
        self.files.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// The replay memory's contents.
    ///
    /// # Errors
    ///
    /// If the checkpoint has none, or the file cannot be opened.
    pub fn stream(&self) -> Result<impl Read + use<>, StorageError> {
        self.file(STREAM)?;
        let path = self.path.join(STREAM);
        let file = File::open(&path).map_err(StorageError::io("read", &path))?;
        Ok(BufReader::with_capacity(1 << 20, file))
    }
}

/// The lines of a `SHA256SUMS`, if it is exactly one, with plain file names.
fn parse_sums(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (sum, name) = line.split_once("  ")?;
        let plain = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !name.starts_with('.');
        if sum.len() != 64 || !plain {
            return None;
        }
        sums.insert(name.to_owned(), sum.to_owned());
    }
    let written: String = sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    (!sums.is_empty() && written == text).then_some(sums)
}
