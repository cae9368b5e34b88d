//! What can go wrong with a benchmark.

use deepq_agents::AgentError;
use deepq_envs::EnvError;
use deepq_replay::ReplayError;
use deepq_runs::DocumentError;
use thiserror::Error;

use deepq_experiments::RunError;
use deepq_experiments::config::ConfigError;

/// Why nothing could be measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// An environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// An agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A replay failed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A training run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A workload's file is not an experiment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file or a process.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A peer's program failed.
    #[error("{program} failed: {reason}")]
    Peer {
        /// The program.
        program: String,
        /// What it said last.
        reason: String,
    },
    /// Two contenders did not do the same.
    #[error(
        "{case}: deepq and {other} do not do the same work, so that nothing can be compared: {ours} against {theirs}"
    )]
    Work {
        /// The benchmark and its case.
        case: String,
        /// The other contender.
        other: String,
        /// What deepq did.
        ours: String,
        /// What the other did.
        theirs: String,
    },
}

impl From<DocumentError> for BenchError {
    fn from(error: DocumentError) -> Self {
        Self::Config(error.into())
    }
}

impl BenchError {
    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }
}
