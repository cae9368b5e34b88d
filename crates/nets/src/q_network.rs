//! Networks from observations to action values.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use rand_core::Rng;

use crate::engine::Engine;
use crate::graph::Graph;
use crate::plan::Plan;
use crate::reference::{self, Mode};
use crate::{Gradients, NetError, NetworkSpec, Parameters};
use deepq_kernels::Isa;

/// A network that gives each action's value in a state.
///
/// It may compute on several threads at once, but must not be changed (by an optimizer, by copying into it) at the same time:
/// who acts while a learner works acts with a copy.
#[derive(Debug)]
pub struct QNetwork {
    plan: Plan,
    parameters: Arc<Parameters>,
    device: Device,
    /// None where Candle's own operations compute.
    graph: Option<Arc<Graph>>,
}

/// What computes a network's values and gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute {
    /// Candle's own operations: slow, and what the kernels are tested against. The only way on other devices than CPUs.
    Reference,
    /// Our own kernels, on this instruction set.
    Kernels(Isa),
}

impl QNetwork {
    /// A network with fresh weights, drawn from `rng` parameter by parameter in their order.
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] or [`NetError::Value`] if the specification is not valid or does not fit the observations.
    pub fn new(
        spec: &NetworkSpec,
        observation_shape: &[usize],
        actions: usize,
        rng: &mut dyn Rng,
        device: &Device,
    ) -> Result<Self, NetError> {
        let plan = Plan::new(spec, observation_shape, actions)?;
        let parameters = Arc::new(Parameters::new(&plan.parameters, rng, device)?);
        let mut network = Self { plan, parameters, device: device.clone(), graph: None };
        if device.is_cpu() && !network.plan.normalises_batches() {
            network.set_compute(Compute::Kernels(Isa::best()))?;
        }
        Ok(network)
    }

    /// Another network with the same weights, which goes its own way from here on: a target network, or one that acts
    /// while this one learns.
    ///
    /// # Errors
    ///
    /// If there is no memory for it on the device.
    pub fn duplicate(&self) -> Result<Self, NetError> {
        let parameters = Arc::new(self.parameters.duplicate()?);
        let mut network = Self { plan: self.plan.clone(), parameters, device: self.device.clone(), graph: None };
        network.set_compute(self.compute())?;
        Ok(network)
    }

    /// What computes: on a CPU the kernels for its best instruction set, unless told otherwise.
    pub fn compute(&self) -> Compute {
        self.graph.as_ref().map_or(Compute::Reference, |graph| Compute::Kernels(graph.engine().isa()))
    }

    /// Chooses what computes. Results differ in their last bits.
    ///
    /// # Errors
    ///
    /// If there are no kernels for this network's device or its normalisation.
    pub fn set_compute(&mut self, compute: Compute) -> Result<(), NetError> {
        self.graph = match compute {
            Compute::Reference => None,
            Compute::Kernels(_) if !self.device.is_cpu() => {
                let name = format!("{:?}", self.device.location());
                return Err(NetError::Device { name, reason: "the kernels run on CPUs only".to_owned() });
            }
            Compute::Kernels(_) if self.plan.normalises_batches() => {
                let reason = "there are no kernels for batch normalisation";
                return Err(NetError::spec("network.normalisation", reason));
            }
            Compute::Kernels(isa) => Some(Arc::new(Graph::new(Engine::new(&self.plan, isa), self.parameters.clone())?)),
        };
        Ok(())
    }

    /// Action values `[batch, actions]` of observations `[batch, ..shape]`, which [`backward`](Self::backward) can
    /// differentiate. Bytes are scaled by 1/255.
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong.
    pub fn forward(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.check(observations)?;
        Ok(match &self.graph {
            Some(graph) => graph.forward(observations, self.actions())?,
            None => reference::forward(&self.plan, &self.parameters, observations, Mode::Train)?,
        })
    }

    /// The same values as [`forward`](Self::forward), faster, outside any graph; only batch normalisation does otherwise
    /// here: see [`Normalisation::Batch`](crate::Normalisation::Batch).
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong.
    pub fn values(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.check(observations)?;
        Ok(match &self.graph {
            Some(graph) => graph.values(observations, self.actions())?,
            None => reference::forward(&self.plan, &self.parameters, observations, Mode::Evaluate)?,
        })
    }

    /// What a double-DQN update asks of the online network: [`forward`](Self::forward) of the observations and
    /// [`values`](Self::values) of the next ones, in one pass, which reads the weights once.
    ///
    /// # Errors
    ///
    /// If either's shape, type or device is wrong.
    pub fn forward_with_next(
        &self,
        observations: &Tensor,
        next_observations: &Tensor,
    ) -> Result<(Tensor, Tensor), NetError> {
        self.check(observations)?;
        self.check(next_observations)?;
        match &self.graph {
            Some(graph) => Ok(graph.forward_with_next(observations, next_observations, self.actions())?),
            None => Ok((self.forward(observations)?, self.values(next_observations)?)),
        }
    }

    /// The gradient of a scalar loss by each parameter.
    ///
    /// # Errors
    ///
    /// If the loss is not a scalar, or does not depend on this network by [`forward`](Self::forward).
    pub fn backward(&self, loss: &Tensor) -> Result<Gradients, NetError> {
        if loss.elem_count() != 1 || !loss.track_op() {
            return Err(NetError::NoGradient);
        }
        if let Some(graph) = &self.graph {
            return graph.backward(loss);
        }
        let store = loss.backward()?;
        let tensors = self
            .parameters
            .iter()
            .enumerate()
            .map(|(i, (_, parameter))| match store.get(parameter) {
                _ if !self.parameters.trainable(i) => Ok(None),
                None => Err(NetError::NoGradient),
                gradient => Ok(gradient.cloned()),
            })
            .collect::<Result<_, _>>()?;
        Gradients::from_tensors(self.parameters.names().clone(), tensors, &self.device)
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Takes over all weights of another network, as a target network does.
    ///
    /// # Errors
    ///
    /// If the other one's parameters have other names or shapes.
    pub fn copy_from(&self, other: &Self) -> Result<(), NetError> {
        self.parameters.copy_from(&other.parameters)
    }

    /// The device that the parameters live on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The shape of one observation.
    pub fn observation_shape(&self) -> &[usize] {
        &self.plan.observation
    }

    /// How many actions there are.
    pub fn actions(&self) -> usize {
        self.plan.actions
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn check(&self, observations: &Tensor) -> Result<(), NetError> {
        let shape = observations.dims();
        if shape.len() != self.plan.observation.len() + 1 || shape[1..] != self.plan.observation || shape[0] == 0 {
            return Err(NetError::shape("observations", [&[1], self.observation_shape()].concat(), shape));
        }
        if !matches!(observations.dtype(), DType::U8 | DType::F32) {
            return Err(NetError::shape("observations' type", "u8 or f32", observations.dtype().as_str()));
        }
        Ok(())
    }
}
