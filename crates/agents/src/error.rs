//! What can go wrong with an agent.

use deepq_core::NotAGenerator;
use deepq_nets::NetError;
use deepq_replay::ReplayError;
use thiserror::Error;

use crate::targets::BatchShapeError;

/// A setting with a value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key} = {value} is not allowed: it must be {allowed}")]
pub struct SpecError {
    /// The key, as in `discount` or `target_update.updates`.
    pub key: &'static str,
    /// The value given.
    pub value: String,
    /// What is allowed, in words.
    pub allowed: &'static str,
}

impl SpecError {
    /// `Ok` if `holds`; otherwise the error about this key.
    #[allow(clippy::needless_pass_by_value, reason = "numbers and references to them")]
    pub(crate) fn unless(
        holds: bool,
        key: &'static str,
        value: impl ToString,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self { key, value: value.to_string(), allowed }) }
    }
}

/// What is wrong with an algorithm's settings, in the words of an experiment's file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// A section or key that the algorithm needs.
    #[error("{key} is missing")]
    Missing {
        /// The section or key, as in `exploration` or `training.batch_size`.
        key: &'static str,
    },
    /// A value that is not allowed.
    #[error("{section}.{error}")]
    Value {
        /// The section in which the key stands.
        section: &'static str,
        /// The key below it, and what is allowed.
        error: SpecError,
    },
    /// A section or key that does not go with the algorithm, or with the other settings.
    #[error("{key}: {reason}")]
    Unfit {
        /// The section or key.
        key: &'static str,
        /// Why not, in words.
        reason: String,
    },
}

impl SettingError {
    /// The error of a key that stands in this section.
    pub(crate) fn of(section: &'static str) -> impl Fn(SpecError) -> Self {
        move |error| Self::Value { section, error }
    }
}

/// Why an agent could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A setting that is not allowed.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Settings that do not belong together.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Observations or actions that are not one row a stream.
    #[error("{what} has {actual} elements; {expected}")]
    Shape {
        /// The argument's name.
        what: &'static str,
        /// Its length.
        actual: usize,
        /// What was expected, in words.
        expected: String,
    },
    /// A transition of a stream whose episode has not begun, or is over.
    #[error("stream {stream} has no running episode: its first observation must be given with begin_episode()")]
    NoEpisode {
        /// The stream.
        stream: usize,
    },
    /// A call that does not come when it can.
    #[error("out of turn: {0}")]
    OutOfTurn(&'static str),
    /// A state, an action or a stream that does not exist.
    #[error("there is no {what} {number}; {expected}")]
    Unknown {
        /// What does not exist.
        what: &'static str,
        /// Its number.
        number: usize,
        /// What there is, in words.
        expected: String,
    },
    /// A reward that is not a finite number.
    #[error("stream {stream}: the reward at agent step {agent_step} is {reward}; the environment is at fault")]
    Reward {
        /// The stream.
        stream: usize,
        /// Agent steps so far.
        agent_step: u64,
        /// The reward.
        reward: f32,
    },
    /// A loss or gradient that is no longer a finite number: the update was not made, the weights are those before it.
    #[error(
        "update {update}: the {quantity} is {value}; the weights were left as they were before it. In its batch the \
         largest |reward| was {largest_reward} and the largest |Q| {largest_q}. Values that grow without bound come \
         from a too high optimizer.learning_rate, from rewards that are not clipped (agent.clip_reward), from gradients \
         that are not (agent.clip_gradient), or from a target network that is copied too often (agent.target_update)"
    )]
    Diverged {
        /// The number of the update, counted from 1.
        update: u64,
        /// What is not finite: the loss or the gradient norm.
        quantity: &'static str,
        /// Its value: NaN or an infinity.
        value: f64,
        /// The largest absolute reward in the batch.
        largest_reward: f32,
        /// The largest absolute Q-value of the batch's observations.
        largest_q: f32,
    },
    /// Something that can only be done before the first update.
    #[error("the agent has made {updates} updates already; this can only be done before the first")]
    Started {
        /// Updates made.
        updates: u64,
    },
    /// A saved state that does not fit this agent; the agent was not changed.
    #[error("this state does not fit the agent: {0}")]
    State(String),
    /// The network, the loss or the optimizer.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Targets of slices that do not belong to one batch.
    #[error(transparent)]
    Targets(#[from] BatchShapeError),
}

impl From<candle_core::Error> for AgentError {
    fn from(error: candle_core::Error) -> Self {
        Self::Net(error.into())
    }
}

impl From<NotAGenerator> for AgentError {
    fn from(error: NotAGenerator) -> Self {
        Self::State(error.to_string())
    }
}
