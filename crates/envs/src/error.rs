//! What can go wrong with an environment.

use std::fmt;

use thiserror::Error;

/// Why an environment could not do what it was asked.
#[derive(Error)]
#[non_exhaustive]
pub enum EnvError {
    /// `step` or `render` where no episode runs.
    #[error("{env}: no episode is running; call reset first")]
    NoEpisode {
        /// The environment's id.
        env: String,
    },
    /// An action outside the action space.
    #[error("{env}: action {action} does not exist; the actions are 0 to {}", n - 1)]
    Action {
        /// The environment's id.
        env: String,
        /// The action given.
        action: usize,
        /// How many there are.
        n: usize,
    },
    /// A buffer that cannot hold the observation.
    #[error("{env}: an observation has {expected} elements, the buffer has {actual}")]
    ObservationLength {
        /// The environment's id.
        env: String,
        /// Elements of an observation.
        expected: usize,
        /// Elements of the buffer.
        actual: usize,
    },
    /// An id that the registry does not know.
    #[error("there is no environment {id:?}{}", nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownId {
        /// The id asked for.
        id: String,
        /// The nearest known one.
        nearest: Option<String>,
    },
    /// An id of an environment that this program was built without.
    #[error("there is no environment {id:?} in this program: {instead}")]
    NotBuiltIn {
        /// The id asked for.
        id: String,
        /// What to add to a program that wants it.
        instead: &'static str,
    },
    /// An option that the environment does not have.
    #[error("{env} has no option {option:?}; it has {known}")]
    UnknownOption {
        /// The environment's id.
        env: String,
        /// The option given.
        option: String,
        /// The known ones, joined with commas, or "none".
        known: String,
    },
    /// An option whose value is not allowed.
    #[error("{env}: option {option} = {value} is not allowed: {reason}")]
    InvalidOption {
        /// The environment's id.
        env: String,
        /// The option.
        option: String,
        /// The value given.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// A captured state that does not belong here or is damaged.
    #[error("{env}: this captured state cannot be restored: {reason}")]
    Capture {
        /// The environment's id.
        env: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Environments or buffers that cannot be used together.
    #[error("vector environment: {reason}")]
    Batch {
        /// What does not fit.
        reason: String,
    },
    /// The program behind the environment (an emulator, a physics engine) cannot be used as asked.
    #[error("{env}: {reason}")]
    Backend {
        /// The environment's id.
        env: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// The same text, which is what a `main` prints that returns the error.
impl fmt::Debug for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
