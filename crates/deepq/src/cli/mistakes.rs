//! What somebody meant who named one thing where another belongs, and what to type instead.

use std::path::Path;

use deepq_envs::Registry;
use deepq_experiments::RunError;
use deepq_experiments::config::{self, ConfigError, Overrides};
use deepq_runs::{DocumentError, Location};
use thiserror::Error;

use crate::program;

/// Something that there is, but not where it was named.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Mistake(String);

/// Why `train` finds no experiment of this name.
pub(super) fn no_experiment(name: &str, error: ConfigError, registry: &Registry) -> anyhow::Error {
    if !matches!(error, ConfigError::UnknownExperiment { .. } | ConfigError::Document(DocumentError::Unreadable { .. }))
    {
        return error.into();
    }
    let program = program::name();
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
    said.map_or_else(|| error.into(), |said| Mistake(said).into())
}

/// What is said of an environment where an experiment belongs.
fn environment(name: &str, registry: &Registry) -> Option<String> {
    let program = program::name();
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
            Mistake(format!("{error}; `{} list` shows them all", program::name())).into()
        }
        error => error.into(),
    }
}

/// Why nobody can play in what is a run.
pub(super) fn no_environment(name: &str) -> Option<anyhow::Error> {
    let watch = |run: &str| format!("`{} play --watch {run}` shows", program::name());
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
    Some(Mistake(said).into())
}
