//! What somebody changed in the experiment of a run that is to go on.

use deepq_agents::UpdateSpec;
use deepq_runs::{Change, Document, DocumentError, FREE_KEYS};

use super::experiment::Experiment;

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
    pub fn between(before: &Document, now: &Document) -> Result<Self, DocumentError> {
        let (harmless, forbidden) = Change::all(before, now).into_iter().partition(Change::is_free);
        let mut changes = Self { harmless, forbidden };
        let mut as_free_as_now = before.clone();
        FREE_KEYS.iter().for_each(|key| as_free_as_now.take(key, now));
        if spelled_out(as_free_as_now.read()?) == spelled_out(now.read()?) {
            changes.forbidden.clear();
        }
        Ok(changes)
    }

    /// The keys that a run may go on with, in words.
    pub fn free_keys() -> String {
        FREE_KEYS.join(", ")
    }
}

/// The experiment with what it left out for the algorithm to decide, whether that uses it or not.
fn spelled_out(mut experiment: Experiment) -> Experiment {
    experiment.training.gradient_steps.get_or_insert(UpdateSpec::GRADIENT_STEPS);
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
    fn what_makes_another_run_is_named_and_what_only_looks_so_is_not() {
        let changed = changes(&["agent.discount=0.98", "network.torso.hidden=[8, 9]", "training.seed=2"]);
        let keys: Vec<&str> = changed.forbidden.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["agent.discount", "network.torso.hidden", "training.seed"]);
        // Defaults spelled out, and the same numbers written otherwise.
        assert!(changes(&["training.gradient_steps=1", "replay.capacity=20000"]).forbidden.is_empty());
    }
}
