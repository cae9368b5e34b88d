//! The environments that an experiment names.

use std::sync::atomic::Ordering;

use deepq_envs::{AnyEnv, BoxedEnv, Element, ElementKind, EnvError, EnvOptions};
use deepq_runs::{Document, KeyProblem, Problem};
use rayon::prelude::*;

use super::Assembly;
use crate::RunError;
use crate::config::{EnvironmentSection, Experiment};
use crate::evaluation::{Evaluator, Protocol};

/// An element type whose environments the registry can give.
pub trait Observed: Element {
    /// The environment, if its observations are of this type.
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>>;
}

impl Observed for f32 {
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>> {
        env.into_vector()
    }
}

impl Observed for u8 {
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>> {
        env.into_frames()
    }
}

impl Assembly<'_> {
    /// What the observations are made of.
    ///
    /// # Errors
    ///
    /// If the environment cannot be made.
    pub fn element(&self) -> Result<ElementKind, RunError> {
        Ok(self.any(&self.experiment.environment, &EnvOptions::new())?.kind())
    }

    pub(super) fn any(&self, section: &EnvironmentSection, evaluation: &EnvOptions) -> Result<AnyEnv, RunError> {
        self.located(self.registry.make(&section.id, &section.options), evaluation)
    }

    /// What was made, or where it stands why it was not.
    fn located(&self, made: Result<AnyEnv, EnvError>, evaluation: &EnvOptions) -> Result<AnyEnv, RunError> {
        made.map_err(|error| of_env(error, self.document, evaluation))
    }

    fn environments<E: Observed>(
        &self,
        n: usize,
        section: &EnvironmentSection,
        evaluation: &EnvOptions,
    ) -> Result<Vec<BoxedEnv<E>>, RunError> {
        let [started, all] = &self.starting;
        started.store(0, Ordering::Relaxed);
        all.store(n, Ordering::Relaxed);
        let make = |_| {
            let made = self.registry.make(&section.id, &section.options);
            started.fetch_add(1, Ordering::Relaxed);
            made
        };
        // On threads, because some take long to start.
        let made: Vec<_> = (0..n).into_par_iter().map(make).collect();
        made.into_iter().map(|env| self.of_type(section, self.located(env, evaluation)?)).collect()
    }

    /// Of the environments that are being made: how many there are, and how many there will be.
    pub(crate) fn started(&self) -> (usize, usize) {
        let [started, all] = &self.starting;
        (started.load(Ordering::Relaxed), all.load(Ordering::Relaxed))
    }

    pub(super) fn environment<E: Observed>(
        &self,
        section: &EnvironmentSection,
        evaluation: &EnvOptions,
    ) -> Result<BoxedEnv<E>, RunError> {
        self.of_type(section, self.any(section, evaluation)?)
    }

    fn of_type<E: Observed>(&self, section: &EnvironmentSection, env: AnyEnv) -> Result<BoxedEnv<E>, RunError> {
        E::env(env).ok_or_else(|| {
            let message = format!("the observations of {} are not of the training environment's type", section.id);
            self.document.locate(KeyProblem::new("evaluation.environment", Problem::Other(message))).into()
        })
    }

    /// The environments to train in.
    ///
    /// # Errors
    ///
    /// If they cannot be made; the message names the key.
    pub fn training_environments<E: Observed>(&self) -> Result<Vec<BoxedEnv<E>>, RunError> {
        let Experiment { environment, training, .. } = self.experiment;
        self.environments(training.environments, environment, &EnvOptions::new())
    }

    /// One of them alone, for what only depends on what they are like.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the message names the key.
    pub fn training_environment<E: Observed>(&self) -> Result<BoxedEnv<E>, RunError> {
        self.environment(&self.experiment.environment, &EnvOptions::new())
    }

    /// An evaluation by the experiment's protocol; `protocol` may change the number of episodes and the seeds.
    ///
    /// # Errors
    ///
    /// If the environments cannot be made; the message names the key.
    pub fn evaluator<E: Observed>(&self, protocol: Protocol) -> Result<Evaluator<E>, RunError> {
        let section = self.experiment.evaluation_environment();
        let n = self.experiment.evaluation.environments.min(protocol.episodes);
        let envs = self.environments(n, &section, &self.experiment.evaluation.environment)?;
        Ok(Evaluator::new(envs, protocol))
    }
}

/// Why an environment cannot be made, with the key. Options that `[evaluation.environment]` gives are sought there.
pub(crate) fn of_env(error: EnvError, document: &Document, evaluation: &EnvOptions) -> RunError {
    match key_of_env(error, evaluation) {
        Ok(problem) => document.locate(problem).into(),
        Err(error) => error.into(),
    }
}

/// The key that an environment complains about.
fn key_of_env(error: EnvError, evaluation: &EnvOptions) -> Result<KeyProblem, EnvError> {
    let key = |option: &str| match evaluation.get(option) {
        Some(_) => format!("evaluation.environment.{option}"),
        None => format!("environment.{option}"),
    };
    match error {
        EnvError::UnknownId { .. } => Ok(KeyProblem::new("environment.id", Problem::Other(error.to_string()))),
        EnvError::UnknownOption { option, known, .. } => {
            let known = known.split(", ").map(str::to_owned).chain(["id".to_owned()]).collect();
            Ok(KeyProblem::new(&key(&option), Problem::Unknown { known }))
        }
        EnvError::InvalidOption { option, value, reason, .. } => {
            let allowed = reason.strip_prefix("it is ").unwrap_or(&reason).to_owned();
            Ok(KeyProblem::invalid(&key(&option), value, allowed))
        }
        error => Err(error),
    }
}
