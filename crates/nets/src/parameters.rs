//! A network's parameters: Candle variables in a fixed order, by PyTorch's names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{DType, Device, Tensor, Var};
use rand_core::Rng;

use crate::NetError;
use crate::plan::ParameterPlan;
use crate::weights;

/// A network's parameters in the order of PyTorch's `state_dict`: torso first, then `head`, or `value` and `advantage`;
/// of each layer the weight (`[outputs, inputs]`, or `[filters, channels, height, width]`) before the bias. All f32.
///
/// Values change only through this type's own methods and an [`Optimizer`](crate::Optimizer), which is how the network
/// knows when what it derived from them is out of date.
#[derive(Debug)]
pub struct Parameters {
    entries: Vec<(String, Var)>,
    names: Arc<[String]>,
    /// Counts the changes.
    generation: AtomicU64,
}

impl Parameters {
    pub(crate) fn new(plans: &[ParameterPlan], rng: &mut dyn Rng, device: &Device) -> Result<Self, NetError> {
        let entries = plans
            .iter()
            .map(|plan| {
                let n = plan.shape.iter().product();
                let values = if plan.is_bias {
                    plan.initialisation.biases(n, plan.fan_in, rng)
                } else {
                    plan.initialisation.weights(n, plan.fan_in, rng)
                };
                Ok((plan.name.clone(), Var::from_vec(values, plan.shape.as_slice(), device)?))
            })
            .collect::<Result<_, NetError>>()?;
        let names = plans.iter().map(|plan| plan.name.clone()).collect();
        Ok(Self { entries, names, generation: AtomicU64::new(0) })
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many numbers there are in all.
    pub fn count(&self) -> usize {
        self.iter().map(|(_, tensor)| tensor.elem_count()).sum()
    }

    /// Names and values in order. The tensors are the variables themselves: they change with the next update.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, var)| (name.as_str(), var.as_tensor()))
    }

    /// The parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.iter().find_map(|(known, tensor)| (known == name).then_some(tensor))
    }

    /// Sets a parameter.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or its shape or type differs.
    pub fn set(&self, name: &str, value: &Tensor) -> Result<(), NetError> {
        let (_, var) = self
            .entries
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| NetError::weights(format!("there is no parameter {name:?}")))?;
        if var.shape() != value.shape() || value.dtype() != DType::F32 {
            return Err(NetError::shape(
                name,
                (var.dims(), DType::F32.as_str()),
                (value.dims(), value.dtype().as_str()),
            ));
        }
        var.set(&value.detach().to_device(var.device())?)?;
        self.changed();
        Ok(())
    }

    /// Takes over all values of another network's parameters.
    ///
    /// # Errors
    ///
    /// If names or shapes differ; nothing is changed then.
    pub fn copy_from(&self, other: &Self) -> Result<(), NetError> {
        let same = self.len() == other.len()
            && self.iter().zip(other.iter()).all(|((a, x), (b, y))| a == b && x.shape() == y.shape());
        if !same {
            let names =
                |p: &Self| p.iter().map(|(name, tensor)| format!("{name} {:?}", tensor.dims())).collect::<Vec<_>>();
            return Err(NetError::shape("the other network's parameters", names(self), names(other)));
        }
        for ((_, var), (_, value)) in self.entries.iter().zip(other.iter()) {
            var.set(&value.detach().to_device(var.device())?)?;
        }
        self.changed();
        Ok(())
    }

    /// All parameters as a safetensors file, named as here: `torch.load_state_dict` takes it as it is. The same values
    /// give the same bytes.
    ///
    /// # Errors
    ///
    /// If the values cannot be brought to the host.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, NetError> {
        weights::write(self.iter())
    }

    /// Loads what [`to_safetensors`](Self::to_safetensors), or PyTorch, wrote.
    ///
    /// # Errors
    ///
    /// [`NetError::Weights`] if the bytes are no safetensors file, or names, shapes or types differ, or a number is not
    /// finite; nothing is changed then.
    pub fn load_safetensors(&self, bytes: &[u8]) -> Result<(), NetError> {
        let values = weights::read(bytes, self.iter())?;
        for ((_, var), value) in self.entries.iter().zip(values) {
            var.set(&Tensor::from_vec(value, var.shape(), var.device())?)?;
        }
        self.changed();
        Ok(())
    }

    pub(crate) fn vars(&self) -> impl ExactSizeIterator<Item = &Var> {
        self.entries.iter().map(|(_, var)| var)
    }

    /// All names in order.
    pub(crate) fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    pub(crate) fn at(&self, index: usize) -> &Var {
        &self.entries[index].1
    }

    /// Differs after each change.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// To be called after each change.
    pub(crate) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }
}
