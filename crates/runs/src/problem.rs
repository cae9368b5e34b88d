//! What can be wrong with a document or an override, and how it is said.

use std::fmt;

use thiserror::Error;

use crate::nearest;

/// Why an experiment's file could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A file that is not TOML.
    #[error("{file} is not valid TOML: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The parser's message, with line and column.
        reason: String,
    },
    /// An override that is not `key=value`.
    #[error("{assignment}: {reason}")]
    Override {
        /// What was given, with its option.
        assignment: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key that does not exist, is missing, or has a value that is not allowed.
    #[error("{origin}: {problem}")]
    Key {
        /// Where the value stands: a file (with its line), or an override.
        origin: String,
        /// The key and what is wrong with it.
        problem: KeyProblem,
    },
}

/// A key, as `agent.discount`, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyProblem {
    /// The parts of the key, outermost first.
    pub path: Vec<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// There is no such key here.
    Unknown {
        /// The keys there are.
        known: Vec<String>,
    },
    /// The key is needed.
    Missing,
    /// The value has the wrong type or is outside what is allowed.
    Invalid {
        /// The value, as it stands.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// Anything else, in words.
    Other(String),
}

impl KeyProblem {
    /// A problem with the key at `path`, as `"agent.discount"`.
    pub fn new(path: &str, problem: Problem) -> Self {
        Self { path: path.split('.').map(str::to_owned).collect(), problem }
    }

    /// A value that is not allowed.
    pub fn invalid(path: &str, found: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self::new(path, Problem::Invalid { found: found.to_string(), allowed: allowed.into() })
    }

    /// The problem as seen from one level further out.
    pub(crate) fn inside(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    /// The key in full.
    pub fn key(&self) -> String {
        self.path.join(".")
    }
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        match &self.problem {
            Problem::Unknown { known } => {
                let (name, section) = match self.path.split_last() {
                    Some((name, section)) => (name.as_str(), section.join(".")),
                    None => ("", String::new()),
                };
                write!(f, "there is no key {key}")?;
                let candidates: Vec<&str> = known.iter().map(String::as_str).collect();
                if let Some(nearest) = nearest(name, &candidates) {
                    let separator = if section.is_empty() { "" } else { "." };
                    write!(f, "; did you mean {section}{separator}{nearest}?")?;
                }
                match section.as_str() {
                    _ if known.is_empty() => write!(f, " (in [{section}] there are none)"),
                    "" => write!(f, " (there are {})", known.join(", ")),
                    _ => write!(f, " (in [{section}] there are {})", known.join(", ")),
                }
            }
            Problem::Missing => write!(f, "{key} is missing"),
            Problem::Invalid { found, allowed } => write!(f, "{key} = {found} is not allowed: it must be {allowed}"),
            Problem::Other(message) if key.is_empty() => f.write_str(message),
            Problem::Other(message) => write!(f, "{key}: {message}"),
        }
    }
}

impl std::error::Error for KeyProblem {}
