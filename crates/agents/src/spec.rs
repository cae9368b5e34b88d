//! The list of algorithms, and an agent as data.

use deepq_core::Element;
use deepq_replay::Replay;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::{AgentParts, Algorithm};
use crate::{
    Agent, AgentError, DqnSpec, Need, PqnSpec, Preferences, ReinforceSpec, Setting, SettingError, SharedSettings,
};

/// Makes the enum of all algorithms, and hands what is asked of it to the one that it holds.
macro_rules! algorithms {
    ($($kind:tt => $name:ident($spec:ident),)*) => {
        /// An algorithm with its own settings; in an experiment's TOML the section `[agent]`, where `kind` names it.
        ///
        /// This is the one list of algorithms: whoever makes agents from experiments asks it, and knows none of them.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind")]
        pub enum AgentSpec {
            $(
                #[doc = concat!("The settings of `kind = \"", $kind, "\"`.")]
                #[serde(rename = $kind)]
                $name($spec),
            )*
        }

        impl AgentSpec {
            /// The kinds there are, each with a summary in a few words.
            pub const KINDS: &[(&str, &str)] = &[$(($kind, <$spec as Algorithm>::SUMMARY)),*];

            /// The algorithm's name, as `kind` says it.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $kind),* }
            }

            /// What the network's outputs are.
            pub fn preferences(&self) -> Preferences {
                match self { $(Self::$name(_) => <$spec as Algorithm>::PREFERENCES),* }
            }

            /// The discount of future rewards per agent step, with which a replay sums up rewards.
            pub fn discount(&self) -> f64 {
                match self { $(Self::$name(spec) => spec.discount()),* }
            }

            /// Whether the algorithm needs a setting that stands outside its own section.
            pub fn needs(&self, setting: Setting) -> Need {
                match self { $(Self::$name(spec) => spec.needs(setting)),* }
            }

            /// Bytes of the observations that the agent keeps beside a replay, where each has so many.
            pub fn rollout_bytes(&self, streams: usize, observation_bytes: usize) -> u64 {
                match self { $(Self::$name(spec) => spec.rollout_bytes(streams, observation_bytes)),* }
            }

            /// Checks every value that can be checked without making the agent, for so many streams.
            ///
            /// # Errors
            ///
            /// The first setting that is there and not used, is missing, or is not allowed.
            pub fn check(&self, shared: &SharedSettings<'_>, streams: usize) -> Result<(), SettingError> {
                self.check_presence(shared)?;
                match self { $(Self::$name(spec) => spec.check(shared, streams)),* }
            }

            /// Makes the agent. The replay is the one that `shared` names, made with this [`discount`](Self::discount).
            ///
            /// # Errors
            ///
            /// As [`check`](Self::check), and if the network cannot be made.
            pub fn build<E: Element>(
                &self,
                shared: &SharedSettings<'_>,
                replay: Option<Replay<E>>,
                parts: &AgentParts<'_>,
            ) -> Result<Box<dyn Agent<E>>, AgentError> {
                self.check(shared, parts.streams)?;
                match self { $(Self::$name(spec) => spec.build(shared, replay, parts)),* }
            }
        }
    };
}

algorithms! {
    "dqn" => Dqn(DqnSpec),
    "pqn" => Pqn(PqnSpec),
    "reinforce" => Reinforce(ReinforceSpec),
}

impl AgentSpec {
    /// Whether what is there is used, and what is needed there.
    fn check_presence(&self, shared: &SharedSettings<'_>) -> Result<(), SettingError> {
        let first = |need, there| {
            Setting::ALL.into_iter().find(|setting| self.needs(*setting) == need && shared.has(*setting) == there)
        };
        if let Some(unused) = first(Need::Unused, true) {
            let reason = format!("an agent of kind {:?} does not use it; take it out", self.kind());
            return Err(SettingError::Unfit { key: unused.key(), reason });
        }
        first(Need::Needed, false).map_or(Ok(()), |missing| Err(SettingError::Missing { key: missing.key() }))
    }
}
