//! What a DQN agent is, as data.

use deepq_nets::Loss;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TargetUpdate;
use crate::{ClipGradient, ClipReward, SpecError};

/// The settings of DQN and its variants; in an experiment's TOML the section `[agent]`. The dueling variant is the
/// network's affair, n-step returns the replay's, and when updates are due says an [`UpdateSpec`](crate::UpdateSpec).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DqnSpec {
    /// The discount of future rewards per agent step, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
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
    #[schemars(extend("default" = "none"))]
    pub clip_gradient: ClipGradient,
    /// How rewards are clipped before the agent learns from them; not at all where it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "none"))]
    pub clip_reward: ClipReward,
    /// The target of every transition after which bootstrapping stops, whatever its reward; the reward itself where it
    /// is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub terminal_target: Option<f32>,
}

impl DqnSpec {
    /// DQN as [Mnih et al. 2015](https://www.nature.com/articles/nature14236) have it, extended data table 1 and methods:
    /// discount 0.99, a target network that is copied every 10,000 updates, rewards clipped to -1 to 1, and the error of
    /// the update clipped to -1 to 1, which is Huber's loss.
    pub fn nature_2015() -> Self {
        Self {
            discount: 0.99,
            double: false,
            target_update: TargetUpdate::Updates(10_000),
            loss: Loss::Huber,
            clip_gradient: ClipGradient::None,
            clip_reward: ClipReward::Range([-1.0, 1.0]),
            terminal_target: None,
        }
    }

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
        Ok(())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> DqnSpec {
        DqnSpec { target_update: TargetUpdate::Updates(1_000), clip_reward: ClipReward::None, ..DqnSpec::nature_2015() }
    }

    const JSON: &str = r#"{"discount": 0.99, "double": false, "target_update": {"updates": 1000}, "loss": "huber"}"#;

    #[test]
    fn reads_what_it_writes_and_refuses_unknown_keys() {
        assert_eq!(serde_json::from_str::<DqnSpec>(JSON).unwrap(), spec());
        let everything = DqnSpec {
            clip_gradient: ClipGradient::Each(1.0),
            clip_reward: ClipReward::Range([-1.0, 1.0]),
            terminal_target: Some(-1.0),
            ..spec()
        };
        let written = serde_json::to_string(&everything).unwrap();
        assert_eq!(serde_json::from_str::<DqnSpec>(&written).unwrap(), everything, "{written}");
        let error = serde_json::from_str::<DqnSpec>(&JSON.replace("discount", "discont")).unwrap_err().to_string();
        assert!(error.contains("`discont`") && error.contains("`discount`"), "{error}");
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
        assert!(refused(DqnSpec { terminal_target: Some(f32::NAN), ..spec() }).contains("terminal_target"));
        assert!(refused(DqnSpec { terminal_target: Some(-1.0), discount: 0.0, ..spec() }).contains("terminal_target"));
    }
}
