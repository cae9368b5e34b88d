//! Optimizers whose whole state can be saved and restored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Tensor};
use deepq_kernels::Isa;

use crate::gradients::Values;
use crate::optimizer_spec::Rule;
use crate::{Gradients, NetError, OptimizerSpec, Parameters};

/// An optimizer for the parameters of one network.
#[derive(Debug)]
pub struct Optimizer {
    spec: OptimizerSpec,
    step: u64,
    isa: Isa,
    names: Arc<[String]>,
    /// One for each parameter; none for those that were frozen when the optimizer was made.
    moments: Vec<Option<Moments>>,
}

#[derive(Debug)]
struct Moments {
    shape: Vec<usize>,
    values: MomentValues,
}

/// As many as [`OptimizerSpec::moments`] names.
#[derive(Debug)]
enum MomentValues {
    Host(Vec<Vec<f32>>),
    Device(Vec<Tensor>),
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
        let count = spec.moments().len();
        let moments = parameters
            .iter()
            .enumerate()
            .map(|(i, (_, tensor))| {
                if !parameters.trainable(i) {
                    return Ok(None);
                }
                let values = if tensor.device().is_cpu() {
                    MomentValues::Host(vec![vec![0.0; tensor.elem_count()]; count])
                } else {
                    MomentValues::Device(vec![tensor.detach().zeros_like()?; count])
                };
                Ok(Some(Moments { shape: tensor.dims().to_vec(), values }))
            })
            .collect::<Result<_, NetError>>()?;
        Ok(Self { spec: *spec, step: 0, isa: Isa::best(), names: parameters.names().clone(), moments })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The step size from now on.
    ///
    /// # Errors
    ///
    /// If it is not a number above 0; it stays as it is then.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), NetError> {
        let spec = self.spec.with_learning_rate(learning_rate);
        spec.validate()?;
        self.spec = spec;
        Ok(())
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
        let rule = Rule::at(&self.spec, self.step);
        for (i, (moments, var)) in self.moments.iter_mut().zip(parameters.vars()).enumerate() {
            let Some(moments) = moments else { continue };
            match (&mut moments.values, gradients.values()) {
                // Frozen since the optimizer was made.
                (MomentValues::Host(_), Values::Host(gradients)) if gradients[i].is_empty() => {}
                (MomentValues::Host(moments), Values::Host(gradients)) => {
                    in_place(var, &mut |values| rule.step(values, moments, &gradients[i], self.isa))?;
                }
                (MomentValues::Device(moments), Values::Device(gradients)) => {
                    if let Some(gradient) = &gradients[i] {
                        var.set(&rule.step_tensors(var.as_tensor(), moments, gradient)?)?;
                    }
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
        for (name, moments) in self.names.iter().zip(&self.moments) {
            let Some(moments) = moments else { continue };
            for (i, kind) in self.spec.moments().iter().enumerate() {
                let tensor = match &moments.values {
                    MomentValues::Host(values) => {
                        Tensor::from_slice(&values[i], moments.shape.as_slice(), &Device::Cpu)?
                    }
                    MomentValues::Device(tensors) => tensors[i].to_device(&Device::Cpu)?,
                };
                tensors.insert(format!("{name}.{kind}"), tensor);
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
        let kinds = self.spec.moments();
        let expected = kinds.len() * self.moments.iter().flatten().count();
        if state.tensors.len() != expected {
            return Err(bad(format!("{} tensors, this optimizer has {expected}", state.tensors.len())));
        }
        let mut restored = Vec::with_capacity(self.moments.len());
        for (name, moments) in self.names.iter().zip(&self.moments) {
            let Some(moments) = moments else { continue };
            let mut values = Vec::with_capacity(kinds.len());
            for kind in kinds {
                let name = format!("{name}.{kind}");
                let tensor = state.tensors.get(&name).ok_or_else(|| bad(format!("{name} is missing")))?;
                if tensor.dims() != moments.shape || tensor.dtype() != DType::F32 {
                    let (dtype, shape) = (tensor.dtype().as_str(), tensor.dims());
                    return Err(bad(format!("{name} is {dtype} {shape:?}, not f32 {:?}", moments.shape)));
                }
                let numbers = tensor.flatten_all()?.to_vec1::<f32>()?;
                if numbers.iter().any(|number| !number.is_finite()) {
                    return Err(bad(format!("{name} holds a number that is not finite")));
                }
                values.push(numbers);
            }
            restored.push(values);
        }
        for (moments, values) in self.moments.iter_mut().flatten().zip(restored) {
            match &mut moments.values {
                MomentValues::Host(moments) => *moments = values,
                MomentValues::Device(tensors) => {
                    for (tensor, values) in tensors.iter_mut().zip(values) {
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
