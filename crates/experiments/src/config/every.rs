//! How often something is due.

use deepq_agents::Counters;
use schemars::{JsonSchema, Schema};
use serde::de::{self, MapAccess, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

/// How often something is due; in an experiment's TOML `every = 1_000` (agent steps, the same as `{ steps = 1_000 }`) or
/// `every = { episodes = 5 }`. 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", transform = or_steps)]
pub enum Every {
    /// Agent steps from one time to the next, those of all environments together.
    Steps(u64),
    /// Ended episodes from one time to the next: whole games, not lives.
    Episodes(u64),
}

/// A number alone is one of agent steps.
fn or_steps(schema: &mut Schema) {
    let steps = schemars::json_schema!({ "type": "integer", "minimum": 0, "description": "The same as `steps`." });
    if let Some(forms) = schema.get_mut("oneOf").and_then(|forms| forms.as_array_mut()) {
        forms.insert(0, steps.into());
    }
}

impl Every {
    /// How many times it has been due when a run stands at `counters`.
    pub fn times(self, counters: &Counters) -> u64 {
        let times = match self {
            Self::Steps(n) => counters.agent_steps.checked_div(n),
            Self::Episodes(n) => counters.episodes.checked_div(n),
        };
        times.unwrap_or(0)
    }

    /// Whether it is never due.
    pub fn is_never(self) -> bool {
        matches!(self, Self::Steps(0) | Self::Episodes(0))
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        enum Named {
            Steps(u64),
            Episodes(u64),
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Every;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number of agent steps, 0 or more, or { episodes = N }")
            }

            fn visit_u64<E: de::Error>(self, steps: u64) -> Result<Self::Value, E> {
                Ok(Every::Steps(steps))
            }

            fn visit_i64<E: de::Error>(self, steps: i64) -> Result<Self::Value, E> {
                let negative = |_| E::invalid_value(de::Unexpected::Signed(steps), &self);
                u64::try_from(steps).map(Every::Steps).map_err(negative)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(match Named::deserialize(MapAccessDeserializer::new(map))? {
                    Named::Steps(steps) => Every::Steps(steps),
                    Named::Episodes(episodes) => Every::Episodes(episodes),
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_counts_by_them() {
        let read = |json: &str| serde_json::from_str::<Every>(json);
        assert_eq!(read("1000").unwrap(), Every::Steps(1_000));
        assert_eq!(read(r#"{"steps": 1000}"#).unwrap(), Every::Steps(1_000));
        assert_eq!(read(r#"{"episodes": 5}"#).unwrap(), Every::Episodes(5));
        assert!(read("-1").unwrap_err().to_string().contains("{ episodes = N }"));
        assert!(read(r#"{"games": 5}"#).unwrap_err().to_string().contains("`episodes`"));

        let counters = Counters { agent_steps: 2_999, updates: 0, episodes: 14 };
        assert_eq!(Every::Steps(1_000).times(&counters), 2);
        assert_eq!(Every::Episodes(5).times(&counters), 2);
        assert_eq!((Every::Steps(0).times(&counters), Every::Steps(0).is_never()), (0, true));
    }
}
