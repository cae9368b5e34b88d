//! What a REINFORCE agent is, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClipGradient, ClipReward, SpecError};

/// The settings of [`Reinforce`](crate::Reinforce); in an experiment's TOML the section `[agent]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReinforceSpec {
    /// The discount of future rewards per agent step, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub discount: f64,
    /// Whether an episode's returns are shifted and scaled to zero mean and unit deviation.
    pub normalise_returns: bool,
    /// Whether step `t` counts `discount^t`, as the policy gradient theorem has it and most programs leave out.
    pub weight_by_discount: bool,
    /// How gradients are clipped before the optimizer sees them; not at all where it is not given.
    #[serde(default)]
    pub clip_gradient: ClipGradient,
    /// How rewards are clipped before the agent learns from them; not at all where it is not given.
    #[serde(default)]
    pub clip_reward: ClipReward,
}

impl ReinforceSpec {
    /// REINFORCE as the box in [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 13.3, has it:
    /// returns as they are, step `t` counting `discount^t`.
    pub fn sutton_barto_2018(discount: f64) -> Self {
        Self {
            discount,
            normalise_returns: false,
            weight_by_discount: true,
            clip_gradient: ClipGradient::None,
            clip_reward: ClipReward::None,
        }
    }

    /// Checks that the values are possible.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        SpecError::unless((0.0..=1.0).contains(&self.discount), "discount", self.discount, "from 0 to 1")?;
        self.clip_gradient.validate()?;
        self.clip_reward.validate()
    }
}
