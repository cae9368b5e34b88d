//! A network and what trains it: the part of an agent that is the same whatever it learns by.

use candle_core::Tensor;
use deepq_nets::{Gradients, Network, Optimizer, OptimizerSpec};

use crate::{AgentError, ClipGradient, Counters};

/// A network with its optimizer and the gradients of the latest step: what an agent gives of itself, so that
/// [`Agent`](crate::Agent) can provide all that only depends on it.
pub struct Trained {
    /// The network. It acts, and its weights are those that are trained.
    pub network: Network,
    /// Moves its weights; made anew, without any state, where parts are frozen.
    pub optimizer: Optimizer,
    spec: OptimizerSpec,
    /// Of the latest step, as the optimizer saw them.
    gradients: Option<Gradients>,
}

/// A loss to go down, and what it came from, to be named where it has diverged.
pub struct Descent<'a> {
    /// The update's number, counted from 1.
    pub update: u64,
    /// The loss, in the network's graph.
    pub loss: &'a Tensor,
    /// The loss's value.
    pub value: f32,
    /// The rewards that it came from.
    pub rewards: &'a [f32],
    /// What the network gave.
    pub outputs: &'a [f32],
}

impl Trained {
    /// A network at its first step.
    ///
    /// # Errors
    ///
    /// [`AgentError::Net`] for an optimizer whose settings are not allowed.
    pub fn new(network: Network, optimizer: &OptimizerSpec) -> Result<Self, AgentError> {
        let (spec, optimizer) = (*optimizer, Optimizer::new(optimizer, network.parameters())?);
        Ok(Self { network, optimizer, spec, gradients: None })
    }

    /// The gradients of the latest step as the optimizer saw them (clipped), by name; `None` before the first.
    pub fn gradients(&self) -> Option<&Gradients> {
        self.gradients.as_ref()
    }

    /// See [`Agent::load_parts`](crate::Agent::load_parts).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn load_parts(&self, weights: &[u8], parts: &[&str], counters: &Counters) -> Result<Vec<String>, AgentError> {
        check_not_started(counters)?;
        Ok(self.network.parameters().load_parts(weights, parts)?)
    }

    /// See [`Agent::freeze`](crate::Agent::freeze).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn freeze(&mut self, parts: &[&str], counters: &Counters) -> Result<Vec<String>, AgentError> {
        check_not_started(counters)?;
        let frozen = self.network.parameters().freeze(parts)?;
        self.optimizer = Optimizer::new(&self.spec, self.network.parameters())?;
        Ok(frozen)
    }

    /// Multiplies the learning rate of the settings, for all steps until it is said anew.
    ///
    /// # Errors
    ///
    /// [`AgentError::Net`] for a learning rate that is not above 0.
    pub fn scale_learning_rate(&mut self, factor: f64) -> Result<(), AgentError> {
        Ok(self.optimizer.set_learning_rate(self.spec.learning_rate() * factor)?)
    }

    /// A step down a loss's gradient; gives the gradient's norm before clipping.
    ///
    /// # Errors
    ///
    /// [`AgentError::Diverged`] where the loss or the gradient is not finite; the weights are as they were then.
    pub fn descend(&mut self, descent: &Descent<'_>, clip: &ClipGradient) -> Result<f32, AgentError> {
        let &Descent { update, loss, value, rewards, outputs } = descent;
        let finite = |quantity, value: f64| {
            if value.is_finite() {
                return Ok(());
            }
            let (largest_reward, largest_q) = (largest(rewards), largest(outputs));
            Err(AgentError::Diverged { update, quantity, value, largest_reward, largest_q })
        };
        finite("loss", f64::from(value))?;
        self.gradients = None;
        let mut gradients = self.network.backward(loss)?;
        let norm = clip.apply(&mut gradients)?;
        finite("gradient norm", norm)?;
        self.optimizer.step(self.network.parameters(), &gradients)?;
        self.gradients = Some(gradients);
        Ok(norm as f32)
    }
}

fn check_not_started(counters: &Counters) -> Result<(), AgentError> {
    match counters.updates {
        0 => Ok(()),
        updates => Err(AgentError::Started { updates }),
    }
}

/// The largest absolute value; NaN where there is one.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest: f32, value| if value.is_nan() { *value } else { largest.max(value.abs()) })
}
