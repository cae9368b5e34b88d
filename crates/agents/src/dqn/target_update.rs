//! When the target network follows the online network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Counters, SpecError};

/// The rule by which the target network follows the online network; in an experiment's TOML one of
///
/// ```toml
/// target_update = "none"                               # no target network: the online network says the targets
/// target_update = { updates = 1_000 }                  # a copy after every 1,000th update
/// target_update = { steps = 10_000 }                   # a copy each time 10,000 more agent steps are done
/// target_update = { episodes = 30 }                    # a copy each time 30 more episodes have ended
/// target_update = { polyak = { tau = 0.005, updates = 1 } }   # target += tau * (online - target) after every update
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TargetUpdate {
    /// There is no target network.
    None,
    /// A copy after every `n`-th update ([Mnih et al. 2015](https://www.nature.com/articles/nature14236)).
    Updates(#[schemars(range(min = 1))] u64),
    /// A copy when the agent steps (of all streams together) reach or pass another multiple of `n`, after the updates
    /// that the step made due.
    Steps(#[schemars(range(min = 1))] u64),
    /// A copy when the ended episodes reach another multiple of `n`, after the updates that the episode's last step
    /// made due.
    Episodes(#[schemars(range(min = 1))] u64),
    /// A step of `tau` towards the online network after every `updates`-th update
    /// ([Lillicrap et al. 2015](https://arxiv.org/abs/1509.02971)).
    Polyak {
        /// How far the target network goes each time: above 0, at most 1.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        tau: f64,
        /// Updates from one time to the next.
        #[schemars(range(min = 1))]
        updates: u64,
    },
}

impl TargetUpdate {
    /// How many times the target network has had to follow when a run stands at `counters`: it follows whenever this
    /// number grows.
    pub fn times(&self, counters: &Counters) -> u64 {
        let times = match *self {
            Self::None => None,
            Self::Updates(n) | Self::Polyak { updates: n, .. } => counters.updates.checked_div(n),
            Self::Steps(n) => counters.agent_steps.checked_div(n),
            Self::Episodes(n) => counters.episodes.checked_div(n),
        };
        times.unwrap_or(0)
    }

    /// Checks that the numbers are possible.
    ///
    /// # Errors
    ///
    /// The key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        let positive = |key, n: u64| SpecError::unless(n > 0, key, n, "at least 1");
        match *self {
            Self::None => Ok(()),
            Self::Updates(n) => positive("target_update.updates", n),
            Self::Steps(n) => positive("target_update.steps", n),
            Self::Episodes(n) => positive("target_update.episodes", n),
            Self::Polyak { tau, updates } => {
                let possible = tau > 0.0 && tau <= 1.0;
                SpecError::unless(possible, "target_update.polyak.tau", tau, "above 0 and at most 1")?;
                positive("target_update.polyak.updates", updates)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_counts_its_own() {
        let counters = Counters { agent_steps: 9_999, updates: 2_500, episodes: 61 };
        assert_eq!(TargetUpdate::None.times(&counters), 0);
        assert_eq!(TargetUpdate::Updates(1_000).times(&counters), 2);
        assert_eq!(TargetUpdate::Steps(10_000).times(&counters), 0);
        assert_eq!(TargetUpdate::Steps(10_000).times(&Counters { agent_steps: 10_000, ..counters }), 1);
        assert_eq!(TargetUpdate::Episodes(30).times(&counters), 2);
        assert_eq!(TargetUpdate::Polyak { tau: 0.01, updates: 2 }.times(&counters), 1_250);
    }

    #[test]
    fn reads_every_form() {
        let read = |json: &str| serde_json::from_str::<TargetUpdate>(json).unwrap();
        assert_eq!(read(r#""none""#), TargetUpdate::None);
        assert_eq!(read(r#"{"updates": 1000}"#), TargetUpdate::Updates(1_000));
        assert_eq!(read(r#"{"steps": 10000}"#), TargetUpdate::Steps(10_000));
        assert_eq!(read(r#"{"episodes": 30}"#), TargetUpdate::Episodes(30));
        let polyak = TargetUpdate::Polyak { tau: 0.005, updates: 1 };
        assert_eq!(read(r#"{"polyak": {"tau": 0.005, "updates": 1}}"#), polyak);
        let error = serde_json::from_str::<TargetUpdate>(r#"{"update": 1000}"#).unwrap_err().to_string();
        assert!(error.contains("`update`") && error.contains("`updates`"), "{error}");
    }

    #[test]
    fn impossible_values_are_named() {
        let refused = |rule: TargetUpdate| rule.validate().unwrap_err().to_string();
        assert_eq!(
            refused(TargetUpdate::Updates(0)),
            "target_update.updates = 0 is not allowed: it must be at least 1"
        );
        assert!(refused(TargetUpdate::Polyak { tau: 0.0, updates: 1 }).starts_with("target_update.polyak.tau = 0"));
        assert!(refused(TargetUpdate::Polyak { tau: f64::NAN, updates: 1 }).contains("NaN"));
    }
}
