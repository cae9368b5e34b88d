//! When updates are due, for agents that learn from a replay, and how many transitions each takes.

use schemars::{JsonSchema, Schema};
use serde::de::{self, MapAccess, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::SpecError;

/// How an agent with a replay spreads its updates over its steps; in an experiment's TOML these keys of `[training]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateSpec {
    /// Transitions in a batch.
    pub batch_size: usize,
    /// When learning starts.
    pub learning_starts: LearningStarts,
    /// Agent steps (of all streams together) from one round of updates to the next.
    pub update_every: u64,
    /// Updates in a round.
    #[serde(default = "one")]
    pub gradient_steps: u64,
}

fn one() -> u64 {
    UpdateSpec::GRADIENT_STEPS
}

impl UpdateSpec {
    /// Updates in a round where nothing else is said.
    pub const GRADIENT_STEPS: u64 = 1;

    /// As [Mnih et al. 2015](https://www.nature.com/articles/nature14236) have it, extended data table 1: batches of 32, a
    /// replay of 50,000 transitions before learning starts, then an update every 4 actions.
    pub fn nature_2015() -> Self {
        let learning_starts = LearningStarts::Steps(50_000);
        Self { batch_size: 32, learning_starts, update_every: 4, gradient_steps: Self::GRADIENT_STEPS }
    }

    /// Checks that the values are possible.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        SpecError::unless(self.batch_size > 0, "batch_size", self.batch_size, "at least 1")?;
        SpecError::unless(self.update_every > 0, "update_every", self.update_every, "at least 1")?;
        SpecError::unless(self.gradient_steps > 0, "gradient_steps", self.gradient_steps, "at least 1")
    }
}

/// When learning starts; in an experiment's TOML `learning_starts = 1_000` (agent steps, the same as `{ steps = 1_000 }`)
/// or `learning_starts = { batches = 10 }`.
///
/// However it is said, no update is made before the replay holds one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = or_steps)]
pub enum LearningStarts {
    /// After this many agent steps (of all streams together): the first update can follow the next one.
    Steps(u64),
    /// With the agent step after which the replay holds this many batches.
    Batches(u64),
}

/// A number alone is one of agent steps.
fn or_steps(schema: &mut Schema) {
    let steps = schemars::json_schema!({ "type": "integer", "minimum": 0, "description": "The same as `steps`." });
    if let Some(forms) = schema.get_mut("oneOf").and_then(|forms| forms.as_array_mut()) {
        forms.insert(0, steps.into());
    }
}

impl LearningStarts {
    /// The agent steps that come before the first update, where batches have this size and every step is stored.
    pub fn agent_steps(self, batch_size: usize) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Batches(batches) => batches.saturating_mul(batch_size as u64),
        }
    }
}

impl<'de> Deserialize<'de> for LearningStarts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        enum Named {
            Steps(u64),
            Batches(u64),
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = LearningStarts;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number of agent steps, at least 0, or { batches = N }")
            }

            fn visit_u64<E: de::Error>(self, steps: u64) -> Result<Self::Value, E> {
                Ok(LearningStarts::Steps(steps))
            }

            fn visit_i64<E: de::Error>(self, steps: i64) -> Result<Self::Value, E> {
                let negative = |_| E::invalid_value(de::Unexpected::Signed(steps), &self);
                u64::try_from(steps).map(LearningStarts::Steps).map_err(negative)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(match Named::deserialize(MapAccessDeserializer::new(map))? {
                    Named::Steps(steps) => LearningStarts::Steps(steps),
                    Named::Batches(batches) => LearningStarts::Batches(batches),
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Turns agent steps into updates: `gradient_steps` of them for every `update_every` agent steps from `learning_starts`
/// on. Steps of several streams count one by one, so that 16 environments with an update every 4 steps make 4 updates
/// each time all have been stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdatesDue {
    /// Agent steps that have been looked at.
    seen_steps: u64,
    /// Of these, the ones that count towards the next round.
    steps: u64,
    /// Updates that are due.
    updates: u64,
}

impl UpdatesDue {
    /// Takes one update, if one is due after `agent_steps` with `held` transitions in the replay.
    pub(crate) fn take(&mut self, spec: &UpdateSpec, agent_steps: u64, held: usize) -> bool {
        let started_at = match spec.learning_starts {
            LearningStarts::Steps(steps) => (agent_steps > steps).then_some(steps),
            LearningStarts::Batches(batches) => {
                let needed = batches.saturating_mul(spec.batch_size as u64);
                (held as u64 >= needed).then_some(0)
            }
        };
        if let Some(started_at) = started_at.filter(|_| held >= spec.batch_size) {
            self.steps += agent_steps.saturating_sub(self.seen_steps.max(started_at));
            self.updates += self.steps / spec.update_every * spec.gradient_steps;
            self.steps %= spec.update_every;
        }
        self.seen_steps = agent_steps;
        let due = self.updates > 0;
        self.updates -= u64::from(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(learning_starts: LearningStarts, update_every: u64, gradient_steps: u64) -> UpdateSpec {
        UpdateSpec { batch_size: 4, learning_starts, update_every, gradient_steps }
    }

    const JSON: &str = r#"{"batch_size": 4, "learning_starts": 1000, "update_every": 1}"#;

    #[test]
    fn reads_what_it_writes_and_refuses_unknown_keys() {
        assert_eq!(serde_json::from_str::<UpdateSpec>(JSON).unwrap(), spec(LearningStarts::Steps(1_000), 1, 1));
        let everything = spec(LearningStarts::Batches(10), 2, 4);
        let written = serde_json::to_string(&everything).unwrap();
        assert_eq!(serde_json::from_str::<UpdateSpec>(&written).unwrap(), everything, "{written}");
        let error = serde_json::from_str::<UpdateSpec>(&JSON.replace("update_every", "update_evry")).unwrap_err();
        assert!(error.to_string().contains("`update_evry`"), "{error}");
    }

    #[test]
    fn learning_starts_by_steps_or_batches() {
        let read = serde_json::from_str::<LearningStarts>;
        assert_eq!(read("1000").unwrap(), LearningStarts::Steps(1_000));
        assert_eq!(read(r#"{"steps": 5}"#).unwrap(), LearningStarts::Steps(5));
        assert_eq!(read(r#"{"batches": 10}"#).unwrap(), LearningStarts::Batches(10));
        assert!(read("-1").unwrap_err().to_string().contains("at least 0"));
        assert!(read(r#"{"episodes": 1}"#).unwrap_err().to_string().contains("`batches`"));
        assert_eq!(LearningStarts::Steps(7).agent_steps(32), 7);
        assert_eq!(LearningStarts::Batches(3).agent_steps(32), 96);
    }

    #[test]
    fn impossible_values_are_named_with_what_is_allowed() {
        let good = spec(LearningStarts::Steps(0), 1, 1);
        good.validate().unwrap();
        let refused = |spec: UpdateSpec| spec.validate().unwrap_err().to_string();
        assert!(refused(UpdateSpec { batch_size: 0, ..good }).starts_with("batch_size = 0"));
        assert!(refused(UpdateSpec { update_every: 0, ..good }).starts_with("update_every = 0"));
        assert!(refused(UpdateSpec { gradient_steps: 0, ..good }).starts_with("gradient_steps = 0"));
    }

    /// Updates made after each of the first `n` agent steps of all of `streams`, everything being stored.
    fn updates(spec: &UpdateSpec, streams: u64, n: u64) -> Vec<u32> {
        let mut due = UpdatesDue::default();
        (1..=n)
            .map(|t| (0..100).take_while(|_| due.take(spec, t * streams, (t * streams) as usize)).count() as u32)
            .collect()
    }

    #[test]
    fn the_first_update_follows_the_step_after_learning_starts() {
        assert_eq!(updates(&spec(LearningStarts::Steps(6), 1, 1), 1, 9), [0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn one_update_every_k_steps() {
        assert_eq!(updates(&spec(LearningStarts::Steps(5), 3, 1), 1, 12), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(updates(&spec(LearningStarts::Steps(5), 3, 2), 1, 9), [0, 0, 0, 0, 0, 0, 0, 2, 0]);
    }

    #[test]
    fn steps_of_all_streams_count() {
        // 16 steps at a time, one update for 4 of them; of the first 16 the last 6 count.
        assert_eq!(updates(&spec(LearningStarts::Steps(10), 4, 1), 16, 3), [1, 4, 4]);
        // 3 at a time, one for 4: nothing is lost.
        assert_eq!(updates(&spec(LearningStarts::Steps(0), 4, 1), 3, 8).iter().sum::<u32>(), 5);
    }

    #[test]
    fn nothing_is_made_up_for_before_the_replay_holds_a_batch() {
        assert_eq!(updates(&spec(LearningStarts::Steps(0), 1, 1), 1, 6), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn the_replay_can_say_when_learning_starts() {
        assert_eq!(updates(&spec(LearningStarts::Batches(2), 1, 1), 1, 10), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }
}
