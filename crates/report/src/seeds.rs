//! What the runs of several seeds say together.

use std::path::Path;

use deepq_runs::{EvaluationFigures, Finished, StorageError, Summary, atomic};
use serde::Serialize;

use crate::statistics::{bootstrap_interval, interquartile_mean};

/// What the runs of several seeds say together, as `seeds.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedsSummary {
    /// The seeds whose runs were finished.
    pub seeds: Vec<u64>,
    /// The seeds whose runs failed, were interrupted or have not begun.
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
    /// Of all these seeds, by the summaries of the runs that came to one; those that were interrupted do not count.
    pub fn new(seeds: &[u64], summaries: &[&Summary]) -> Self {
        let finished: Vec<&Summary> =
            summaries.iter().copied().filter(|summary| summary.finished != Finished::Interrupted).collect();
        let aggregate = |of: fn(&Summary) -> &Option<EvaluationFigures>| {
            let scores: Vec<f64> = finished.iter().filter_map(|summary| of(summary).as_ref()).map(|e| e.mean).collect();
            let interquartile_mean = interquartile_mean(&scores)?;
            Some(Aggregate { interquartile_mean, interval: bootstrap_interval(&[scores])? })
        };
        let done: Vec<u64> = finished.iter().map(|summary| summary.seed).collect();
        Self {
            unfinished: seeds.iter().filter(|seed| !done.contains(seed)).copied().collect(),
            last_evaluation: aggregate(|summary| &summary.last_evaluation),
            best_evaluation: aggregate(|summary| &summary.best_evaluation),
            seeds: done,
        }
    }

    /// Writes it into the folder of the seeds' runs, as `seeds.json`.
    ///
    /// # Errors
    ///
    /// If it cannot be written; what was there before then still stands.
    pub fn write(&self, folder: &Path) -> Result<(), StorageError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        atomic::write(&folder.join("seeds.json"), format!("{text}\n").as_bytes())
    }
}
