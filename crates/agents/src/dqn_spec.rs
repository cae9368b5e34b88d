//! What a DQN agent is, as data.

use deepq_nets::{Gradients, Loss, NetError};
use serde::de::{self, MapAccess, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{SpecError, TargetUpdate};

/// The settings of DQN and its variants; in an experiment's TOML the section `[agent]` and, of `[training]`,
/// `batch_size`, `learning_starts`, `update_every` and `gradient_steps`. The dueling variant is the network's affair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DqnSpec {
    /// The discount of future rewards per agent step, from 0 to 1.
    pub discount: f64,
    /// Whether the online network selects the action whose value the target network says
    /// ([double DQN](https://arxiv.org/abs/1509.06461)).
    pub double: bool,
    /// When the target network follows the online network.
    pub target_update: TargetUpdate,
    /// The loss over the difference between Q-value and target.
    pub loss: Loss,
    /// How gradients are clipped before the optimizer sees them; not at all where it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clip_gradient: ClipGradient,
    /// How rewards are clipped before the agent learns from them; not at all where it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clip_reward: ClipReward,
    /// The target of every transition after which bootstrapping stops, whatever its reward; the reward itself where it
    /// is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub terminal_target: Option<f32>,
    /// Transitions in a batch.
    pub batch_size: usize,
    /// When learning starts.
    pub learning_starts: LearningStarts,
    /// Agent steps (of all streams together) from one round of updates to the next.
    pub update_every: u64,
    /// Updates in a round.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub gradient_steps: u64,
}

impl DqnSpec {
    /// Checks that the values are possible, alone and together.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        let Self { discount, double, target_update, terminal_target, .. } = self;
        SpecError::unless((0.0..=1.0).contains(discount), "discount", discount, "from 0 to 1")?;
        target_update.validate()?;
        let has_target_network = *target_update != TargetUpdate::None;
        SpecError::unless(!double || has_target_network, "double", double, "false where target_update is \"none\"")?;
        self.clip_gradient.validate()?;
        self.clip_reward.validate()?;
        if let Some(value) = terminal_target {
            SpecError::unless(value.is_finite(), "terminal_target", value, "a finite number")?;
            let allowed = "absent where discount is 0: every transition would be a terminal one";
            SpecError::unless(*discount > 0.0, "terminal_target", value, allowed)?;
        }
        SpecError::unless(self.batch_size > 0, "batch_size", self.batch_size, "at least 1")?;
        SpecError::unless(self.update_every > 0, "update_every", self.update_every, "at least 1")?;
        SpecError::unless(self.gradient_steps > 0, "gradient_steps", self.gradient_steps, "at least 1")
    }
}

/// When learning starts; in an experiment's TOML `learning_starts = 1_000` (agent steps, the same as `{ steps = 1_000 }`)
/// or `learning_starts = { batches = 10 }`.
///
/// However it is said, no update is made before the replay holds one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LearningStarts {
    /// After this many agent steps (of all streams together): the first update can follow the next one.
    Steps(u64),
    /// With the agent step after which the replay holds this many batches.
    Batches(u64),
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

/// How gradients are clipped; in an experiment's TOML `clip_gradient = { norm = 10.0 }`, `{ each = 1.0 }` or `"none"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClipGradient {
    /// Not at all.
    #[default]
    None,
    /// All together: scaled down where the norm over all variables is larger (PyTorch's `clip_grad_norm_`).
    Norm(f64),
    /// Each variable by itself: scaled down where its own norm is larger (Keras' `clipnorm`).
    Each(f64),
}

impl ClipGradient {
    /// Clips; returns the norm over all variables before that.
    pub(crate) fn apply(self, gradients: &mut Gradients) -> Result<f64, NetError> {
        match self {
            Self::None => gradients.norm(),
            Self::Norm(max) => gradients.clip_norm(max),
            Self::Each(max) => gradients.clip_each(max),
        }
    }

    pub(crate) fn validate(self) -> Result<(), SpecError> {
        let positive = |key, max: f64| SpecError::unless(max.is_finite() && max > 0.0, key, max, "a positive number");
        match self {
            Self::None => Ok(()),
            Self::Norm(max) => positive("clip_gradient.norm", max),
            Self::Each(max) => positive("clip_gradient.each", max),
        }
    }
}

/// How rewards are clipped; in an experiment's TOML `clip_reward = { range = [-1.0, 1.0] }`, `"sign"` or `"none"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClipReward {
    /// Not at all.
    #[default]
    None,
    /// To the nearest value of a range.
    Range([f32; 2]),
    /// To -1, 0 or 1 (Baselines' `ClipRewardEnv`).
    Sign,
}

impl ClipReward {
    /// The reward that the agent learns from.
    pub fn apply(self, reward: f32) -> f32 {
        match self {
            Self::None => reward,
            Self::Range([low, high]) => reward.max(low).min(high),
            Self::Sign if reward == 0.0 => 0.0,
            Self::Sign => reward.signum(),
        }
    }

    pub(crate) fn validate(self) -> Result<(), SpecError> {
        let Self::Range([low, high]) = self else { return Ok(()) };
        let possible = low.is_finite() && high.is_finite() && low < high;
        SpecError::unless(possible, "clip_reward.range", format!("[{low}, {high}]"), "[low, high] with low below high")
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_one(value: &u64) -> bool {
    *value == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> DqnSpec {
        DqnSpec {
            discount: 0.99,
            double: false,
            target_update: TargetUpdate::Updates(1_000),
            loss: Loss::Huber,
            clip_gradient: ClipGradient::None,
            clip_reward: ClipReward::None,
            terminal_target: None,
            batch_size: 64,
            learning_starts: LearningStarts::Steps(1_000),
            update_every: 1,
            gradient_steps: 1,
        }
    }

    const JSON: &str = r#"{"discount": 0.99, "double": false, "target_update": {"updates": 1000}, "loss": "huber",
        "batch_size": 64, "learning_starts": 1000, "update_every": 1}"#;

    #[test]
    fn reads_what_it_writes_and_refuses_unknown_keys() {
        assert_eq!(serde_json::from_str::<DqnSpec>(JSON).unwrap(), spec());
        let everything = DqnSpec {
            clip_gradient: ClipGradient::Each(1.0),
            clip_reward: ClipReward::Range([-1.0, 1.0]),
            terminal_target: Some(-1.0),
            learning_starts: LearningStarts::Batches(10),
            gradient_steps: 4,
            ..spec()
        };
        let written = serde_json::to_string(&everything).unwrap();
        assert_eq!(serde_json::from_str::<DqnSpec>(&written).unwrap(), everything, "{written}");
        let error = serde_json::from_str::<DqnSpec>(&JSON.replace("discount", "discont")).unwrap_err().to_string();
        assert!(error.contains("`discont`") && error.contains("`discount`"), "{error}");
    }

    #[test]
    fn learning_starts_by_steps_or_batches() {
        let read = serde_json::from_str::<LearningStarts>;
        assert_eq!(read("1000").unwrap(), LearningStarts::Steps(1_000));
        assert_eq!(read(r#"{"steps": 5}"#).unwrap(), LearningStarts::Steps(5));
        assert_eq!(read(r#"{"batches": 10}"#).unwrap(), LearningStarts::Batches(10));
        assert!(read("-1").unwrap_err().to_string().contains("at least 0"));
        assert!(read(r#"{"episodes": 1}"#).unwrap_err().to_string().contains("`batches`"));
    }

    #[test]
    fn impossible_values_are_named_with_what_is_allowed() {
        spec().validate().unwrap();
        let refused = |spec: DqnSpec| spec.validate().unwrap_err().to_string();
        let message = refused(DqnSpec { discount: 2.0, ..spec() });
        assert_eq!(message, "discount = 2 is not allowed: it must be from 0 to 1");
        assert!(refused(DqnSpec { discount: f64::NAN, ..spec() }).starts_with("discount = NaN"));
        let message = refused(DqnSpec { double: true, target_update: TargetUpdate::None, ..spec() });
        assert_eq!(message, "double = true is not allowed: it must be false where target_update is \"none\"");
        assert!(refused(DqnSpec { target_update: TargetUpdate::Steps(0), ..spec() }).contains("target_update.steps"));
        assert!(refused(DqnSpec { clip_gradient: ClipGradient::Norm(0.0), ..spec() }).contains("clip_gradient.norm"));
        let range = ClipReward::Range([1.0, -1.0]);
        assert!(refused(DqnSpec { clip_reward: range, ..spec() }).starts_with("clip_reward.range = [1, -1]"));
        for range in [[1.0, 1.0], [f32::NEG_INFINITY, 1.0], [-1.0, f32::INFINITY]] {
            assert!(refused(DqnSpec { clip_reward: ClipReward::Range(range), ..spec() }).contains("clip_reward.range"));
        }
        assert!(refused(DqnSpec { terminal_target: Some(f32::NAN), ..spec() }).contains("terminal_target"));
        assert!(refused(DqnSpec { terminal_target: Some(-1.0), discount: 0.0, ..spec() }).contains("terminal_target"));
        assert!(refused(DqnSpec { batch_size: 0, ..spec() }).starts_with("batch_size = 0"));
        assert!(refused(DqnSpec { update_every: 0, ..spec() }).starts_with("update_every = 0"));
        assert!(refused(DqnSpec { gradient_steps: 0, ..spec() }).starts_with("gradient_steps = 0"));
    }

    #[test]
    fn rewards_are_clipped_to_a_range_or_to_their_sign() {
        let clipped = |clip: ClipReward| [-7.0, -0.5, 0.0, 0.25, 30.0].map(|reward| clip.apply(reward));
        assert_eq!(clipped(ClipReward::None), [-7.0, -0.5, 0.0, 0.25, 30.0]);
        assert_eq!(clipped(ClipReward::Range([-1.0, 1.0])), [-1.0, -0.5, 0.0, 0.25, 1.0]);
        assert_eq!(clipped(ClipReward::Sign), [-1.0, -1.0, 0.0, 1.0, 1.0]);
    }
}
