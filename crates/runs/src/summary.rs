//! What came out of a run, in `summary.json`.

use serde::{Deserialize, Serialize};

use crate::{Columns, RunFolder, StorageError};

/// The figures of a run: scripts depend on their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The experiment's name.
    pub experiment: String,
    /// The training environment's id.
    pub environment: String,
    /// How the agent was judged, in words.
    pub protocol: String,
    /// The root seed.
    pub seed: u64,
    /// The device that the networks were on.
    pub device: String,
    /// Threads of the pool.
    pub threads: usize,
    /// The instructions that the CPU computes networks with: `"avx512"`, `"avx2"`, `"neon"`, `"portable"`. They decide how
    /// fast it is, and no number.
    pub isa: String,
    /// How the run ended: `"steps"` or `"episodes"` (all done), `"threshold"` (an evaluation reached `stop_at`), `"interrupted"`.
    pub finished: Finished,
    /// Agent steps done.
    pub agent_steps: u64,
    /// Emulator frames (environment steps, for environments without frames) that they took.
    pub frames: u64,
    /// Updates made.
    pub updates: u64,
    /// Whole episodes ended.
    pub episodes: u64,
    /// Seconds of training and evaluating, of all parts of a resumed run together.
    pub seconds: f64,
    /// Agent steps a second, from the first update on, without evaluations and checkpoints; `null` before it.
    pub steps_per_second: Option<f64>,
    /// Updates a second, from the first update on, without evaluations and checkpoints; `null` before it.
    pub updates_per_second: Option<f64>,
    /// Where these seconds went.
    pub time: TimeSpent,
    /// The last evaluation.
    pub last_evaluation: Option<EvaluationFigures>,
    /// The evaluation with the best mean, the first of several.
    pub best_evaluation: Option<EvaluationFigures>,
    /// The most memory that the process held at once; `null` where the system does not say, and for one of several seeds, as
    /// the others are in the process too.
    pub peak_memory_bytes: Option<u64>,
    /// Bytes of the replay memory.
    pub replay_bytes: u64,
    /// SHA-256 over everything that a continued run depends on: equal digests mean equal runs.
    pub digest: String,
}

impl Summary {
    /// The summary of a run, if it has one yet.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`], and [`StorageError::Damaged`] for one of another form.
    pub fn read(folder: &RunFolder) -> Result<Option<Self>, StorageError> {
        let path = folder.summary();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StorageError::io("read", &path)(error)),
        };
        let summary: Self = serde_json::from_slice(&bytes).map_err(|error| StorageError::damaged(&path, error))?;
        let metrics = Columns::read(&folder.metrics())?;
        Ok(Some(summary).filter(|summary| summary.is_of(&metrics)))
    }

    /// Whether it is that of the run as it stands in its `metrics.csv`: one of an earlier part says nothing of a run that
    /// went on.
    pub(crate) fn is_of(&self, metrics: &Columns) -> bool {
        metrics.last_step() <= Some(self.agent_steps)
    }
}

/// Seconds of each part of a run. Where the agent learns while it plays, both are counted, and the sum is more than the run
/// took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpent {
    /// The network chose actions.
    pub acting: f64,
    /// The environments made their steps.
    pub environments: f64,
    /// What they led to was stored.
    pub storing: f64,
    /// Batches were drawn.
    pub sampling: f64,
    /// Updates, without their sampling.
    pub learning: f64,
    /// Evaluations.
    pub evaluation: f64,
    /// Checkpoints.
    pub checkpoints: f64,
}

impl TimeSpent {
    /// The parts by name.
    pub fn parts(&self) -> [(&'static str, f64); 7] {
        let &Self { acting, environments, storing, sampling, learning, evaluation, checkpoints } = self;
        [
            ("acting", acting),
            ("environments", environments),
            ("storing", storing),
            ("sampling", sampling),
            ("learning", learning),
            ("evaluation", evaluation),
            ("checkpoints", checkpoints),
        ]
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finished {
    /// All agent steps were done.
    Steps,
    /// All episodes were played.
    Episodes,
    /// An evaluation reached `evaluation.stop_at`.
    Threshold,
    /// Somebody asked it to stop; it can go on.
    Interrupted,
}

/// An evaluation's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationFigures {
    /// Mean return.
    pub mean: f64,
    /// Standard deviation of the returns, of the population as NumPy's.
    pub std: f64,
    /// The lowest return.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// The median.
    pub median: f64,
    /// Episodes played.
    pub episodes: usize,
    /// The agent step at which the agent stood.
    pub at_step: u64,
}
