//! What every agent does, whatever it learns by.

use std::io;

use deepq_core::Element;
use deepq_nets::{Gradients, Parameters};
use deepq_replay::{Replay, Transition};
use serde::{Deserialize, Serialize};

use crate::{AgentError, AgentState, Counters, Trained, preconditions, rows};

/// An agent that learns from one or more streams of experience: environments that are stepped together.
///
/// One agent step of all streams is, in this order: [`act`](Self::act) for all of them,
/// [`observe`](Self::observe) for each, [`learn`](Self::learn) until it gives `None`; and
/// [`begin_episode`](Self::begin_episode) for a stream at the start and after each end of an episode, before the next
/// `act`. Whoever drives the agent owns the environments and the current observations.
///
/// What comes first in this trait is what makes an algorithm; all behind [`restore`](Self::restore) is provided, because it only
/// depends on the [network that is trained](Self::trained). An agent with more than that (a replay, a target network, figures
/// of its own) says so by giving those functions itself. [`check_agent`](crate::check_agent()) tries whether an agent of your own
/// keeps what is promised here.
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

    /// The network that acts, and what trains it.
    fn trained(&self) -> &Trained;

    /// The same, to be changed.
    fn trained_mut(&mut self) -> &mut Trained;

    /// How far the agent is.
    fn counters(&self) -> Counters;

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

    /// What the agent thinks of each action: `[rows, actions]`, row after row, for the rows of `observations`.
    /// [`preferences_are`](Self::preferences_are) says what these numbers are; the agent's best action has the largest.
    ///
    /// # Errors
    ///
    /// If the observations are not whole rows.
    fn preferences(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        rows::outputs(&self.trained().network, observations)
    }

    /// What [`preferences`](Self::preferences) are; Q-values, unless the agent says otherwise.
    fn preferences_are(&self) -> Preferences {
        Preferences::QValues
    }

    /// The actions the agent thinks best, one for each row of `observations`: no exploration, nothing counted. Of equal ones
    /// the lowest.
    ///
    /// # Errors
    ///
    /// If the lengths do not belong together.
    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        preconditions::rows(&self.trained().network, observations, actions)?;
        rows::choose(&self.preferences(observations)?, actions);
        Ok(())
    }

    /// The probability with which the next action will be a random one; 0 for an agent without such.
    fn exploration(&self) -> f64 {
        0.0
    }

    /// The names of the agent's own figures: those that every [`UpdateReport`] of it has beside the loss and the gradient's
    /// norm, in their order. Whoever writes tables has a column `losses/NAME` for each, from the first line on.
    fn figures(&self) -> &'static [&'static str] {
        &[]
    }

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

    /// The weights that act, by name.
    fn parameters(&self) -> &Parameters {
        self.trained().network.parameters()
    }

    /// The gradients of the latest update as the optimizer saw them (clipped), by name; `None` before the first.
    fn gradients(&self) -> Option<&Gradients> {
        self.trained().gradients()
    }

    /// Takes over parts of another network's weights (safetensors, named as here), as `torso` or `advantage.2`. Gives the
    /// names of what was loaded. An agent with a target network gives this function itself: that one takes them over, too.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part or the weights
    /// do not fit. Nothing is changed then.
    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.trained().load_parts(weights, parts, &self.counters())
    }

    /// Keeps parts of the weights as they are: they are not trained, and the optimizer holds no state for them. Gives
    /// their names. A saved state can only be restored in an agent with the same parts frozen.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part. Nothing is
    /// changed then.
    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        let counters = self.counters();
        self.trained_mut().freeze(parts, &counters)
    }

    /// The replay; `None` for an agent without one.
    fn replay(&self) -> Option<&Replay<E>> {
        None
    }

    /// The replay, to be restored.
    fn replay_mut(&mut self) -> Option<&mut Replay<E>> {
        None
    }

    /// Bytes that the replay takes now; 0 for an agent without one.
    fn replay_bytes(&self) -> u64 {
        self.replay().map_or(0, Replay::size_in_bytes)
    }

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

/// What an agent's preferences for actions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preferences {
    /// Expected returns.
    QValues,
    /// Unnormalised logarithms of a policy's probabilities.
    Logits,
}

impl Preferences {
    /// Their name in files: `q_values` or `logits`.
    pub fn name(self) -> &'static str {
        match self {
            Self::QValues => "q_values",
            Self::Logits => "logits",
        }
    }
}

/// What an update did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateReport {
    /// The update's number, counted from 1.
    pub update: u64,
    /// The mean loss of the batch.
    pub loss: f32,
    /// The norm of the gradient over all parameters, before any clipping.
    pub gradient_norm: f32,
    /// The agent's own figures, in the order of their names in [`Agent::figures`].
    pub figures: Vec<f32>,
    /// Whether the target network followed the online network after the update; never for an agent without one.
    pub target_copied: bool,
}
