//! What every agent does, whatever it learns by.

use std::collections::BTreeMap;
use std::io;

use candle_core::Tensor;
use deepq_core::Element;
use deepq_nets::{Gradients, Parameters};
use deepq_replay::{Replay, Transition};
use serde::{Deserialize, Serialize};

use crate::AgentError;

/// An agent that learns from one or more streams of experience: environments that are stepped together.
///
/// One agent step of all streams is, in this order: [`act`](Self::act) for all of them,
/// [`observe`](Self::observe) for each, [`learn`](Self::learn) until it gives `None`; and
/// [`begin_episode`](Self::begin_episode) for a stream at the start and after each end of an episode, before the next
/// `act`. Whoever drives the agent owns the environments and the current observations.
pub trait Agent<E: Element>: Send {
    /// Tells the agent the first observation of an episode.
    ///
    /// # Errors
    ///
    /// If the observation or the stream does not fit.
    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError>;

    /// Chooses an action for each stream, exploring, and counts the agent steps. `observations` holds one row a stream,
    /// `actions` takes one action each.
    ///
    /// # Errors
    ///
    /// If the lengths do not belong together.
    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError>;

    /// Tells the agent what a stream's action led to. The reward is the environment's own: what is to be clipped the
    /// agent clips.
    ///
    /// # Errors
    ///
    /// If the transition or the stream does not fit, or the reward is not a finite number.
    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError>;

    /// Makes the next update that is due, or gives `None` where none is.
    ///
    /// # Errors
    ///
    /// [`AgentError::Diverged`] where the loss or the gradient is not finite.
    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError>;

    /// Takes the agent apart, so that it can play and learn at the same time: until the halves are dropped the actor acts
    /// with the weights that there are now, and the learner learns from what has been observed until now. What the actor's
    /// actions led to is observed afterwards. `None` for an agent that cannot.
    ///
    /// Acting and learning in fixed portions side by side is the concurrent training of
    /// [Daley and Amato 2021](https://arxiv.org/abs/2111.01264).
    ///
    /// # Errors
    ///
    /// If there is no memory for the weights to act with.
    fn halves(&mut self) -> Result<Option<Halves<'_, E>>, AgentError> {
        Ok(None)
    }

    /// The actions the agent thinks best, one for each row of `observations`: no exploration, nothing counted.
    ///
    /// # Errors
    ///
    /// If the lengths do not belong together.
    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError>;

    /// What the agent thinks of each action: `[rows, actions]`, row after row, for the rows of `observations`. Q-values;
    /// of an agent that learns a policy, its logits.
    ///
    /// # Errors
    ///
    /// If the observations are not whole rows.
    fn q_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError>;

    /// The probability with which the next action will be a random one.
    fn exploration(&self) -> f64;

    /// How far the agent is.
    fn counters(&self) -> Counters;

    /// The weights that act, by name.
    fn parameters(&self) -> &Parameters;

    /// The gradients of the latest update as the optimizer saw them (clipped), by name; `None` before the first.
    fn gradients(&self) -> Option<&Gradients>;

    /// Takes over parts of another network's weights (safetensors, named as here), as `torso` or `advantage.2`; a target
    /// network as well. Gives the names of what was loaded.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part or the weights
    /// do not fit. Nothing is changed then.
    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError>;

    /// Keeps parts of the weights as they are: they are not trained, and the optimizer holds no state for them. Gives
    /// their names. A saved state can only be restored in an agent with the same parts frozen.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part. Nothing is
    /// changed then.
    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError>;

    /// The replay; `None` for an agent without one.
    fn replay(&self) -> Option<&Replay<E>>;

    /// The replay, to be restored, or sampled by somebody else.
    fn replay_mut(&mut self) -> Option<&mut Replay<E>>;

    /// Bytes that the replay takes now; 0 for an agent without one.
    fn replay_bytes(&self) -> u64 {
        self.replay().map_or(0, Replay::size_in_bytes)
    }

    /// Everything that the agent's future depends on except the replay's contents.
    ///
    /// # Errors
    ///
    /// If tensors cannot be read from the device.
    fn state(&self) -> Result<AgentState, AgentError>;

    /// Goes on from a state that [`state`](Self::state) gave on an agent of the same settings.
    ///
    /// # Errors
    ///
    /// [`AgentError::State`] if it does not fit; the agent is not changed then.
    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError>;

    /// Writes the replay's contents; nothing for an agent without a replay.
    ///
    /// # Errors
    ///
    /// If writing fails.
    fn save_replay(&self, to: &mut dyn io::Write) -> Result<(), AgentError> {
        Ok(self.replay().map_or(Ok(()), |replay| replay.save(to))?)
    }

    /// Reads what [`save_replay`](Self::save_replay) wrote.
    ///
    /// # Errors
    ///
    /// If reading fails or the contents do not fit.
    fn load_replay(&mut self, from: &mut dyn io::Read) -> Result<(), AgentError> {
        Ok(self.replay_mut().map_or(Ok(()), |replay| replay.load(from))?)
    }
}

/// The half of an agent that acts: see [`Agent::halves`].
pub trait Actor<E: Element>: Send {
    /// See [`Agent::act`].
    ///
    /// # Errors
    ///
    /// As there.
    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError>;
}

/// The half of an agent that learns: see [`Agent::halves`].
pub trait Learner: Send {
    /// See [`Agent::learn`].
    ///
    /// # Errors
    ///
    /// As there.
    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError>;
}

/// An agent taken apart: see [`Agent::halves`].
pub struct Halves<'a, E: Element> {
    /// Acts.
    pub actor: Box<dyn Actor<E> + 'a>,
    /// Learns.
    pub learner: Box<dyn Learner + 'a>,
}

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateReport {
    /// The update's number, counted from 1.
    pub update: u64,
    /// The mean loss of the batch.
    pub loss: f32,
    /// The mean, over the batch, of the Q-value of the action that was taken.
    pub mean_q: f32,
    /// The norm of the gradient over all parameters, before any clipping.
    pub gradient_norm: f32,
    /// Whether the target network followed the online network after the update.
    pub target_copied: bool,
}

/// How far an agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Actions chosen by [`Agent::act`], those of all streams together.
    pub agent_steps: u64,
    /// Updates made.
    pub updates: u64,
    /// Episodes ended: whole games, not lives.
    pub episodes: u64,
}

/// An agent's state as a value: what a checkpoint holds beside the replay's contents.
#[derive(Clone, Debug)]
pub struct AgentState {
    /// JSON: counters, streams of randomness, what is due; with a version and the algorithm's name.
    pub document: String,
    /// Weights and the optimizer's moments, named `online.*` (what acts), `target.*`, `optimizer.*`; all f32. Copies: they
    /// stay as they are when the agent goes on.
    pub tensors: BTreeMap<String, Tensor>,
}
