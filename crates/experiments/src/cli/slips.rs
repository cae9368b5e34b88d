//! What somebody meant who named one thing where another belongs, and what to type instead.

use std::path::Path;

use deepq_envs::Registry;
use deepq_experiments::config::{self, ConfigError, Overrides};
use deepq_experiments::program;
use deepq_experiments::run::Place;
use thiserror::Error;

/// Something that there is, but not where it was named.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Slip(String);

/// Why `train` finds no experiment of this name.
pub(super) fn no_experiment(name: &str, error: ConfigError, registry: &Registry) -> anyhow::Error {
    if !matches!(error, ConfigError::UnknownExperiment { .. } | ConfigError::Unreadable { .. }) {
        return error.into();
    }
    let program = program::name();
    let said = match Place::at(Path::new(name)) {
        Place::Run => {
            Some(format!("{name} is a run, and no experiment; `{program} train --resume {name}` goes on with it"))
        }
        Place::Group(_) => {
            Some(format!("{name} holds runs of several seeds; `{program} train --resume {name}` goes on with them"))
        }
        Place::Runs(runs) => runs.first().map(|newest| {
            let newest = newest.display();
            format!("{name} holds runs; `{program} train --resume {newest}` goes on with the newest of them")
        }),
        Place::PartOf(run) => {
            let run = run.display();
            Some(format!("{name} belongs to the run {run}; `{program} train --resume {run}` goes on with it"))
        }
        Place::Folder => Some(format!("{name} is a folder, and no experiment's file")),
        Place::File | Place::Nothing => environment(name, registry),
    };
    said.map_or_else(|| error.into(), |said| Slip(said).into())
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

/// Why nobody can play in what is a run.
pub(super) fn no_environment(name: &str) -> Option<anyhow::Error> {
    let watch = |run: &str| format!("`{} play --watch {run}` shows", program::name());
    let said = match Place::at(Path::new(name)) {
        Place::Run => format!("{name} is a run, and no environment; {} its agent at play", watch(name)),
        Place::Group(seeds) => {
            let first = seeds.first()?.display().to_string();
            format!("{name} holds runs of several seeds; {} the agent of one at play", watch(&first))
        }
        Place::Runs(runs) => {
            let newest = runs.first()?.display().to_string();
            format!("{name} holds runs; {} the newest one's agent at play", watch(&newest))
        }
        Place::PartOf(run) => {
            format!("{name} belongs to a run; {} its agent at play", watch(&run.display().to_string()))
        }
        Place::Folder | Place::File | Place::Nothing => return None,
    };
    Some(Slip(said).into())
}
