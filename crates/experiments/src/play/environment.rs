//! What somebody can play in.

use std::path::Path;

use deepq_envs::{AnyEnv, EnvError, EnvOptions, Registry};
use deepq_runs::nearest;
use serde::Deserialize;

use crate::RunError;
use crate::assembly::of_env;
use crate::config::{self, ConfigError, Document, EnvironmentSection, Overrides};

/// An experiment of which only the environment is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alone {
    environment: EnvironmentSection,
}

/// The environment of this id; or, for an experiment's name or file, the one in which it is evaluated. `set` are overrides of
/// an experiment's keys, as `environment.frame_skip=2`.
///
/// # Errors
///
/// [`ConfigError`] if there is no such environment, or an override is wrong; what hinders the environment itself.
pub fn environment(name: &str, set: &[String], registry: &Registry) -> Result<AnyEnv, RunError> {
    let is_file = Path::new(name).extension().is_some_and(|extension| extension == "toml");
    if is_file || config::names().any(|known| known == name) {
        let (experiment, document) = config::load(name, &Overrides { set: set.to_vec(), ..Overrides::default() })?;
        let section = experiment.evaluation_environment();
        return make(&section, &document, &experiment.evaluation.environment, registry);
    }
    let mut document = Document::parse(name, "[environment]\n")?;
    document.set_value("environment.id", name, name)?;
    for assignment in set {
        document.set(assignment)?;
    }
    make(&document.read::<Alone>()?.environment, &document, &EnvOptions::new(), registry)
}

fn make(
    section: &EnvironmentSection,
    document: &Document,
    evaluation: &EnvOptions,
    registry: &Registry,
) -> Result<AnyEnv, RunError> {
    registry.make(&section.id, &section.options).map_err(|error| match error {
        EnvError::UnknownId { id, .. } => {
            let mut known: Vec<&str> = config::names().collect();
            known.extend(registry.entries().map(|(id, _)| id));
            let nearest = nearest(&id, &known).map(str::to_owned);
            ConfigError::UnknownEnvironment { name: id, nearest }.into()
        }
        error => of_env(error, document, evaluation),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, set: &[&str]) -> Result<AnyEnv, String> {
        let set: Vec<String> = set.iter().map(|&assignment| assignment.to_owned()).collect();
        environment(name, &set, &Registry::standard()).map_err(|error| error.to_string())
    }

    #[test]
    fn environments_are_found_by_id_and_by_experiment() {
        assert_eq!(made("FrozenLake-v1", &[]).unwrap().observation_shape(), [1]);
        assert_eq!(made("FrozenLake-v1", &["environment.one_hot=true"]).unwrap().observation_shape(), [16]);
        assert_eq!(made("cartpole", &[]).unwrap().id(), "CartPole-v1");
        assert_eq!(made("cartpole", &["environment.id=Acrobot-v1"]).unwrap().id(), "Acrobot-v1");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, set, words) in [
            ("CartPoel-v1", &[][..], &["CartPoel-v1", "\"CartPole-v1\""][..]),
            ("lunarladner", &[], &["lunarladner", "\"lunarlander\""]),
            ("no/such.toml", &[], &["no/such.toml"]),
            ("FrozenLake-v1", &["environment.one_hto=true"], &["environment.one_hto", "environment.one_hot"]),
            ("FrozenLake-v1", &["agent.discount=0.9"], &["agent"]),
            ("FrozenLake-v1", &["one_hot"], &["one_hot"]),
        ] {
            let said = made(name, set).unwrap_err();
            assert!(words.iter().all(|word| said.contains(word)), "{name}, {set:?}: {said}");
        }
    }
}
