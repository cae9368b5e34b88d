//! Values that change over a run, as the exploration rate does.

use std::ops::RangeInclusive;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{Counters, SpecError};

/// What a schedule counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Agent steps: actions chosen, those of all streams together.
    #[default]
    Step,
    /// Updates of the network.
    Update,
    /// Episodes that have ended (whole games, not lives).
    Episode,
}

impl Clock {
    /// What the clock shows.
    pub fn read(self, counters: &Counters) -> u64 {
        match self {
            Self::Step => counters.agent_steps,
            Self::Update => counters.updates,
            Self::Episode => counters.episodes,
        }
    }
}

/// A value as a function of how far a run is; in an experiment's TOML the section `[exploration]`:
///
/// ```toml
/// kind = "linear"     # 1.0 until step 1,000, then straight to 0.01 at step 10,000, and 0.01 from there on
/// start = 1.0
/// end = 0.01
/// from = 1_000
/// to = 10_000
/// by = "step"         # or "update", "episode"; "step" where it is not given
/// ```
///
/// A schedule is a function, it has no state of its own: *t* is what its clock shows, 0 at the first action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same value.
    Constant {
        /// The value.
        value: f64,
    },
    /// `start` until `from`, a straight line to `end` at `to`, `end` from there on.
    Linear {
        /// The first value.
        start: f64,
        /// The last value.
        end: f64,
        /// Where the line starts, on the clock `by`.
        from: u64,
        /// Where the line ends, greater than `from`.
        #[schemars(range(min = 1))]
        to: u64,
        /// The value stays at `start` until here although the line already runs below it, then jumps onto the line
        /// (the Keras example for Breakout explores purely for 50,000 of 1,000,000 steps in this way). 0: no such time.
        #[serde(default)]
        hold_until: u64,
        /// What `t` counts.
        #[serde(default)]
        by: Clock,
    },
    /// `max(start * factor^t, end)`.
    Multiplicative {
        /// The first value.
        start: f64,
        /// What it is multiplied by each time; above 0, at most 1.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        factor: f64,
        /// The floor, at most `start`.
        end: f64,
        /// What `t` counts.
        #[serde(default)]
        by: Clock,
    },
    /// `end + (start - end) * exp(-t / decay)`.
    Exponential {
        /// The first value.
        start: f64,
        /// The value that it tends to.
        end: f64,
        /// The decay constant, on the clock `by`; positive.
        #[schemars(extend("exclusiveMinimum" = 0))]
        decay: f64,
        /// What `t` counts.
        #[serde(default)]
        by: Clock,
    },
}

impl Schedule {
    /// Epsilon as [Mnih et al. 2015](https://www.nature.com/articles/nature14236) have it, extended data table 1: from 1 to
    /// 0.1 over the first million actions (four million frames), then constant.
    pub fn nature_2015() -> Self {
        Self::Linear { start: 1.0, end: 0.1, from: 0, to: 1_000_000, hold_until: 0, by: Clock::Step }
    }

    /// The value where a run stands at `counters`.
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn value(&self, counters: &Counters) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Linear { start, end, from, to, hold_until, by } => match by.read(counters) {
                t if t <= from || t < hold_until => start,
                t if t >= to => end,
                t => start + (end - start) * ((t - from) as f64 / (to - from) as f64),
            },
            Self::Multiplicative { start, factor, end, by } => {
                (start * libm::pow(factor, by.read(counters) as f64)).max(end)
            }
            Self::Exponential { start, end, decay, by } => {
                end + (start - end) * libm::exp(-(by.read(counters) as f64) / decay)
            }
        }
    }

    /// The schema of a schedule whose values lie in `allowed`, as [`validate`](Self::validate) checks it.
    pub(crate) fn schema_within(allowed: &RangeInclusive<f64>, generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Self::json_schema(generator);
        let kinds = schema.get_mut("oneOf").and_then(|kinds| kinds.as_array_mut()).into_iter().flatten();
        for keys in kinds.filter_map(|kind| kind.get_mut("properties")) {
            for key in ["value", "start", "end"] {
                if let Some(value) = keys.get_mut(key).and_then(|value| value.as_object_mut()) {
                    value.insert("minimum".to_owned(), (*allowed.start()).into());
                    value.insert("maximum".to_owned(), (*allowed.end()).into());
                }
            }
        }
        schema
    }

    /// Checks that every value the schedule can take lies in `allowed` (written out in `allowed_words`), and that it
    /// goes from its start to its end.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self, allowed: &RangeInclusive<f64>, allowed_words: &'static str) -> Result<(), SpecError> {
        let within = |key, value: f64| SpecError::unless(allowed.contains(&value), key, value, allowed_words);
        match *self {
            Self::Constant { value } => within("value", value),
            Self::Linear { start, end, from, to, .. } => {
                within("start", start)?;
                within("end", end)?;
                SpecError::unless(from < to, "to", to, "greater than from")
            }
            Self::Multiplicative { start, factor, end, .. } => {
                within("start", start)?;
                within("end", end)?;
                SpecError::unless(end <= start, "end", end, "at most start: it is the floor")?;
                SpecError::unless(factor > 0.0 && factor <= 1.0, "factor", factor, "above 0 and at most 1")
            }
            Self::Exponential { start, end, decay, .. } => {
                within("start", start)?;
                within("end", end)?;
                SpecError::unless(decay.is_finite() && decay > 0.0, "decay", decay, "a positive number")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(schedule: &Schedule, agent_steps: u64) -> f64 {
        schedule.value(&Counters { agent_steps, updates: 7, episodes: 100 })
    }

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
    }

    /// As the experiment `cartpole` has it.
    #[test]
    fn linear_is_flat_straight_and_flat() {
        let schedule =
            Schedule::Linear { start: 1.0, end: 0.01, from: 1_000, to: 10_000, hold_until: 0, by: Clock::Step };
        for (step, value) in [(0, 1.0), (1_000, 1.0), (5_500, 0.505), (9_999, 0.01011), (10_000, 0.01), (1 << 40, 0.01)]
        {
            assert_close(at(&schedule, step), value);
        }
    }

    /// Where the line ends, 1 + (0.01 - 1) is not quite 0.01.
    #[test]
    fn linear_ends_at_its_end_to_the_bit() {
        let schedule = Schedule::Linear { start: 1.0, end: 0.01, from: 0, to: 10, hold_until: 0, by: Clock::Step };
        assert_eq!([10, 11].map(|step| at(&schedule, step).to_bits()), [0.01f64.to_bits(); 2]);
    }

    /// Keras' Breakout: epsilon falls from the first step on, but the first 50,000 are random.
    #[test]
    fn linear_can_hold_its_start_and_then_jump_onto_the_line() {
        let schedule =
            Schedule::Linear { start: 1.0, end: 0.1, from: 0, to: 1_000_000, hold_until: 50_000, by: Clock::Step };
        assert_close(at(&schedule, 49_999), 1.0);
        assert_close(at(&schedule, 50_000), 0.955);
        assert_close(at(&schedule, 500_000), 0.55);
    }

    #[test]
    fn multiplicative_falls_to_its_floor() {
        let schedule = Schedule::Multiplicative { start: 0.7, factor: 0.999, end: 0.05, by: Clock::Step };
        assert_close(at(&schedule, 0), 0.7);
        assert_close(at(&schedule, 1), 0.6993);
        assert_close(at(&schedule, 2), 0.698_600_7);
        // 0.7 * 0.999^2637 = 0.05004, one more is 0.04999.
        assert!(at(&schedule, 2_637) > 0.05);
        assert_close(at(&schedule, 2_638), 0.05);
    }

    /// As the experiment `lunarlander` has it: 0.001 + 0.699 exp(-episode/100), here at episode 100 whatever the step.
    #[test]
    fn exponential_counts_what_it_is_told_to() {
        let schedule = Schedule::Exponential { start: 0.7, end: 0.001, decay: 100.0, by: Clock::Episode };
        assert_close(at(&schedule, 12_345), 0.001 + 0.699 / std::f64::consts::E);
        let by_update = Schedule::Exponential { start: 0.7, end: 0.001, decay: 7.0, by: Clock::Update };
        assert_close(at(&by_update, 12_345), 0.001 + 0.699 / std::f64::consts::E);
    }

    #[test]
    fn reads_from_json_as_from_toml_and_refuses_unknown_keys() {
        let read = serde_json::from_str::<Schedule>;
        let schedule = read(r#"{"kind": "linear", "start": 1, "end": 0.1, "from": 0, "to": 10, "by": "episode"}"#);
        let linear = Schedule::Linear { start: 1.0, end: 0.1, from: 0, to: 10, hold_until: 0, by: Clock::Episode };
        assert_eq!(schedule.unwrap(), linear);
        let error = read(r#"{"kind": "constant", "value": 0.1, "decay": 3}"#).unwrap_err().to_string();
        assert!(error.contains("decay") && error.contains("value"), "{error}");
        let error = read(r#"{"kind": "linaer", "value": 0.1}"#).unwrap_err().to_string();
        assert!(error.contains("linaer") && error.contains("multiplicative"), "{error}");
    }

    #[test]
    fn impossible_values_are_named() {
        let refused = |schedule: Schedule| schedule.validate(&(0.0..=1.0), "from 0 to 1").unwrap_err().to_string();
        assert_eq!(refused(Schedule::Constant { value: 1.5 }), "value = 1.5 is not allowed: it must be from 0 to 1");
        assert!(refused(Schedule::Constant { value: f64::NAN }).starts_with("value = NaN"));
        let (start, end, by) = (1.0, 0.1, Clock::Step);
        let linear = Schedule::Linear { start, end, from: 10, to: 10, hold_until: 0, by };
        assert_eq!(refused(linear), "to = 10 is not allowed: it must be greater than from");
        assert!(refused(Schedule::Multiplicative { start, factor: 1.1, end, by }).starts_with("factor = 1.1"));
        assert!(refused(Schedule::Multiplicative { start: end, factor: 0.9, end: start, by }).starts_with("end = 1"));
        assert!(refused(Schedule::Multiplicative { start, factor: 0.0, end, by }).starts_with("factor = 0"));
        assert!(refused(Schedule::Exponential { start, end, decay: 0.0, by }).starts_with("decay = 0"));
        assert!(refused(Schedule::Exponential { start, end, decay: f64::INFINITY, by }).starts_with("decay = inf"));
        let same = Schedule::Multiplicative { start, factor: 1.0, end: start, by };
        same.validate(&(0.0..=1.0), "from 0 to 1").unwrap();
    }
}
