//! Experiments as data: TOML files, checked whole before anything runs.
//!
//! ```
//! use deepq_experiments::config::{self, Overrides};
//!
//! let overrides = Overrides { set: vec!["agent.discount=0.98".into()], ..Overrides::default() };
//! let (experiment, document) = config::load("cartpole", &overrides)?;
//! assert_eq!(experiment.agent.discount(), 0.98);
//! assert!(document.text().contains("discount = 0.98"));
//!
//! let overrides = Overrides { set: vec!["agent.discont=0.98".into()], ..Overrides::default() };
//! let error = config::load("cartpole", &overrides).unwrap_err().to_string();
//! assert!(error.starts_with("--set agent.discont=0.98: there is no key agent.discont; did you mean agent.discount?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod changes;
mod error;
mod every;
mod experiment;

use std::path::Path;

use deepq_runs::RunFolder;

pub use catalogue::{find, names, published};
pub use changes::Changes;
pub use deepq_runs::{Document, DocumentError, KeyProblem, Problem};
pub use error::ConfigError;
pub use every::Every;
pub use experiment::{
    CheckpointSection, EnvironmentSection, EvaluationSection, Experiment, TrainingSection, TransferSection,
};
pub(crate) use experiment::{of_agent, of_net, of_setting};

/// What a command line changes in an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// `--env`: the same agent in another environment. The experiment is called after both then, and has no
    /// `evaluation.stop_at`, which is a score of its own environment. It comes before all others.
    pub env: Option<String>,
    /// `--set key=value`, in order.
    pub set: Vec<String>,
    /// `--seed`: `training.seed`.
    pub seed: Option<u64>,
    /// `--steps`: `training.steps`.
    pub steps: Option<u64>,
}

impl Overrides {
    /// Puts the values in place.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Override`].
    pub fn apply(&self, document: &mut Document) -> Result<(), DocumentError> {
        if let Some(id) = &self.env {
            elsewhere(document, id)?;
        }
        for assignment in &self.set {
            document.set(assignment)?;
        }
        for (key, option, value) in [("training.seed", "--seed", self.seed), ("training.steps", "--steps", self.steps)]
        {
            if let Some(value) = value {
                let name = format!("{option} {value}");
                let reason = || DocumentError::Override {
                    assignment: name.clone(),
                    reason: format!("at most {}, the largest number of a TOML file", i64::MAX),
                };
                document.set_value(key, i64::try_from(value).map_err(|_| reason())?, &name)?;
            }
        }
        Ok(())
    }
}

/// Takes an experiment to another environment; nothing where it is its own.
fn elsewhere(document: &mut Document, id: &str) -> Result<(), DocumentError> {
    let option = format!("--env {id}");
    let text = |key: &str| document.text_of(key).unwrap_or_default();
    let (name, own) = (text("name"), text("environment.id"));
    if own == id {
        return Ok(());
    }
    let folder = id.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c), "-");
    document.set_value("name", format!("{name}-{folder}"), &option)?;
    document.set_value("summary", format!("{name} on {id} instead of {own}"), &option)?;
    document.set_value("environment.id", id, &option)?;
    document.remove("evaluation.stop_at");
    Ok(())
}

/// Finds an experiment by name or path, puts the overrides in, and checks it.
///
/// # Errors
///
/// [`ConfigError`] says which file or override, which key, and what is allowed.
pub fn load(name_or_path: &str, overrides: &Overrides) -> Result<(Experiment, Document), ConfigError> {
    checked(find(name_or_path)?, overrides)
}

/// Reads an experiment from a file, puts the overrides in, and checks it.
///
/// # Errors
///
/// As [`load`].
pub fn load_file(path: &Path, overrides: &Overrides) -> Result<(Experiment, Document), ConfigError> {
    checked(Document::open(path)?, overrides)
}

/// The experiment of a run, with the overrides put in.
pub(crate) fn of_run(folder: &RunFolder, overrides: &Overrides) -> Result<(Experiment, Document), ConfigError> {
    load_file(&folder.experiment(), overrides)
}

/// Puts the overrides into a document, and checks it.
pub(crate) fn checked(mut document: Document, overrides: &Overrides) -> Result<(Experiment, Document), ConfigError> {
    overrides.apply(&mut document)?;
    let experiment: Experiment = document.read()?;
    experiment.validate().map_err(|problem| document.locate(problem))?;
    Ok((experiment, document))
}
