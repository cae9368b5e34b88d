//! The experiments that come with the program, and where others are found.

use std::path::Path;

use deepq_runs::{Document, nearest};

use super::error::ConfigError;

/// Name and text of each file in `assets/experiments`, sorted by name.
const EXPERIMENTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/experiments.rs"));

/// Names of the experiments that come with the program, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXPERIMENTS.iter().map(|(name, _)| *name)
}

/// The experiment of this name that comes with the program, if there is one.
pub fn published(name: &str) -> Option<Document> {
    let (name, text) = EXPERIMENTS.iter().find(|(known, _)| *known == name)?;
    Document::parse(&format!("assets/experiments/{name}.toml"), text).ok()
}

/// Finds an experiment: by its name, or, if it ends in `.toml` or holds a path separator, by its path.
///
/// # Errors
///
/// [`ConfigError::UnknownExperiment`] names the nearest known one; [`ConfigError::Document`] for a file.
pub fn find(name_or_path: &str) -> Result<Document, ConfigError> {
    if let Some((name, text)) = EXPERIMENTS.iter().find(|(name, _)| *name == name_or_path) {
        return Ok(Document::parse(&format!("assets/experiments/{name}.toml"), text)?);
    }
    let path = Path::new(name_or_path);
    let is_path = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
    if is_path {
        return Ok(Document::open(path)?);
    }
    let known: Vec<&str> = names().collect();
    Err(ConfigError::UnknownExperiment {
        name: name_or_path.to_owned(),
        nearest: nearest(name_or_path, &known).map(str::to_owned),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}
