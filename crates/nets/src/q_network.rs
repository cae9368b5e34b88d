//! Networks from observations to action values.

use candle_core::{DType, Device, Tensor};
use rand_core::Rng;

use crate::plan::Plan;
use crate::{Gradients, NetError, NetworkSpec, Parameters, reference};

/// A network that gives each action's value in a state.
#[derive(Debug)]
pub struct QNetwork {
    plan: Plan,
    parameters: Parameters,
    device: Device,
}

impl QNetwork {
    /// A network with fresh weights, drawn from `rng` parameter by parameter in their order.
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] if the specification is not valid or does not fit the observations.
    pub fn new(
        spec: &NetworkSpec,
        observation_shape: &[usize],
        actions: usize,
        rng: &mut dyn Rng,
        device: &Device,
    ) -> Result<Self, NetError> {
        let plan = Plan::new(spec, observation_shape, actions)?;
        let parameters = Parameters::new(&plan.parameters, rng, device)?;
        Ok(Self { plan, parameters, device: device.clone() })
    }

    /// Action values `[batch, actions]` of observations `[batch, ..shape]`, which [`backward`](Self::backward) can
    /// differentiate. Bytes are scaled by 1/255.
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong.
    pub fn forward(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.check(observations)?;
        Ok(reference::forward(&self.plan, &self.parameters, observations, true)?)
    }

    /// The same values as [`forward`](Self::forward), faster, outside any graph.
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong.
    pub fn values(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.check(observations)?;
        Ok(reference::forward(&self.plan, &self.parameters, observations, false)?)
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
        let store = loss.backward()?;
        let tensors = self
            .parameters
            .iter()
            .map(|(_, parameter)| store.get(parameter).cloned().ok_or(NetError::NoGradient))
            .collect::<Result<_, _>>()?;
        Gradients::new(self.parameters.iter().map(|(name, _)| name.to_owned()).collect(), tensors, &self.device)
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
