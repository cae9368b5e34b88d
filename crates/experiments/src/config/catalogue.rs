//! The experiments that come with the program, and where others are found.

use std::path::Path;

use super::document::Document;
use super::error::{ConfigError, nearest};

/// Name and text of each file in `assets/experiments`, sorted by name.
const EXPERIMENTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/experiments.rs"));

/// The longest experiment file that is read: anything longer is no experiment.
const MAX_BYTES: u64 = 1 << 20;

/// Names of the experiments that come with the program, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXPERIMENTS.iter().map(|(name, _)| *name)
}

/// Finds an experiment: by its name, or, if it ends in `.toml` or holds a path separator, by its path.
///
/// # Errors
///
/// [`ConfigError::UnknownExperiment`] names the nearest known one; [`ConfigError::Unreadable`] and
/// [`ConfigError::Syntax`] for a file.
pub fn find(name_or_path: &str) -> Result<Document, ConfigError> {
    if let Some((name, text)) = EXPERIMENTS.iter().find(|(name, _)| *name == name_or_path) {
        return Document::parse(&format!("assets/experiments/{name}.toml"), text);
    }
    let path = Path::new(name_or_path);
    let is_path = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
    if is_path {
        return read(path);
    }
    let known: Vec<&str> = names().collect();
    Err(ConfigError::UnknownExperiment {
        name: name_or_path.to_owned(),
        nearest: nearest(name_or_path, &known).map(str::to_owned),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}

/// Reads an experiment from a file.
///
/// # Errors
///
/// [`ConfigError::Unreadable`] and [`ConfigError::Syntax`].
pub fn read(path: &Path) -> Result<Document, ConfigError> {
    let name = path.display().to_string();
    let unreadable = |reason: String| ConfigError::Unreadable { path: name.clone(), reason };
    let bytes = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if bytes > MAX_BYTES {
        return Err(unreadable(format!("{bytes} bytes are too many for an experiment")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    Document::parse(&name, &text)
}
