//! Optimizers whose whole state can be saved and restored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor};
use serde::{Deserialize, Serialize};

use crate::gradients::Values;
use crate::kernels::Isa;
use crate::kernels::adam::{Adam, AdamStep};
use crate::{Gradients, NetError, Parameters};

/// An optimizer, as an experiment's `[optimizer]` section says it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerSpec {
    /// Adam (Kingma and Ba 2015) with bias correction and without weight decay, as PyTorch's.
    Adam {
        /// Step size, above 0.
        learning_rate: f64,
        /// Decay of the mean gradient, in [0, 1).
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the mean squared gradient, in [0, 1).
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the root of the mean squared gradient, 0 or more.
        #[serde(default = "epsilon")]
        epsilon: f64,
    },
}

/// Kingma and Ba's own values, which PyTorch has too.
fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-8
}

impl OptimizerSpec {
    /// Adam with the paper's decays.
    pub fn adam(learning_rate: f64) -> Self {
        Self::Adam { learning_rate, beta1: beta1(), beta2: beta2(), epsilon: epsilon() }
    }

    /// Checks the values.
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`], which names the key below `optimizer` and says what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        let Self::Adam { learning_rate, beta1, beta2, epsilon } = *self;
        let check = |key: &str, value: f64, allowed: bool, what: &str| {
            if allowed && value.is_finite() {
                return Ok(());
            }
            Err(NetError::spec(format!("optimizer.{key}"), format!("{value} is not allowed; {what}")))
        };
        check("learning_rate", learning_rate, learning_rate > 0.0, "a number above 0")?;
        check("beta1", beta1, (0.0..1.0).contains(&beta1), "a number from 0 to below 1")?;
        check("beta2", beta2, (0.0..1.0).contains(&beta2), "a number from 0 to below 1")?;
        check("epsilon", epsilon, epsilon >= 0.0, "0 or a number above")
    }
}

/// PyTorch's names of Adam's moments.
const MOMENTS: [&str; 2] = ["exp_avg", "exp_avg_sq"];

/// An optimizer for the parameters of one network.
#[derive(Debug)]
pub struct Optimizer {
    spec: OptimizerSpec,
    step: u64,
    isa: Isa,
    names: Arc<[String]>,
    moments: Vec<Moments>,
}

#[derive(Debug)]
struct Moments {
    name: String,
    shape: Vec<usize>,
    values: MomentValues,
}

#[derive(Debug)]
enum MomentValues {
    Host([Vec<f32>; 2]),
    Device([Tensor; 2]),
}

/// An optimizer's whole state as a value.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// Steps done.
    pub step: u64,
    /// The moments, in host memory, named by parameter and PyTorch's word: `torso.0.weight.exp_avg`.
    pub tensors: BTreeMap<String, Tensor>,
}

impl Optimizer {
    /// An optimizer at its first step.
    ///
    /// # Errors
    ///
    /// If the specification is not valid.
    pub fn new(spec: &OptimizerSpec, parameters: &Parameters) -> Result<Self, NetError> {
        spec.validate()?;
        let moments = parameters
            .iter()
            .map(|(name, tensor)| {
                let values = if tensor.device().is_cpu() {
                    MomentValues::Host(std::array::from_fn(|_| vec![0.0; tensor.elem_count()]))
                } else {
                    let zeros = tensor.detach().zeros_like()?;
                    MomentValues::Device([zeros.clone(), zeros])
                };
                Ok(Moments { name: name.to_owned(), shape: tensor.dims().to_vec(), values })
            })
            .collect::<Result<_, NetError>>()?;
        Ok(Self { spec: *spec, step: 0, isa: Isa::best(), names: parameters.names().clone(), moments })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Moves the parameters one step against the gradients.
    ///
    /// # Errors
    ///
    /// If parameters or gradients are not those of the network that this optimizer was made for.
    pub fn step(&mut self, parameters: &Parameters, gradients: &Gradients) -> Result<(), NetError> {
        for names in [parameters.names(), gradients.names()] {
            if !Arc::ptr_eq(names, &self.names) && *names != self.names {
                return Err(NetError::shape("the names of parameters and gradients", &self.names, names));
            }
        }
        self.step += 1;
        let OptimizerSpec::Adam { learning_rate, beta1, beta2, epsilon } = self.spec;
        let adam = AdamStep::at(self.step, learning_rate, beta1, beta2, epsilon);
        for (i, (moments, var)) in self.moments.iter_mut().zip(parameters.vars()).enumerate() {
            match (&mut moments.values, gradients.values()) {
                (MomentValues::Host(moments), Values::Host(gradients)) => {
                    let [mean, square] = moments;
                    let gradient = &gradients[i];
                    in_place(var, &mut |values| Adam { step: adam, values, mean, square, gradient }.run(self.isa))?;
                }
                (MomentValues::Device(moments), Values::Device(gradients)) => {
                    let value = adam.on_tensors(var.as_tensor(), moments, &gradients[i])?;
                    var.set(&value)?;
                }
                _ => return Err(NetError::shape("the gradients' device", "the parameters'", "another")),
            }
        }
        parameters.changed();
        Ok(())
    }

    /// The whole state.
    ///
    /// # Errors
    ///
    /// If the values cannot be brought to the host.
    pub fn state(&self) -> Result<OptimizerState, NetError> {
        let mut tensors = BTreeMap::new();
        for moments in &self.moments {
            let host = match &moments.values {
                MomentValues::Host(values) => values
                    .each_ref()
                    .map(|values| Tensor::from_slice(values, moments.shape.as_slice(), &candle_core::Device::Cpu)),
                MomentValues::Device(tensors) => {
                    tensors.each_ref().map(|tensor| tensor.to_device(&candle_core::Device::Cpu))
                }
            };
            for (kind, tensor) in MOMENTS.iter().zip(host) {
                tensors.insert(format!("{}.{kind}", moments.name), tensor?);
            }
        }
        Ok(OptimizerState { step: self.step, tensors })
    }

    /// Goes on from a saved state.
    ///
    /// # Errors
    ///
    /// [`NetError::OptimizerState`] if names or shapes differ or a number is not finite; nothing is changed then.
    pub fn restore(&mut self, state: &OptimizerState) -> Result<(), NetError> {
        let bad = |reason: String| NetError::OptimizerState { reason };
        if state.tensors.len() != MOMENTS.len() * self.moments.len() {
            return Err(bad(format!(
                "{} tensors, this optimizer has {}",
                state.tensors.len(),
                MOMENTS.len() * self.moments.len()
            )));
        }
        let mut restored = Vec::with_capacity(self.moments.len());
        for moments in &self.moments {
            let mut pair: [Vec<f32>; 2] = [vec![], vec![]];
            for (values, kind) in pair.iter_mut().zip(MOMENTS) {
                let name = format!("{}.{kind}", moments.name);
                let tensor = state.tensors.get(&name).ok_or_else(|| bad(format!("{name} is missing")))?;
                if tensor.dims() != moments.shape || tensor.dtype() != candle_core::DType::F32 {
                    return Err(bad(format!(
                        "{name} is {} {:?}, not f32 {:?}",
                        tensor.dtype().as_str(),
                        tensor.dims(),
                        moments.shape
                    )));
                }
                *values = tensor.flatten_all()?.to_vec1()?;
                if values.iter().any(|value| !value.is_finite()) {
                    return Err(bad(format!("{name} holds a number that is not finite")));
                }
            }
            restored.push(pair);
        }
        for (moments, pair) in self.moments.iter_mut().zip(restored) {
            match &mut moments.values {
                MomentValues::Host(values) => *values = pair,
                MomentValues::Device(tensors) => {
                    for (tensor, values) in tensors.iter_mut().zip(pair) {
                        *tensor = Tensor::from_vec(values, moments.shape.as_slice(), tensor.device())?;
                    }
                }
            }
        }
        self.step = state.step;
        Ok(())
    }
}

/// What runs over a tensor's values.
type Pass<'a> = dyn FnMut(&mut [f32]) + Send + 'a;

/// Runs `f` on a host tensor's values, in place.
fn in_place(tensor: &Tensor, f: &mut Pass<'_>) -> Result<(), NetError> {
    /// Candle hands an operation out by shared reference; the lock makes the closure's own state reachable.
    struct InPlace<'a>(Mutex<&'a mut Pass<'a>>);

    impl InplaceOp1 for InPlace<'_> {
        fn name(&self) -> &'static str {
            "in-place"
        }

        fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
            let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
                candle_core::bail!("expected contiguous f32 values")
            };
            let mut f = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (*f)(&mut values[start..end]);
            Ok(())
        }
    }

    Ok(tensor.inplace_op1(&InPlace(Mutex::new(f)))?)
}
