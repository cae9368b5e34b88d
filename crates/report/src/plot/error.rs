//! Why there is no picture.

use std::path::PathBuf;

use thiserror::Error;

use deepq_runs::{HistoryError, StorageError};

/// Why curves could not be drawn.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// A run could not be read, or a file not be written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The runs do not know the figure.
    #[error("there is no figure {tag}{}. There are {}", nearest(tag, known), known.join(", "))]
    UnknownTag {
        /// What was asked for.
        tag: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No run has said anything to draw.
    #[error("there is nothing to draw yet: {what}")]
    Nothing {
        /// What is missing.
        what: String,
    },
    /// A file of another format.
    #[error("{} is no picture that can be written: its name must end in .svg or .png", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The picture could not be drawn.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

impl From<StorageError> for PlotError {
    fn from(error: StorageError) -> Self {
        Self::History(error.into())
    }
}

/// The known figure that is most like what was asked for, if one is.
fn nearest(tag: &str, known: &[String]) -> String {
    // So that "loss" finds losses/td_loss, which is many letters longer.
    let likeness = |name: &String| {
        let last = name.rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(tag, name).max(strsim::jaro_winkler(tag, last))
    };
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|name| likeness(name) > 0.7).map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}
