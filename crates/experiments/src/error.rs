//! What can go wrong with a run.

use std::any::Any;
use std::path::PathBuf;

use deepq_agents::AgentError;
use deepq_envs::EnvError;
use deepq_nets::NetError;
use deepq_runs::{Change, DocumentError, EXPORTED_WEIGHTS, StorageError, grouped};
use thiserror::Error;

use crate::config::{Changes, ConfigError};
use crate::evaluation::EvaluationError;
use crate::memory::TooMuchMemory;
use crate::recording::RecordingError;
use crate::training::TrainingError;

/// Why a run could not start, or stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The experiment is not one.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file could not be written or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The machine is too small.
    #[error(transparent)]
    Memory(#[from] TooMuchMemory),
    /// An environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A network failed, or its device.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The loop failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// A game could not be recorded.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A checkpoint, or a file of weights, that is whole but does not fit.
    #[error("{} cannot be used: {reason}", path.display())]
    Checkpoint {
        /// Its folder, or the file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// The system's answer.
        reason: String,
    },
    /// Fewer steps asked of a run than it has made.
    #[error(
        "the run has made {} agent steps already, and --steps {} is less; --steps is the length of the whole run",
        grouped(*done),
        grouped(*asked)
    )]
    TooFewSteps {
        /// Agent steps of its newest checkpoint.
        done: u64,
        /// Agent steps of the whole run, as asked.
        asked: u64,
    },
    /// An experiment that was changed since the checkpoint.
    #[error(
        "{}: {}\nThe run cannot go on exactly with that: put the old values back (they stand in {}), or start a new run. \
         What may change is {}",
        file.display(),
        changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        checkpoint.join("experiment.toml").display(),
        Changes::free_keys()
    )]
    Changed {
        /// The run's experiment.
        file: PathBuf,
        /// What differs.
        changes: Vec<Change>,
        /// The checkpoint to go on from.
        checkpoint: PathBuf,
    },
    /// A mistake of ours, in a run among several.
    #[error("deepq itself broke down, which is a mistake in it: {said}")]
    Panicked {
        /// What it said last.
        said: String,
    },
    /// Several at a time asked of one run.
    #[error("{} is one run, and --jobs is for those of several seeds", path.display())]
    OneRun {
        /// The run.
        path: PathBuf,
    },
    /// More steps asked of a run that has reached its goal.
    #[error(
        "the run ended at step {at_step}: its evaluation's mean of {mean} reached evaluation.stop_at = {stop_at}. To go \
         on, set another goal with --set evaluation.stop_at=N, or none with --set evaluation.stop_at=inf"
    )]
    GoalReached {
        /// Agent steps made.
        at_step: u64,
        /// The evaluation's mean return.
        mean: f64,
        /// What it had to reach.
        stop_at: f64,
    },
    /// A folder of what was exported, in which there is nothing to go on from.
    #[error(
        "{path} was exported: it has weights, but nothing that a run goes on from. A new run starts from them with --set \
         transfer.init_from={}",
        path.join(EXPORTED_WEIGHTS).display(),
        path = path.display()
    )]
    Exported {
        /// The folder.
        path: PathBuf,
    },
    /// A run of whose checkpoints only the best weights are whole.
    #[error(
        "{cause}\nNothing was changed. The weights of the best evaluation, of step {}, are whole: they can be evaluated and exported, \
         and another run can start from them",
        grouped(*step)
    )]
    OnlyBestIsWhole {
        /// What is wrong with the others. (Not a `source`: the message has it already.)
        cause: StorageError,
        /// The agent step of the best weights.
        step: u64,
    },
    /// A run that kept its best weights, but nothing to go on from.
    #[error(
        "the run has no checkpoint to go on from, only the best weights, of step {}; start a new run, or remove its \
         checkpoints/ to start this one from the beginning",
        grouped(*step)
    )]
    OnlyBest {
        /// The agent step of the best weights.
        step: u64,
    },
    /// A run that was under way and stopped.
    #[error("{cause}\nThe run stopped at step {}. {}", grouped(*agent_step), match checkpoint {
        Some(step) => format!("Its last checkpoint is that of step {}; go on with --resume {}", grouped(*step), run.display()),
        None => "It has no checkpoint yet.".to_owned(),
    })]
    Stopped {
        /// Why. (Not a `source`: the message has it already.)
        cause: Box<RunError>,
        /// At which agent step.
        agent_step: u64,
        /// The run.
        run: PathBuf,
        /// The agent step of its last checkpoint.
        checkpoint: Option<u64>,
    },
}

impl From<DocumentError> for RunError {
    fn from(error: DocumentError) -> Self {
        Self::Config(error.into())
    }
}

impl RunError {
    /// What a panic said.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("nothing");
        Self::Panicked { said: said.to_owned() }
    }
}
