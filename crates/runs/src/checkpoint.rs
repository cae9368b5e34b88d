//! Checkpoints: folders that are there whole or not at all, each file with its checksum.
//!
//! ```text
//! checkpoints/
//!   step-000012000/        everything a run needs to go on from agent step 12,000
//!     state.json           counters, generators, schedules, positions in the metrics
//!     environments.json    each environment's generators at its last reset and the actions since
//!     weights.safetensors  the online network, named as PyTorch names it
//!     agent.safetensors    target network, optimizer
//!     replay.bin           the replay memory's contents, in its own format; of a large one increments, replay-00000003.bin
//!     experiment.toml      the experiment as it was run
//!     SHA256SUMS           of all the above, as sha256sum writes and checks it
//!   best-000009000/        the weights of the best evaluation: state.json, weights.safetensors, SHA256SUMS
//! ```
//!
//! A checkpoint is written under a temporary name, brought to the disk and renamed; older ones go only after that, also one
//! of the same step, which stands aside under another name meanwhile. A checkpoint of which a single bit is wrong is not
//! used: [`Checkpoints::newest`] then takes the one before it and says so. One that the system does not let us read is
//! another matter: it may be whole, so nothing is decided without it.
//!
//! An increment of a large replay never changes once it is written, so that a newer checkpoint has it as a second name
//! (hard link) of the same file. It is gone when the last checkpoint that names it is. Should it be damaged on the disk, none
//! of those that share it can be used: that is the price of not writing gigabytes again and again.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::atomic::{self, UNFINISHED, exists, remove, remove_all};
use crate::checkpoint_writer::CheckpointWriter;
use crate::checksums::{SUMS, read_sums};
use crate::digest::{HashingWriter, sha256};
use crate::error::StorageError;

/// Prefix of a checkpoint that stands aside while another one of its step takes its place.
const REPLACED: &str = ".replaced-";

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
    sums: BTreeMap<String, String>,
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

    /// Begins a checkpoint. Nothing of it counts before [`CheckpointWriter::commit`].
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub fn begin(&self, kind: Kind, agent_step: u64) -> Result<CheckpointWriter, StorageError> {
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
        Ok(CheckpointWriter::new(temporary, self.folder.join(&name), self.folder.join(format!("{REPLACED}{name}"))))
    }

    /// The agent steps of the checkpoints of a kind, newest first.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read; a folder that does not exist has none.
    pub fn steps(&self, kind: Kind) -> Result<Vec<u64>, StorageError> {
        let step = |name: &String| name.trim_start_matches(REPLACED).strip_prefix(kind.prefix())?.parse().ok();
        let mut steps: Vec<u64> = self.entries()?.iter().filter_map(step).collect();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        steps.dedup();
        Ok(steps)
    }

    /// The newest checkpoint of a kind that is whole, and what was wrong with the newer ones, in words.
    ///
    /// # Errors
    ///
    /// [`StorageError::NoCheckpoint`] if there is none, [`StorageError::Unreadable`] if one could be read only by half:
    /// it may be whole, and whoever went on from an older one would remove it.
    pub fn newest(&self, kind: Kind) -> Result<(Checkpoint, Vec<String>), StorageError> {
        let mut damaged = Vec::new();
        for step in self.steps(kind)? {
            for path in [self.path(kind, step), self.replaced(kind, step)].iter().filter(|path| exists(path)) {
                match Checkpoint::open(path) {
                    Ok(checkpoint) => return Ok((checkpoint, damaged)),
                    Err(error) if error.is_damage() => damaged.push(error.to_string()),
                    Err(error) => {
                        return Err(StorageError::Unreadable { path: path.clone(), error: Box::new(error) });
                    }
                }
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
            for step in self.steps(kind)? {
                let (path, replaced) = (self.path(kind, step), self.replaced(kind, step));
                if step > agent_step {
                    remove(&path)?;
                    remove(&replaced)?;
                } else if exists(&replaced) {
                    match Checkpoint::open(&path) {
                        Ok(_) => remove(&replaced)?,
                        // It was to be replaced, and never was.
                        Err(error) if error.is_damage() => {
                            remove(&path)?;
                            atomic::rename(&replaced, &path)?;
                        }
                        Err(error) => return Err(error),
                    }
                }
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
            remove(&self.replaced(Kind::Step, step))?;
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
        remove_all(&self.folder)
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

    /// Where one stands aside while it is replaced.
    fn replaced(&self, kind: Kind, agent_step: u64) -> PathBuf {
        self.folder.join(format!("{REPLACED}{}{agent_step:09}", kind.prefix()))
    }

    fn entries(&self) -> Result<Vec<String>, StorageError> {
        match names(&self.folder) {
            Err(StorageError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            // Not the same as none: whoever starts again removes what is there.
            names => names,
        }
    }
}

fn names(folder: &Path) -> Result<Vec<String>, StorageError> {
    let read = || -> io::Result<Vec<String>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    read().map_err(StorageError::io("read", folder))
}

impl Checkpoint {
    /// Whether a folder is meant to be a checkpoint, whole or not.
    pub fn is_one(path: &Path) -> bool {
        path.join(SUMS).exists()
    }

    /// Reads a checkpoint's folder and checks every byte of it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Damaged`] and [`StorageError::Io`] name the file.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let sums = read_sums(path)?;
        // A list that was cut between two lines looks whole, but for the files that it no longer names.
        let unknown = |name: &String| name != SUMS && !name.starts_with('.') && !sums.contains_key(name);
        if let Some(name) = names(path)?.into_iter().find(unknown) {
            return Err(StorageError::damaged(&path.join(SUMS), format!("it does not list {name}")));
        }
        let mut files = BTreeMap::new();
        for (name, sum) in &sums {
            let file = path.join(name);
            let mut contents = Vec::new();
            let found = if is_stream(name) {
                let mut hash = HashingWriter::new(io::sink());
                File::open(&file).and_then(|mut file| io::copy(&mut file, &mut hash)).map(|_| hash.finish().1)
            } else {
                File::open(&file).and_then(|mut file| file.read_to_end(&mut contents)).map(|_| sha256(&contents))
            };
            if found.map_err(StorageError::io("read", &file))? != *sum {
                return Err(StorageError::damaged(&file, "its SHA-256 is not the one that was written down"));
            }
            files.insert(name.clone(), contents);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let agent_step = name.rsplit('-').next().and_then(|step| step.parse().ok());
        let agent_step = agent_step.ok_or_else(|| StorageError::damaged(path, "its name does not end in a step"))?;
        Ok(Self { path: path.to_owned(), agent_step, sums, files })
    }

    /// The checkpoint's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The agent step at which it was written.
    pub fn agent_step(&self) -> u64 {
        self.agent_step
    }

    /// A file's contents; empty for those of the replay memory, which [`stream`](Self::stream) reads.
    ///
    /// # Errors
    ///
    /// If the checkpoint has no such file.
    pub fn file(&self, name: &str) -> Result<&[u8], StorageError> {
        let missing = || StorageError::damaged(&self.path, format!("it has no {name}"));
        self.files.get(name).map(Vec::as_slice).ok_or_else(missing)
    }

    /// Contents of the replay memory.
    ///
    /// # Errors
    ///
    /// If the checkpoint has no such file, or it cannot be opened.
    pub fn stream(&self, name: &str) -> Result<impl Read + use<>, StorageError> {
        self.file(name)?;
        let path = self.path.join(name);
        let file = File::open(&path).map_err(StorageError::io("read", &path))?;
        Ok(BufReader::with_capacity(1 << 20, file))
    }

    /// The SHA-256 of a file.
    ///
    /// # Errors
    ///
    /// If the checkpoint has no such file.
    pub fn sum(&self, name: &str) -> Result<&str, StorageError> {
        let missing = || StorageError::damaged(&self.path, format!("it has no {name}"));
        self.sums.get(name).map(String::as_str).ok_or_else(missing)
    }
}

/// Whether a file may be too long to be held in memory.
fn is_stream(name: &str) -> bool {
    name.starts_with("replay") && name.ends_with(".bin")
}
