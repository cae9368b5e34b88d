//! The same experiment from several seeds: a run each, in one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::{Settings, start};
use crate::RunError;
use crate::config::{ConfigError, Document, Experiment};
use crate::run::{EvaluationFigures, Finished, StorageError, Summary};
use crate::statistics::{bootstrap_interval, interquartile_mean};

/// What became of one seed.
#[derive(Debug)]
pub struct SeedRun {
    /// The root seed.
    pub seed: u64,
    /// The run's folder.
    pub folder: PathBuf,
    /// What came out, or why nothing did; the others went on.
    pub outcome: Result<Summary, RunError>,
}

/// Trains the experiment that `load` gives for each seed, `jobs` of them at a time, each as a run of its own in
/// `folder/seed-N`; a run that fails stops no other. Where no number of threads is given, the runs share the machine's. How
/// many run at a time changes no result.
///
/// # Errors
///
/// Only if the folder cannot be made.
pub fn start_seeds(
    load: &(dyn Fn(u64) -> Result<(Experiment, Document), ConfigError> + Sync),
    seeds: &[u64],
    jobs: usize,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<SeedRun>, RunError> {
    std::fs::create_dir_all(folder).map_err(StorageError::io("create the folder", folder))?;
    (settings.on_start)();
    let jobs = jobs.clamp(1, seeds.len().max(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = settings.threads.unwrap_or((cores / jobs).max(1));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Whoever asked to stop wants no new runs.
            if settings.stop.load(Ordering::Relaxed) {
                break;
            }
            let run = folder.join(format!("seed-{seed}"));
            let settings = Settings {
                threads: Some(threads),
                screen: settings.screen.labelled(&format!("seed {seed}")),
                on_start: Arc::new(|| {}),
                ..settings.clone()
            };
            let train = || {
                let (experiment, document) = load(seed)?;
                start(&experiment, &document, &run, &settings)
            };
            let outcome = train();
            if let Err(error) = &outcome {
                settings.screen.line(&format!("seed {seed} failed: {error}"));
            }
            done.push(SeedRun { seed, folder: run, outcome });
        }
        done
    };
    let mut runs: Vec<SeedRun> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        // A worker does not panic; were it to, the other runs would still count.
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
    });
    runs.sort_by_key(|run| seeds.iter().position(|seed| *seed == run.seed));
    Ok(runs)
}

/// What the runs of several seeds say together, as `seeds.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedsSummary {
    /// The seeds whose runs were finished.
    pub seeds: Vec<u64>,
    /// The seeds whose runs failed or were interrupted.
    pub unfinished: Vec<u64>,
    /// Of the last evaluations' means.
    pub last_evaluation: Option<Aggregate>,
    /// Of the best evaluations' means.
    pub best_evaluation: Option<Aggregate>,
}

/// The interquartile mean over seeds, with the 95 % interval of a stratified bootstrap
/// ([Agarwal et al. 2021](https://arxiv.org/abs/2108.13264)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Aggregate {
    /// The interquartile mean.
    pub interquartile_mean: f64,
    /// The interval's ends.
    pub interval: [f64; 2],
}

impl SeedsSummary {
    /// Of these runs.
    pub fn new(runs: &[SeedRun]) -> Self {
        let finished =
            |run: &&SeedRun| run.outcome.as_ref().is_ok_and(|summary| summary.finished != Finished::Interrupted);
        let summaries = || runs.iter().filter(finished).filter_map(|run| run.outcome.as_ref().ok());
        let aggregate = |of: fn(&Summary) -> &Option<EvaluationFigures>| {
            let scores: Vec<f64> = summaries().filter_map(|summary| of(summary).as_ref()).map(|e| e.mean).collect();
            let interquartile_mean = interquartile_mean(&scores)?;
            Some(Aggregate { interquartile_mean, interval: bootstrap_interval(&[scores])? })
        };
        Self {
            seeds: runs.iter().filter(finished).map(|run| run.seed).collect(),
            unfinished: runs.iter().filter(|run| !finished(run)).map(|run| run.seed).collect(),
            last_evaluation: aggregate(|summary| &summary.last_evaluation),
            best_evaluation: aggregate(|summary| &summary.best_evaluation),
        }
    }
}
