//! In which keys two experiments differ.

use std::fmt;

use crate::Document;

/// The keys that decide no number of the training itself: a run may go on with other values. (The length may only grow,
/// which is looked at elsewhere.)
pub const FREE_KEYS: &[&str] = &[
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

impl Change {
    /// Every key that has another value in one document than in the other.
    pub fn all(before: &Document, now: &Document) -> Vec<Self> {
        let (before, now) = (before.values(), now.values());
        let keys = before.keys().chain(now.keys().filter(|key| !before.contains_key(*key)));
        keys.filter(|key| before.get(*key) != now.get(*key))
            .map(|key| Self { key: key.clone(), before: before.get(key).cloned(), now: now.get(key).cloned() })
            .collect()
    }

    /// The keys, with both values, that make two runs ones of different experiments: all but the seed and what decides no
    /// number. Only what stands in the documents is compared, so that runs of any version can be.
    pub fn of_experiment(one: &Document, other: &Document) -> Vec<Self> {
        let mut changes = Self::all(one, other);
        changes.retain(|change| change.key != SEED && !change.is_free());
        changes
    }

    /// Whether it decides no number of a run: see [`FREE_KEYS`].
    pub fn is_free(&self) -> bool {
        FREE_KEYS.contains(&self.key.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn document(set: &[&str]) -> Document {
        let text = "[training]\nseed = 1\nsteps = 20_000\n[evaluation]\nevery = 1_000\n[agent]\ndiscount = 0.99\n";
        let mut document = Document::parse("test", text).unwrap();
        set.iter().for_each(|set| document.set(set).unwrap());
        document
    }

    #[test]
    fn runs_of_one_experiment_differ_in_their_seed() {
        let one = document(&[]);
        let mut other = document(&["training.seed=2", "training.steps=30000", "evaluation.every=7"]);
        assert_eq!(Change::of_experiment(&one, &other), []);
        assert_eq!(Change::all(&one, &other).len(), 3);
        other.set("agent.discount=0.98").unwrap();
        let keys: Vec<String> = Change::of_experiment(&one, &other).into_iter().map(|change| change.key).collect();
        assert_eq!(keys, ["agent.discount"]);
    }

    #[test]
    fn long_numbers_are_said_so_that_they_can_be_read() {
        let said = |set: &str| Change::all(&document(&[]), &document(&[set]))[0].to_string();
        assert_eq!(said("training.steps=30000"), "training.steps is 30_000, and was 20_000");
        assert_eq!(said("evaluation.stop_at=-1500"), "evaluation.stop_at is -1_500, and was not set");
    }
}
