//! A network and what trains it: the part of an agent that is the same whatever it learns by.

use candle_core::Tensor;
use deepq_nets::{Gradients, Optimizer, OptimizerSpec, QNetwork};

use crate::{AgentError, ClipGradient, Counters};

/// A network with its optimizer.
pub(crate) struct Trained {
    pub(crate) network: QNetwork,
    pub(crate) spec: OptimizerSpec,
    pub(crate) optimizer: Optimizer,
    /// Of the latest step, as the optimizer saw them.
    pub(crate) gradients: Option<Gradients>,
}

/// A loss to go down, and what it came from, to be named where it has diverged.
pub(crate) struct Descent<'a> {
    /// The update's number.
    pub(crate) update: u64,
    pub(crate) loss: &'a Tensor,
    /// The loss's value.
    pub(crate) value: f32,
    pub(crate) rewards: &'a [f32],
    /// What the network gave.
    pub(crate) outputs: &'a [f32],
}

impl Trained {
    pub(crate) fn new(network: QNetwork, optimizer: &OptimizerSpec) -> Result<Self, AgentError> {
        let (spec, optimizer) = (*optimizer, Optimizer::new(optimizer, network.parameters())?);
        Ok(Self { network, spec, optimizer, gradients: None })
    }

    /// See [`Agent::load_parts`](crate::Agent::load_parts).
    pub(crate) fn load_parts(
        &self,
        weights: &[u8],
        parts: &[&str],
        counters: &Counters,
    ) -> Result<Vec<String>, AgentError> {
        check_not_started(counters)?;
        Ok(self.network.parameters().load_parts(weights, parts)?)
    }

    /// See [`Agent::freeze`](crate::Agent::freeze).
    pub(crate) fn freeze(&mut self, parts: &[&str], counters: &Counters) -> Result<Vec<String>, AgentError> {
        check_not_started(counters)?;
        let frozen = self.network.parameters().freeze(parts)?;
        self.optimizer = Optimizer::new(&self.spec, self.network.parameters())?;
        Ok(frozen)
    }

    /// A step down a loss's gradient; gives the gradient's norm before clipping.
    pub(crate) fn descend(&mut self, descent: &Descent<'_>, clip: &ClipGradient) -> Result<f32, AgentError> {
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
