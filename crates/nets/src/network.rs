//! Networks from observations to action values.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use deepq_kernels::Isa;
use rand_core::Rng;

use crate::engine;
use crate::graph::Graph;
use crate::plan::Plan;
use crate::reference::{self, Mode};
use crate::{Given, Gradients, Interface, NetError, NetworkSpec, Noise, Outputs, Parameters};

/// A network that gives each action's value in a state.
///
/// It may compute on several threads at once, but must not be changed (by an optimizer, by copying into it) at the same time:
/// who acts while a learner works acts with a copy.
#[derive(Debug)]
pub struct Network {
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

impl Network {
    /// A network that gives each action one value, with fresh weights, drawn from `rng` parameter by parameter in their order.
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] or [`NetError::Value`] if the specification is not valid or does not fit the observations, or has
    /// noise or a second input.
    pub fn new(
        spec: &NetworkSpec,
        observation_shape: &[usize],
        actions: usize,
        rng: &mut dyn Rng,
        device: &Device,
    ) -> Result<Self, NetError> {
        Self::with_interface(spec, observation_shape, actions, Interface::default(), rng, device)
    }

    /// A network with more than one output an action, noise, or a second input, as [`new`](Self::new) makes one without.
    ///
    /// ```
    /// use deepq_nets::{Device, Head, Interface, NetworkSpec, Outputs, Network, Tensor, Torso};
    /// use rand_pcg::{Pcg64, rand_core::SeedableRng};
    ///
    /// let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, Head::Dueling { hidden: vec![8] });
    /// let interface = Interface { outputs: Outputs::PerAction(51), ..Interface::default() };
    /// let network = Network::with_interface(&spec, &[4], 2, interface, &mut Pcg64::seed_from_u64(1), &Device::Cpu)?;
    /// let logits = network.values(&Tensor::new(&[[0.1f32, 0.2, -0.1, 0.0]], &Device::Cpu)?)?;
    /// assert_eq!(logits.dims(), [1, 2, 51]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] or [`NetError::Value`] if the specification is not valid, or does not fit the observations or the
    /// interface.
    pub fn with_interface(
        spec: &NetworkSpec,
        observation_shape: &[usize],
        actions: usize,
        interface: Interface,
        rng: &mut dyn Rng,
        device: &Device,
    ) -> Result<Self, NetError> {
        let plan = Plan::new(spec, observation_shape, actions, interface)?;
        let parameters = Arc::new(Parameters::new(&plan.parameters, rng, device)?);
        let mut network = Self { plan, parameters, device: device.clone(), graph: None };
        if device.is_cpu() && engine::unknown(&network.plan).is_none() {
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

    /// What computes, unless told otherwise: on a CPU the kernels for its best instruction set; Candle's own operations on other
    /// devices, and where there are no kernels for a part of the network: batch normalisation, residual blocks, padding,
    /// pooling that overlaps, noise, a second input.
    pub fn compute(&self) -> Compute {
        self.graph.as_ref().map_or(Compute::Reference, |graph| Compute::Kernels(graph.engine().isa()))
    }

    /// Chooses what computes. Results differ in their last bits.
    ///
    /// # Errors
    ///
    /// If there are no kernels for this network's device or a part of it.
    pub fn set_compute(&mut self, compute: Compute) -> Result<(), NetError> {
        self.graph = match (compute, engine::unknown(&self.plan)) {
            (Compute::Reference, _) => None,
            (Compute::Kernels(_), _) if !self.device.is_cpu() => {
                let name = format!("{:?}", self.device.location());
                return Err(NetError::Device { name, reason: "the kernels run on CPUs only".to_owned() });
            }
            (Compute::Kernels(_), Some((key, what))) => {
                return Err(NetError::spec(key, format!("there are no kernels for {what}")));
            }
            (Compute::Kernels(isa), None) => Some(Arc::new(Graph::new(&self.plan, isa, self.parameters.clone())?)),
        };
        Ok(())
    }

    /// Action values of observations `[batch, ..shape]`, which [`backward`](Self::backward) can differentiate: `[batch, actions]`,
    /// or what [`Outputs`] says. Bytes are scaled by 1/255. Noisy layers have none here.
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong, or the network has a second input.
    pub fn forward(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.forward_given(observations, &Given::default())
    }

    /// The same values as [`forward`](Self::forward), faster, outside any graph; only batch normalisation does otherwise
    /// here: see [`Normalisation::Batch`](crate::Normalisation::Batch).
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong, or the network has a second input.
    pub fn values(&self, observations: &Tensor) -> Result<Tensor, NetError> {
        self.values_given(observations, &Given::default())
    }

    /// [`forward`](Self::forward) with noise or a second input.
    ///
    /// # Errors
    ///
    /// If the observations' shape, type or device is wrong, the noise is another network's, or there are not as many numbers of
    /// the second input for each row.
    pub fn forward_given(&self, observations: &Tensor, given: &Given<'_>) -> Result<Tensor, NetError> {
        self.check(observations, given)?;
        Ok(match &self.graph {
            Some(graph) => graph.forward(observations)?,
            None => reference::forward(&self.plan, &self.parameters, observations, given, Mode::Train)?,
        })
    }

    /// [`values`](Self::values) with noise or a second input.
    ///
    /// # Errors
    ///
    /// As for [`forward_given`](Self::forward_given).
    pub fn values_given(&self, observations: &Tensor, given: &Given<'_>) -> Result<Tensor, NetError> {
        self.check(observations, given)?;
        Ok(match &self.graph {
            Some(graph) => graph.values(observations)?,
            None => reference::forward(&self.plan, &self.parameters, observations, given, Mode::Evaluate)?,
        })
    }

    /// What a double-DQN update asks of the online network: [`forward`](Self::forward) of the observations and
    /// [`values`](Self::values) of the next ones, in one pass, which reads the weights once.
    ///
    /// # Errors
    ///
    /// If either's shape, type or device is wrong, or the network has a second input.
    pub fn forward_with_next(
        &self,
        observations: &Tensor,
        next_observations: &Tensor,
    ) -> Result<(Tensor, Tensor), NetError> {
        self.check(observations, &Given::default())?;
        self.check(next_observations, &Given::default())?;
        match &self.graph {
            Some(graph) => Ok(graph.forward_with_next(observations, next_observations)?),
            None => Ok((self.forward(observations)?, self.values(next_observations)?)),
        }
    }

    /// New noise for all layers that have it, from the caller's generator: layer by layer in the order of their parameters, of
    /// each its inputs' numbers before its outputs'. Without such layers nothing is drawn.
    ///
    /// # Errors
    ///
    /// If there is no memory for it on the device.
    pub fn draw_noise(&self, rng: &mut dyn Rng) -> Result<Noise, NetError> {
        Ok(Noise::draw(self.plan.noisy(), rng, &self.device)?)
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
        let found = |(i, (_, parameter)): (usize, (&str, &Tensor))| {
            self.parameters.trainable(i).then(|| (parameter.clone(), store.get(parameter).cloned()))
        };
        let found: Vec<_> = self.parameters.iter().enumerate().map(found).collect();
        if found.iter().any(Option::is_some) && !found.iter().flatten().any(|(_, gradient)| gradient.is_some()) {
            return Err(NetError::NoGradient);
        }
        // A loss need not depend on all of them: deviations of noise do nothing without noise.
        let or_zeros =
            |(parameter, gradient): (Tensor, Option<Tensor>)| gradient.map_or_else(|| parameter.zeros_like(), Ok);
        let tensors = found.into_iter().map(|found| found.map(or_zeros).transpose()).collect::<Result<_, _>>()?;
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

    /// What comes out for each action.
    pub fn outputs(&self) -> Outputs {
        self.plan.outputs
    }

    /// Whether layers have noise.
    pub fn is_noisy(&self) -> bool {
        self.plan.noisy().next().is_some()
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn check(&self, observations: &Tensor, given: &Given<'_>) -> Result<(), NetError> {
        let shape = observations.dims();
        if shape.len() != self.plan.observation.len() + 1 || shape[1..] != self.plan.observation || shape[0] == 0 {
            return Err(NetError::shape("observations", [&[1], self.observation_shape()].concat(), shape));
        }
        if !matches!(observations.dtype(), DType::U8 | DType::F32) {
            return Err(NetError::shape("observations' type", "u8 or f32", observations.dtype().as_str()));
        }
        if let Some(noise) = given.noise
            && !noise.sizes().eq(self.plan.noisy())
        {
            let [expected, actual] = [self.plan.noisy().collect(), noise.sizes().collect::<Vec<_>>()];
            return Err(NetError::shape("noise of layers of [inputs, outputs]", expected, actual));
        }
        match (&self.plan.embedding, given.taus) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(NetError::shape("taus", "none: the network has no second input", "some")),
            (Some(_), taus) => {
                let (rows, taus) = (shape[0], taus.map_or(0, <[f32]>::len));
                if taus == 0 || !taus.is_multiple_of(rows) {
                    return Err(NetError::shape("taus", format!("one or more for each of {rows} rows"), taus));
                }
                Ok(())
            }
        }
    }
}
