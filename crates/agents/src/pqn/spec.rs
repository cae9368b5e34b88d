//! What a PQN agent is, as data.

use std::ops::RangeInclusive;

use deepq_nets::Loss;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{ClipGradient, ClipReward, Schedule, SpecError};

/// The settings of [`Pqn`](crate::Pqn); in an experiment's TOML the section `[agent]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PqnSpec {
    /// The discount of future rewards per agent step, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub discount: f64,
    /// What the returns of more steps count in a target, from 0 (one step) to 1 (all of the rollout).
    #[schemars(range(min = 0, max = 1))]
    pub lambda: f64,
    /// Steps that every stream plays before the agent learns.
    #[schemars(range(min = 1, max = MOST))]
    pub rollout_steps: usize,
    /// How many times the agent goes through a rollout.
    #[schemars(range(min = 1, max = MOST))]
    pub epochs: usize,
    /// Into how many a rollout is cut, each for one update; all have the same size.
    #[schemars(range(min = 1, max = MOST))]
    pub minibatches: usize,
    /// The loss over the difference between Q-value and target.
    pub loss: Loss,
    /// How gradients are clipped before the optimizer sees them; not at all where it is not given.
    #[serde(default)]
    pub clip_gradient: ClipGradient,
    /// How rewards are clipped before the agent learns from them; not at all where it is not given.
    #[serde(default)]
    pub clip_reward: ClipReward,
    /// What the optimizer's learning rate is multiplied by; 1 where it is not given.
    #[serde(default = "whole")]
    #[schemars(schema_with = "factors")]
    pub learning_rate_factor: Schedule,
}

fn factors(generator: &mut SchemaGenerator) -> Schema {
    Schedule::schema_within(&FACTORS, generator)
}

fn whole() -> Schedule {
    Schedule::Constant { value: 1.0 }
}

impl PqnSpec {
    /// PQN as [Gallici et al. 2024](https://arxiv.org/abs/2407.04811) have it for Atari, with 128 streams (their program's
    /// `pqn_atari.yaml`). Their network is [`nature_2015`](deepq_nets::NetworkSpec::nature_2015)'s with layer normalisation.
    pub fn gallici_2024() -> Self {
        Self {
            discount: 0.99,
            lambda: 0.65,
            rollout_steps: 32,
            epochs: 2,
            minibatches: 32,
            loss: Loss::Mse,
            clip_gradient: ClipGradient::Norm(10.0),
            clip_reward: ClipReward::Sign,
            learning_rate_factor: whole(),
        }
    }

    /// Checks that the values are possible.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        let &Self { discount, lambda, rollout_steps, epochs, minibatches, .. } = self;
        SpecError::unless((0.0..=1.0).contains(&discount), "discount", discount, "from 0 to 1")?;
        SpecError::unless((0.0..=1.0).contains(&lambda), "lambda", lambda, "from 0 to 1")?;
        let most = 1..=MOST;
        SpecError::unless(most.contains(&rollout_steps), "rollout_steps", rollout_steps, "from 1 to 65536")?;
        SpecError::unless(most.contains(&epochs), "epochs", epochs, "from 1 to 65536")?;
        SpecError::unless(most.contains(&minibatches), "minibatches", minibatches, "from 1 to 65536")?;
        self.clip_gradient.validate()?;
        self.clip_reward.validate()?;
        let factor = &self.learning_rate_factor;
        factor.validate(&FACTORS, "from 1e-30 to 1").map_err(|error| SpecError {
            key: match error.key {
                "start" => "learning_rate_factor.start",
                "end" => "learning_rate_factor.end",
                "value" => "learning_rate_factor.value",
                "to" => "learning_rate_factor.to",
                "factor" => "learning_rate_factor.factor",
                "decay" => "learning_rate_factor.decay",
                _ => "learning_rate_factor",
            },
            ..error
        })
    }

    /// Checks also that a rollout of so many streams can be cut into minibatches.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate_for(&self, streams: usize) -> Result<(), SpecError> {
        self.validate()?;
        let rows = self.rollout_steps.saturating_mul(streams);
        let allowed = "a divisor of environments times rollout_steps, of which there can be 2^24 at most";
        let fits = (1..=1 << 24).contains(&rows) && rows.is_multiple_of(self.minibatches);
        SpecError::unless(fits, "minibatches", self.minibatches, allowed)
    }
}

/// More is taken for a slip of the hand.
const MOST: usize = 1 << 16;
/// A learning rate stays a number above 0.
const FACTORS: RangeInclusive<f64> = 1e-30..=1.0;
