//! What somebody changed in the experiment of a run that is to go on.

use std::fmt;

use super::algorithm::Algorithm;
use super::document::Document;
use super::error::ConfigError;
use super::experiment::Experiment;

/// The keys that decide no number of the training itself: a run may go on with other values. (The length may only grow,
/// which is looked at elsewhere.)
const FREE: &[&str] = &[
    "summary",
    "training.steps",
    "training.episodes",
    "training.log_every",
    "training.histograms_every",
    "evaluation.every",
    "evaluation.record_every",
    "evaluation.stop_at",
    "checkpoint.every",
    "checkpoint.keep",
    "replay.compression",
];

/// The key in which runs of one experiment differ.
const SEED: &str = "training.seed";

/// A key that has another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key, as `agent.discount`.
    pub key: String,
    /// Its value before; none where the key did not stand there.
    pub before: Option<String>,
    /// Its value now.
    pub now: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, before, now } = self;
        let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "not set".to_owned(), grouped);
        write!(f, "{key} is {}, and was {}", shown(now), shown(before))
    }
}

/// A value whose digits can be read, if it is a long whole number: `20_000`, as TOML has it.
fn grouped(value: &str) -> String {
    let digits = value.trim_start_matches('-');
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return value.to_owned();
    }
    let mut grouped = value[..value.len() - digits.len()].to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

/// What differs between the experiment as it was run and as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What a run may go on with.
    pub harmless: Vec<Change>,
    /// What makes it another run.
    pub forbidden: Vec<Change>,
}

impl Changes {
    /// Compares two experiments. A key that was left out and now stands there with the value that it had anyway is no
    /// change.
    ///
    /// # Errors
    ///
    /// If one of them is none.
    pub fn between(before: &Document, now: &Document) -> Result<Self, ConfigError> {
        let (old, new) = (before.values(), now.values());
        let mut changes = Self::default();
        for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
            let (before, now) = (old.get(key), new.get(key));
            if before != now {
                let change = Change { key: key.clone(), before: before.cloned(), now: now.cloned() };
                let list = if FREE.contains(&key.as_str()) { &mut changes.harmless } else { &mut changes.forbidden };
                list.push(change);
            }
        }
        let mut as_free_as_now = before.clone();
        FREE.iter().for_each(|key| as_free_as_now.take(key, now));
        if spelled_out(as_free_as_now.read()?) == spelled_out(now.read()?) {
            changes.forbidden.clear();
        }
        Ok(changes)
    }

    /// The keys, with both values, that make two runs ones of different experiments: all but the seed and what decides no
    /// number. Only what stands in the documents is compared, so that runs of any version can be.
    pub fn of_experiment(one: &Document, other: &Document) -> Vec<Change> {
        let (old, new) = (one.values(), other.values());
        let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
        let decisive = keys.filter(|key| *key != SEED && !FREE.contains(&key.as_str()));
        decisive
            .filter(|key| old.get(*key) != new.get(*key))
            .map(|key| Change { key: key.clone(), before: old.get(key).cloned(), now: new.get(key).cloned() })
            .collect()
    }

    /// The keys that a run may go on with, in words.
    pub fn free_keys() -> String {
        FREE.join(", ")
    }
}

/// The experiment with what it left out for the algorithm to decide.
fn spelled_out(mut experiment: Experiment) -> Experiment {
    if let Ok(Algorithm::Dqn { spec, .. }) = experiment.algorithm() {
        experiment.training.gradient_steps = Some(spec.gradient_steps);
    }
    experiment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::find;

    fn changes(set: &[&str]) -> Changes {
        let (before, mut now) = (find("cartpole").unwrap(), find("cartpole").unwrap());
        set.iter().for_each(|set| now.set(set).unwrap());
        Changes::between(&before, &now).unwrap()
    }

    #[test]
    fn what_decides_no_number_may_change() {
        assert_eq!(changes(&[]), Changes::default());
        let free = changes(&["training.steps=30000", "checkpoint.every=7", "evaluation.stop_at=400"]);
        assert!(free.forbidden.is_empty());
        let said: Vec<String> = free.harmless.iter().map(ToString::to_string).collect();
        let expected =
            ["checkpoint.every is 7, and was 5_000", "training.steps is 30_000, and was 20_000"].map(str::to_owned);
        assert!(expected.iter().all(|words| said.contains(words)), "{said:?}");
        assert!(said.contains(&"evaluation.stop_at is 400, and was not set".to_owned()), "{said:?}");
    }

    #[test]
    fn runs_of_one_experiment_differ_in_their_seed() {
        let (one, mut other) = (find("cartpole").unwrap(), find("cartpole").unwrap());
        for set in ["training.seed=2", "training.steps=30000", "evaluation.every=7"] {
            other.set(set).unwrap();
        }
        assert_eq!(Changes::of_experiment(&one, &other), []);
        other.set("agent.discount=0.98").unwrap();
        let keys: Vec<String> = Changes::of_experiment(&one, &other).into_iter().map(|change| change.key).collect();
        assert_eq!(keys, ["agent.discount"]);
    }

    #[test]
    fn what_makes_another_run_is_named_and_what_only_looks_so_is_not() {
        let changed = changes(&["agent.discount=0.98", "network.torso.hidden=[8, 9]", "training.seed=2"]);
        let keys: Vec<&str> = changed.forbidden.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["agent.discount", "network.torso.hidden", "training.seed"]);
        // Defaults spelled out, and the same numbers written otherwise.
        assert!(changes(&["training.gradient_steps=1", "replay.capacity=20000"]).forbidden.is_empty());
    }
}
