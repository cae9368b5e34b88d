//! Checkpoints: folders that are there whole or not at all, each file with its checksum.
//!
//! ```text
//! checkpoints/
//!   step-000012000/        everything a run needs to go on from agent step 12,000
//!     state.json           counters, generators, schedules, positions in the metrics
//!     environments.json    each environment's generators at its last reset and the actions since
//!     weights.safetensors  the online network, named as PyTorch names it
//!     agent.safetensors    target network, optimizer
//!     replay.list          the pieces of the replay memory's contents
//!     replay/              the pieces, where they are not shared
//!     SHA256SUMS           of all the above, as sha256sum writes and checks it
//!   best-000009000/        the weights of the best evaluation: state.json, weights.safetensors, SHA256SUMS
//!   chunks/                pieces of replay contents that several checkpoints share
//! ```
//!
//! A checkpoint is written under a temporary name, brought to the disk and renamed; older ones go only after that. A
//! checkpoint of which a single bit is wrong is not used: [`Checkpoints::newest`] then takes the one before it and says
//! so.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::StorageError;
use super::atomic::{self, UNFINISHED};
use super::chunks::{self, ChunkFolder, ChunkList, ChunkReader, ChunkWriter};
use super::digest::sha256;

const SUMS: &str = "SHA256SUMS";
const STREAM_LIST: &str = "replay.list";
const STREAM_FOLDER: &str = "replay";
const SHARED_FOLDER: &str = "chunks";

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
    stream: Option<(PathBuf, ChunkList)>,
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
        Ok(Draft {
            checkpoints: self.clone(),
            temporary,
            target: self.folder.join(name),
            sums: BTreeMap::new(),
            committed: false,
        })
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
            match Checkpoint::read(&self.path(kind, step), &self.folder) {
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
        self.prune_shared(kept)
    }

    /// Removes the shared pieces to which no kept checkpoint refers.
    fn prune_shared(&self, kept: &[u64]) -> Result<(), StorageError> {
        let shared = self.folder.join(SHARED_FOLDER);
        if !shared.exists() {
            return Ok(());
        }
        let mut referred = HashSet::new();
        for &step in kept {
            let path = self.path(Kind::Step, step).join(STREAM_LIST);
            // A list that cannot be read may refer to anything: keep everything then.
            let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
            let Ok(list) = ChunkList::parse(&path, &text) else { return Ok(()) };
            referred.extend(list.chunks);
        }
        for name in names(&shared)? {
            if !referred.contains(&name) {
                let path = shared.join(name);
                fs::remove_file(&path).map_err(StorageError::io("remove", &path))?;
            }
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
    checkpoints: Checkpoints,
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

    /// Adds the replay memory's contents: `save` writes them, `bytes` says about how many there will be. Returns one
    /// SHA-256 for all of them.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or `save` fails.
    pub fn add_stream<E>(
        &mut self,
        bytes: u64,
        save: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Result<String, E>, StorageError> {
        let private = bytes <= chunks::PRIVATE_BYTES;
        let folder =
            if private { self.temporary.join(STREAM_FOLDER) } else { self.checkpoints.folder.join(SHARED_FOLDER) };
        let mut sink = ChunkFolder::create(folder.clone())?;
        let mut writer = ChunkWriter::new(&mut sink);
        if let Err(error) = save(&mut writer) {
            return writer.take_error().map_or(Ok(Err(error)), Err);
        }
        let list = writer.finish()?;
        atomic::sync_folder(&folder)?;
        self.add(STREAM_LIST, list.to_text().as_bytes())?;
        Ok(Ok(list.root()))
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
        Self::read(path, path.parent().unwrap_or(Path::new(".")))
    }

    fn read(path: &Path, checkpoints: &Path) -> Result<Self, StorageError> {
        let sums_path = path.join(SUMS);
        let text = fs::read(&sums_path).map_err(StorageError::io("read", &sums_path))?;
        let sums = parse_sums(&text).ok_or_else(|| StorageError::damaged(&sums_path, "it is no list of checksums"))?;
        let mut files = BTreeMap::new();
        for (name, sum) in sums {
            let file = path.join(&name);
            let contents = fs::read(&file).map_err(StorageError::io("read", &file))?;
            if sha256(&contents) != sum {
                return Err(StorageError::damaged(&file, "its SHA-256 is not the one that was written down"));
            }
            files.insert(name, contents);
        }
        let stream = match files.get(STREAM_LIST) {
            None => None,
            Some(list) => {
                let list_path = path.join(STREAM_LIST);
                let list = ChunkList::parse(&list_path, &String::from_utf8_lossy(list))?;
                let private = path.join(STREAM_FOLDER);
                let folder = if private.is_dir() { private } else { checkpoints.join(SHARED_FOLDER) };
                chunks::verify(&folder, &list)?;
                Some((folder, list))
            }
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let agent_step = name.rsplit('-').next().and_then(|step| step.parse().ok());
        let agent_step = agent_step.ok_or_else(|| StorageError::damaged(path, "its name does not end in a step"))?;
        Ok(Self { path: path.to_owned(), agent_step, files, stream })
    }

    /// The checkpoint's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The agent step at which it was written.
    pub fn agent_step(&self) -> u64 {
        self.agent_step
    }

    /// A file's contents.
    ///
    /// # Errors
    ///
    /// If the checkpoint has no such file.
    pub fn file(&self, name: &str) -> Result<&[u8], StorageError> {
        let missing = || StorageError::damaged(&self.path, format!("it has no {name}"));
        self.files.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// Reads the replay memory's contents: `load` reads them to their end.
    ///
    /// # Errors
    ///
    /// If the checkpoint has none, or they cannot be read, or `load` fails.
    pub fn stream<T, E>(&self, load: impl FnOnce(&mut dyn Read) -> Result<T, E>) -> Result<Result<T, E>, StorageError> {
        let Some((folder, list)) = &self.stream else {
            return Err(StorageError::damaged(&self.path, "it has no replay memory"));
        };
        let mut reader = ChunkReader::new(folder.clone(), list.clone());
        match load(&mut reader) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => reader.take_error().map_or(Ok(Err(error)), Err),
        }
    }

    /// One SHA-256 for the replay memory's contents, as [`Draft::add_stream`] gave it.
    pub fn stream_digest(&self) -> Option<String> {
        self.stream.as_ref().map(|(_, list)| list.root())
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
