//! The folder of runs that differ in their seed alone.
//!
//! ```text
//! runs/cartpole-s1to5-20250131-235959/
//!   asked/experiment.toml  the experiment that all of them are, but for training.seed
//!   asked/seeds.json       the seeds
//!   seed-1/ …              a run each
//!   seeds.json             what they say together
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use deepq_runs::{Finished, RunFolder, StorageError, Summary, atomic};

use crate::RunError;
use crate::config::{self, Changes, Document, Experiment, Overrides};

const ASKED: &str = "asked";

/// Several seeds of an experiment, in one folder, which keeps what was asked.
#[derive(Clone, Debug)]
pub struct Group {
    folder: PathBuf,
    seeds: Vec<u64>,
    document: Document,
}

impl Group {
    /// A new group. Every seed's experiment is checked; nothing is written yet.
    ///
    /// # Errors
    ///
    /// If the experiment is none, or the folder holds a group or a run already.
    pub fn new(folder: &Path, seeds: &[u64], document: Document) -> Result<Self, RunError> {
        let group = Self { folder: folder.to_owned(), seeds: seeds.to_vec(), document };
        for &seed in seeds {
            group.experiment(seed)?;
        }
        if Self::is_one(folder) || RunFolder::look_at(folder).is_ok() {
            return Err(StorageError::Occupied { path: folder.to_owned() }.into());
        }
        Ok(group)
    }

    /// Whether there is a group in a folder.
    pub fn is_one(folder: &Path) -> bool {
        seeds_file(folder).is_file()
    }

    /// Opens a group to go on with it; `overrides` may change what a run may go on with.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or [`RunError::Changed`].
    pub fn open(folder: &Path, overrides: &Overrides) -> Result<Self, RunError> {
        let path = seeds_file(folder);
        let text = fs::read_to_string(&path).map_err(StorageError::io("read", &path))?;
        let seeds = serde_json::from_str(&text).map_err(|error| StorageError::damaged(&path, error))?;
        let file = experiment_file(folder);
        let before = Document::open(&file)?;
        let (_, document) = config::load_file(&file, overrides)?;
        let Changes { forbidden, .. } = Changes::between(&before, &document)?;
        if !forbidden.is_empty() {
            return Err(RunError::Changed { file, changes: forbidden, checkpoint: folder.join(ASKED) });
        }
        Ok(Self { folder: folder.to_owned(), seeds, document })
    }

    /// Writes down what was asked, where it does not stand there already.
    pub(super) fn write(&self) -> Result<(), StorageError> {
        let asked = self.folder.join(ASKED);
        fs::create_dir_all(&asked).map_err(StorageError::io("create the folder", &asked))?;
        // The seeds last: they make the folder a group.
        let files = [
            (experiment_file(&self.folder), self.document.text()),
            (seeds_file(&self.folder), format!("{:?}\n", self.seeds)),
        ];
        for (path, text) in files {
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                atomic::write(&path, text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its seeds, in the order in which they were asked.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// The folder of a seed's run.
    pub fn run(&self, seed: u64) -> PathBuf {
        self.folder.join(format!("seed-{seed}"))
    }

    /// The experiment of a seed.
    pub(super) fn experiment(&self, seed: u64) -> Result<(Experiment, Document), RunError> {
        let seed = Overrides { seed: Some(seed), ..Overrides::default() };
        Ok(config::checked(self.document.clone(), &seed)?)
    }

    /// How far the run of a seed has come.
    pub(super) fn stage(&self, seed: u64) -> Result<Stage, RunError> {
        let run = self.run(seed);
        if RunFolder::look_at(&run).is_err() {
            return Ok(Stage::Missing);
        }
        let (experiment, _) = self.experiment(seed)?;
        Ok(match super::summary(&run).filter(|summary| is_done(summary, &experiment)) {
            Some(summary) => Stage::Done(Box::new(summary)),
            None => Stage::Begun,
        })
    }
}

/// How far a run has come.
pub(super) enum Stage {
    Missing,
    Begun,
    Done(Box<Summary>),
}

/// Whether nothing is left to do, also where the experiment has become longer since.
fn is_done(summary: &Summary, experiment: &Experiment) -> bool {
    let reached = |stop_at| summary.last_evaluation.as_ref().is_some_and(|last| last.mean >= stop_at);
    match summary.finished {
        Finished::Steps => summary.agent_steps >= experiment.training.steps,
        Finished::Episodes => experiment.training.episodes.is_some_and(|episodes| summary.episodes >= episodes),
        Finished::Threshold => experiment.evaluation.stop_at.is_some_and(reached),
        Finished::Interrupted => false,
    }
}

fn seeds_file(folder: &Path) -> PathBuf {
    folder.join(ASKED).join("seeds.json")
}

fn experiment_file(folder: &Path) -> PathBuf {
    folder.join(ASKED).join("experiment.toml")
}
