//! What runs have written down so far, read back: the experiment, the tables, the summary. Runs still going on, stopped or
//! killed are read like finished ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::location::seeds_in;
use crate::{Change, Columns, Document, DocumentError, EvaluationFigures, Point, RunFolder, StorageError, Summary};

/// The column of `metrics.csv` with the returns of training's episodes.
pub const RETURNS: &str = "charts/episodic_return";
/// What the columns of `eval.csv` are called among those of `metrics.csv`, as in TensorBoard.
pub const EVALUATIONS: &str = "eval/";

/// Why a run could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// It is no run, or one of its tables cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Its experiment is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// What a run has written down.
#[derive(Clone, Debug)]
pub struct History {
    /// The run's folder.
    pub folder: PathBuf,
    /// The experiment as it was run.
    pub document: Document,
    /// What it says of itself.
    pub heading: Heading,
    /// `metrics.csv`.
    pub metrics: Columns,
    /// `eval.csv`.
    pub evaluations: Columns,
    /// `summary.json`, unless the run has not ended, or went on since, or it has another form.
    pub summary: Option<Summary>,
}

/// Whose run it is, as far as that is needed to speak of it. An experiment of another version that knows other keys has
/// these too.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Heading {
    /// The experiment's name.
    pub name: String,
    /// What it is, in one line.
    #[serde(default)]
    pub summary: String,
    /// `[environment]`.
    pub environment: EnvironmentHeading,
    /// `[training]`.
    pub training: TrainingHeading,
}

/// The environment's part of a [`Heading`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EnvironmentHeading {
    /// Gymnasium's id.
    pub id: String,
}

/// Training's part of a [`Heading`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TrainingHeading {
    /// The root seed.
    pub seed: u64,
    /// Agent steps of the whole run.
    pub steps: u64,
}

impl History {
    /// Reads a run's folder, which another process may be working on.
    ///
    /// # Errors
    ///
    /// [`HistoryError::Storage`] if it is no run or a table cannot be read, [`HistoryError::Document`] if its experiment is none.
    pub fn read(run: &Path) -> Result<Self, HistoryError> {
        let folder = RunFolder::look_at(run)?;
        let document = Document::open(&folder.experiment())?;
        let heading = document.read()?;
        let metrics = Columns::read(&folder.metrics())?;
        let evaluations = Columns::read(&folder.evaluations())?;
        let summary = read_summary(&folder.summary()).filter(|summary| summary.is_of(&metrics));
        Ok(Self { folder: run.to_owned(), document, heading, metrics, evaluations, summary })
    }

    /// The figures of `metrics.csv` by their column's name, and those of `eval.csv` as `eval/mean`.
    pub fn points(&self, tag: &str) -> &[Point] {
        match tag.strip_prefix(EVALUATIONS) {
            Some(figure) => self.evaluations.get(figure),
            None => self.metrics.get(tag),
        }
    }

    /// The tags that [`points`](Self::points) knows.
    pub fn tags(&self) -> Vec<String> {
        // The returns of all episodes are a list, and no figure.
        let evaluations = self.evaluations.names().filter(|name| *name != "returns");
        self.metrics.names().map(str::to_owned).chain(evaluations.map(|name| format!("{EVALUATIONS}{name}"))).collect()
    }

    /// Every evaluation, in order.
    pub fn evaluation_figures(&self) -> Vec<EvaluationFigures> {
        let figure = |name: &str, index: usize| self.evaluations.get(name).get(index).map(|point| point.value);
        let means = self.evaluations.get("mean").iter().enumerate();
        means
            .filter_map(|(i, mean)| {
                Some(EvaluationFigures {
                    mean: mean.value,
                    std: figure("std", i)?,
                    min: figure("min", i)?,
                    max: figure("max", i)?,
                    median: figure("median", i)?,
                    episodes: figure("episodes", i)? as usize,
                    at_step: mean.step,
                })
            })
            .collect()
    }

    /// The agent steps made so far, as far as they are written down.
    pub fn agent_steps(&self) -> u64 {
        let of_tables = self.metrics.last_step().max(self.evaluations.last_step());
        of_tables.max(self.summary.as_ref().map(|summary| summary.agent_steps)).unwrap_or(0)
    }
}

/// Runs of one experiment: the same settings, and each its own seed.
#[derive(Clone, Debug)]
pub struct Group {
    /// What tells it from the others: the experiment's name, and settings where names are the same.
    pub label: String,
    /// The runs, at least one.
    pub runs: Vec<History>,
}

impl Group {
    /// What the runs say of themselves.
    pub fn heading(&self) -> Option<&Heading> {
        self.runs.first().map(|run| &run.heading)
    }
}

/// Reads runs and groups of runs (the folders of `--seeds`), and puts those of one experiment together, in the order in
/// which they are named. A run that is named twice counts once, and so does a seed: of two runs from the same one the further
/// one counts.
///
/// # Errors
///
/// As [`History::read`].
pub fn read(folders: &[PathBuf]) -> Result<Vec<Group>, HistoryError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        for run in runs_in(folder)? {
            if !paths.iter().any(|path| same(path, &run)) {
                paths.push(run);
            }
        }
    }
    let mut groups: Vec<Vec<History>> = Vec::new();
    for path in &paths {
        let run = History::read(path)?;
        let of_it = |group: &&mut Vec<History>| {
            group.first().is_some_and(|first| Change::of_experiment(&first.document, &run.document).is_empty())
        };
        match groups.iter_mut().find(of_it) {
            Some(group) => add(group, run),
            None => groups.push(vec![run]),
        }
    }
    let labels: Vec<String> = groups.iter().map(|runs| label(runs, &groups)).collect();
    Ok(groups.into_iter().zip(labels).map(|(runs, label)| Group { label, runs }).collect())
}

/// Adds a run to those of its experiment, or puts it in the place of one from the same seed that is not as far.
fn add(group: &mut Vec<History>, run: History) {
    let seed = run.heading.training.seed;
    let Some(known) = group.iter_mut().find(|known| known.heading.training.seed == seed) else {
        return group.push(run);
    };
    let mut other = run;
    if other.agent_steps() > known.agent_steps() {
        std::mem::swap(known, &mut other);
    }
    let (counts, other) = (known.folder.display(), other.folder.display());
    tracing::warn!("{counts} and {other} are both of seed {seed}: the seed counts once, with {counts}");
}

/// A run that is going on has none, and one of another version may have another form, which is told.
fn read_summary(path: &Path) -> Option<Summary> {
    let contents = fs::read(path).ok()?;
    let summary = serde_json::from_slice(&contents);
    if let Err(error) = &summary {
        tracing::warn!("{} is passed over: {error}", path.display());
    }
    summary.ok()
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The run in a folder, or the runs of its seeds.
fn runs_in(folder: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let not_a_run = match RunFolder::look_at(folder) {
        Ok(_) => return Ok(vec![folder.to_owned()]),
        Err(error) => error,
    };
    let seeds = seeds_in(folder);
    if seeds.is_empty() { Err(not_a_run) } else { Ok(seeds) }
}

/// The settings that a label names at most.
const SETTINGS: usize = 3;

fn label(runs: &[History], groups: &[Vec<History>]) -> String {
    let Some(own) = runs.first() else { return String::new() };
    let namesakes = groups
        .iter()
        .filter_map(|group| group.first())
        .filter(|other| other.heading.name == own.heading.name && !same(&other.folder, &own.folder));
    let mut settings: Vec<String> = Vec::new();
    for other in namesakes {
        for change in Change::of_experiment(&other.document, &own.document) {
            let value = change.now.unwrap_or_else(|| "not set".to_owned());
            let setting = format!("{}={value}", change.key.rsplit('.').next().unwrap_or_default());
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
    }
    if settings.len() > SETTINGS {
        settings.truncate(SETTINGS);
        settings.push("…".to_owned());
    }
    if settings.is_empty() {
        own.heading.name.clone()
    } else {
        format!("{}: {}", own.heading.name, settings.join(", "))
    }
}
