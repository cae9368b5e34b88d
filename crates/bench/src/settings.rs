//! What is measured, and how.

use std::path::PathBuf;

use deepq_envs::Registry;
use deepq_experiments::RunError;
use deepq_experiments::listeners::Screen;

use crate::BenchError;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// Environments stepped with random actions: one of them, and several together on all cores.
    Envs,
    /// One double-DQN update.
    Update,
    /// One observation to its greedy action.
    Act,
    /// Whole training runs.
    Train,
    /// Replay memories of Atari play: bytes, and the time to draw a batch.
    Replay,
    /// The DQN workload that ModuRL publishes.
    Modurl,
}

impl Benchmark {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 6] = [Self::Envs, Self::Update, Self::Act, Self::Train, Self::Replay, Self::Modurl];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envs => "envs",
            Self::Update => "update",
            Self::Act => "act",
            Self::Train => "train",
            Self::Replay => "replay",
            Self::Modurl => "modurl",
        }
    }
}

/// How it is measured.
pub struct Settings {
    /// What is measured.
    pub benchmarks: Vec<Benchmark>,
    /// Whether the peers take part. ModuRL does as well where its workload alone is measured.
    pub peers: bool,
    /// Rounds of each contender.
    pub rounds: usize,
    /// Length of a round, where the work is not fixed.
    pub seconds: f64,
    /// Threads of each contender: every case is measured with each of these.
    pub threads: Vec<usize>,
    /// Threads where several environments are stepped together.
    pub together: usize,
    /// Only cases whose names contain one of these; all if there are none.
    pub only: Vec<String>,
    /// Measured agent steps of a training run, in place of the workload's own number.
    pub steps: Option<u64>,
    /// Transitions in the largest replay.
    pub transitions: usize,
    /// The environments there are.
    pub registry: Registry,
    /// The checkout, where the peers' programs are.
    pub workspace: PathBuf,
    /// Where progress is told.
    pub screen: Screen,
}

impl Settings {
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| case.contains(part.as_str()))
    }

    /// Runs `work` on a pool of so many threads, as a training run does.
    pub(crate) fn on_threads<T: Send>(
        &self,
        threads: usize,
        work: impl FnOnce() -> Result<T, BenchError> + Send,
    ) -> Result<T, BenchError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| RunError::Threads { threads, reason: error.to_string() })?.install(work)
    }
}
