//! Wrong usage that only the program can see: words that the command line let pass, and things that are there, but not where
//! they were named, with what to type instead.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use deepq_envs::Registry;
use deepq_experiments::RunError;
use deepq_experiments::config::{self, ConfigError, Overrides};
use deepq_runs::{DocumentError, Location};
use thiserror::Error;

use crate::invocation;

/// What is wrong with what was typed; the exit code is 2.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct UsageError(String);

/// Reads an option whose values the command line does not know.
pub(super) fn option<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, UsageError> {
    value.parse().map_err(|error| not_allowed(name, value, error))
}

/// An option with a value that it cannot have.
pub(super) fn not_allowed(name: &str, value: impl Display, why: impl Display) -> UsageError {
    UsageError(format!("--{name} {value}: {why}"))
}

/// Why `train` finds no experiment of this name.
pub(super) fn no_experiment(name: &str, error: ConfigError, registry: &Registry) -> anyhow::Error {
    if !matches!(error, ConfigError::UnknownExperiment { .. } | ConfigError::Document(DocumentError::Unreadable { .. }))
    {
        return error.into();
    }
    let program = invocation::program_name();
    let said = match Location::at(Path::new(name)) {
        Location::Run => {
            Some(format!("{name} is a run, and no experiment; `{program} train --resume {name}` goes on with it"))
        }
        Location::Group(_) => {
            Some(format!("{name} holds runs of several seeds; `{program} train --resume {name}` goes on with them"))
        }
        Location::Runs(runs) => runs.first().map(|newest| {
            let newest = newest.display();
            format!("{name} holds runs; `{program} train --resume {newest}` goes on with the newest of them")
        }),
        Location::PartOf(run) => {
            let run = run.display();
            Some(format!("{name} belongs to the run {run}; `{program} train --resume {run}` goes on with it"))
        }
        Location::Folder => Some(format!("{name} is a folder, and no experiment's file")),
        Location::File | Location::Nothing => environment(name, registry),
    };
    said.map_or_else(|| error.into(), |said| UsageError(said).into())
}

/// What is said of an environment where an experiment belongs.
fn environment(name: &str, registry: &Registry) -> Option<String> {
    let program = invocation::program_name();
    let experiments = config::names().filter(|experiment| {
        let loaded = config::load(experiment, &Overrides::default());
        loaded.is_ok_and(|(experiment, _)| experiment.environment.id.eq_ignore_ascii_case(name))
    });
    match experiments.collect::<Vec<_>>().as_slice() {
        [] => {
            let (id, _) = registry.entries().find(|(id, _)| id.eq_ignore_ascii_case(name))?;
            let like = if id.starts_with("ALE/") || id.contains("NoFrameskip-") { "pong" } else { "cartpole" };
            Some(format!(
                "{id} is an environment, and no experiment comes with it; another one can be trained in it, as by `{program} \
                 train {like} --set environment.id={id}`"
            ))
        }
        experiments => Some(format!(
            "{name} is an environment, and no experiment; with it there are {}: `{program} train {}`",
            experiments.join(", "),
            experiments[0]
        )),
    }
}

/// An environment that there is not, with what shows those that there are.
pub(super) fn unknown(error: RunError) -> anyhow::Error {
    match error {
        RunError::Config(error @ ConfigError::UnknownEnvironment { .. }) => {
            UsageError(format!("{error}; `{} list` shows them all", invocation::program_name())).into()
        }
        error => error.into(),
    }
}

/// Why nobody can play in what is a run.
pub(super) fn no_environment(name: &str) -> Option<anyhow::Error> {
    let watch = |run: &str| format!("`{} play --watch {run}` shows", invocation::program_name());
    let said = match Location::at(Path::new(name)) {
        Location::Run => format!("{name} is a run, and no environment; {} its agent at play", watch(name)),
        Location::Group(seeds) => {
            let first = seeds.first()?.display().to_string();
            format!("{name} holds runs of several seeds; {} the agent of one at play", watch(&first))
        }
        Location::Runs(runs) => {
            let newest = runs.first()?.display().to_string();
            format!("{name} holds runs; {} the newest one's agent at play", watch(&newest))
        }
        Location::PartOf(run) => {
            format!("{name} belongs to a run; {} its agent at play", watch(&run.display().to_string()))
        }
        Location::Folder | Location::File | Location::Nothing => return None,
    };
    Some(UsageError(said).into())
}
