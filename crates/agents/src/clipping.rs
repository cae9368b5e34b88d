//! How rewards and gradients are clipped, as data.

use deepq_nets::{Gradients, NetError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SpecError;

/// How gradients are clipped; in an experiment's TOML `clip_gradient = { norm = 10.0 }`, `{ each = 1.0 }` or `"none"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClipGradient {
    /// Not at all.
    #[default]
    None,
    /// All together: scaled down where the norm over all variables is larger (PyTorch's `clip_grad_norm_`).
    Norm(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// Each variable by itself: scaled down where its own norm is larger (Keras' `clipnorm`).
    Each(#[schemars(extend("exclusiveMinimum" = 0))] f64),
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewards_are_clipped_to_a_range_or_to_their_sign() {
        let clipped = |clip: ClipReward| [-7.0, -0.5, 0.0, 0.25, 30.0].map(|reward| clip.apply(reward));
        assert_eq!(clipped(ClipReward::None), [-7.0, -0.5, 0.0, 0.25, 30.0]);
        assert_eq!(clipped(ClipReward::Range([-1.0, 1.0])), [-1.0, -0.5, 0.0, 0.25, 1.0]);
        assert_eq!(clipped(ClipReward::Sign), [-1.0, -1.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn ranges_that_clip_to_one_number_or_to_none_are_refused() {
        for range in [[1.0, 1.0], [f32::NEG_INFINITY, 1.0], [-1.0, f32::INFINITY]] {
            assert!(ClipReward::Range(range).validate().unwrap_err().to_string().contains("clip_reward.range"));
        }
    }
}
