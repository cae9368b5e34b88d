//! What can be wrong with an experiment, and how it is said.

use deepq_runs::DocumentError;
use thiserror::Error;

/// Why an experiment could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No experiment of this name, and no file at this path.
    #[error("there is no experiment {name:?}{}; the experiments are {}",
        nearest.as_ref().map(|n| format!(" (did you mean {n:?}?)")).unwrap_or_default(), known.join(", "))]
    UnknownExperiment {
        /// The name asked for.
        name: String,
        /// The nearest known one.
        nearest: Option<String>,
        /// All known ones.
        known: Vec<String>,
    },
    /// Neither an environment nor an experiment.
    #[error("there is no environment or experiment {name:?}{}",
        nearest.as_ref().map(|n| format!(" (did you mean {n:?}?)")).unwrap_or_default())]
    UnknownEnvironment {
        /// The name asked for.
        name: String,
        /// The nearest known one.
        nearest: Option<String>,
    },
    /// A file or an override that is not one.
    #[error(transparent)]
    Document(#[from] DocumentError),
}
