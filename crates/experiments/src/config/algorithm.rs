//! The kinds of agents, and the parts of an experiment that each needs: those it does not use must not be there, so that
//! nobody tunes a number that does nothing.

use deepq_agents::{ClipGradient, ClipReward, DqnSpec, LearningStarts, PqnSpec, ReinforceSpec, Schedule, TargetUpdate};
use deepq_nets::Loss;
use deepq_replay::ReplaySpec;
use deepq_runs::{KeyProblem, Problem};
use serde::Deserialize;

use super::experiment::{Experiment, TrainingSection, of_agent};

/// `[agent]`: the algorithm, named by `kind`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AgentSection {
    /// Deep Q-learning and its variants. It needs `[exploration]`, `[replay]` and, of `[training]`, `batch_size`,
    /// `learning_starts` and `update_every`.
    Dqn {
        /// See [`DqnSpec::discount`].
        discount: f64,
        /// See [`DqnSpec::double`].
        double: bool,
        /// See [`DqnSpec::target_update`].
        target_update: TargetUpdate,
        /// See [`DqnSpec::loss`].
        loss: Loss,
        /// See [`DqnSpec::clip_gradient`].
        #[serde(default)]
        clip_gradient: ClipGradient,
        /// See [`DqnSpec::clip_reward`].
        #[serde(default)]
        clip_reward: ClipReward,
        /// See [`DqnSpec::terminal_target`].
        #[serde(default)]
        terminal_target: Option<f32>,
    },
    /// REINFORCE. It has no replay and draws its actions from its policy: of `[training]` it uses only what every agent
    /// does.
    Reinforce(ReinforceSpec),
    /// PQN. It needs `[exploration]`, and has no replay: of `[training]` it uses only what every agent does.
    Pqn(PqnSpec),
}

impl AgentSection {
    /// The algorithm's name, as `kind` says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dqn { .. } => "dqn",
            Self::Reinforce(_) => "reinforce",
            Self::Pqn(_) => "pqn",
        }
    }
}

/// An algorithm with all its settings, gathered from the sections in which they stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Algorithm<'a> {
    /// Deep Q-learning and its variants.
    Dqn {
        /// The settings.
        spec: DqnSpec,
        /// `[exploration]`.
        exploration: &'a Schedule,
        /// `[replay]`.
        replay: &'a ReplaySpec,
    },
    /// REINFORCE.
    Reinforce {
        /// The settings.
        spec: &'a ReinforceSpec,
    },
    /// PQN.
    Pqn {
        /// The settings.
        spec: &'a PqnSpec,
        /// `[exploration]`.
        exploration: &'a Schedule,
    },
}

impl Experiment {
    /// The algorithm with its settings.
    ///
    /// # Errors
    ///
    /// The first section or key that the algorithm needs and that is missing, or that is there and that it does not use.
    pub fn algorithm(&self) -> Result<Algorithm<'_>, KeyProblem> {
        let TrainingSection { batch_size, learning_starts, update_every, gradient_steps, concurrent_steps, .. } =
            self.training;
        // What only agents with a replay use.
        let of_replay = [
            ("replay", self.replay.is_some()),
            ("training.batch_size", batch_size.is_some()),
            ("training.learning_starts", learning_starts.is_some()),
            ("training.update_every", update_every.is_some()),
            ("training.gradient_steps", gradient_steps.is_some()),
            ("training.concurrent_steps", concurrent_steps > 0),
        ];
        match &self.agent {
            &AgentSection::Dqn {
                discount,
                double,
                target_update,
                loss,
                clip_gradient,
                clip_reward,
                terminal_target,
            } => Ok(Algorithm::Dqn {
                spec: DqnSpec {
                    discount,
                    double,
                    target_update,
                    loss,
                    clip_gradient,
                    clip_reward,
                    terminal_target,
                    batch_size: needed(batch_size, "training.batch_size")?,
                    learning_starts: needed(learning_starts, "training.learning_starts")?,
                    update_every: needed(update_every, "training.update_every")?,
                    gradient_steps: gradient_steps.unwrap_or(1),
                },
                exploration: needed(self.exploration.as_ref(), "exploration")?,
                replay: needed(self.replay.as_ref(), "replay")?,
            }),
            AgentSection::Reinforce(spec) => {
                self.unused(&[("exploration", self.exploration.is_some())])?;
                self.unused(&of_replay)?;
                Ok(Algorithm::Reinforce { spec })
            }
            AgentSection::Pqn(spec) => {
                self.unused(&of_replay)?;
                Ok(Algorithm::Pqn { spec, exploration: needed(self.exploration.as_ref(), "exploration")? })
            }
        }
    }

    /// Refuses what the algorithm does not use.
    fn unused(&self, keys: &[(&str, bool)]) -> Result<(), KeyProblem> {
        match keys.iter().find(|(_, there)| *there) {
            None => Ok(()),
            Some((key, _)) => {
                let message = format!("an agent of kind {:?} does not use it; take it out", self.agent.kind());
                Err(KeyProblem::new(key, Problem::Other(message)))
            }
        }
    }
}

fn needed<T>(value: Option<T>, key: &str) -> Result<T, KeyProblem> {
    value.ok_or_else(|| KeyProblem::new(key, Problem::Missing))
}

/// Whether the replay has room for what learning waits for.
fn can_begin(spec: &DqnSpec, replay: &ReplaySpec) -> Result<(), KeyProblem> {
    let &DqnSpec { batch_size, learning_starts, .. } = spec;
    let batches = match learning_starts {
        LearningStarts::Steps(_) => 1,
        LearningStarts::Batches(batches) => batches.max(1),
    };
    let (needed, capacity) = (batches.saturating_mul(batch_size as u64), replay.capacity);
    if capacity == 0 || needed <= capacity as u64 {
        return Ok(());
    }
    let key = if batches > 1 { "training.learning_starts" } else { "training.batch_size" };
    let batches = if batches > 1 { format!("{batches} batches of {batch_size} are ") } else { String::new() };
    let message =
        format!("{batches}{needed} transitions, more than replay.capacity = {capacity}: learning never starts");
    Err(KeyProblem::new(key, Problem::Other(message)))
}

impl Algorithm<'_> {
    /// Checks every value that can be checked without making one of the environments, of which there are so many.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub(super) fn validate(&self, environments: usize) -> Result<(), KeyProblem> {
        let possible = |exploration: &Schedule| {
            exploration.validate(&(0.0..=1.0), "a probability, from 0 to 1").map_err(|error| {
                KeyProblem::invalid(&format!("exploration.{}", error.key), &error.value, error.allowed)
            })
        };
        match self {
            Self::Dqn { spec, exploration, replay } => {
                spec.validate().map_err(of_agent)?;
                can_begin(spec, replay)?;
                possible(exploration)
            }
            Self::Pqn { spec, exploration } => {
                spec.validate_for(environments).map_err(of_agent)?;
                possible(exploration)
            }
            Self::Reinforce { spec } => spec.validate().map_err(of_agent),
        }
    }
}
