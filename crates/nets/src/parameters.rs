//! A network's parameters: Candle variables in a fixed order, by PyTorch's names.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use candle_core::{DType, Device, Tensor, Var};
use rand_core::Rng;

use crate::NetError;
use crate::layers::{ParameterPlan, Role};
use crate::weights;

/// A network's parameters in the order of PyTorch's `state_dict`: torso first, then `embedding` where there is one, then `head`,
/// or `value` and `advantage`;
/// of each layer the weight (`[outputs, inputs]`, or `[filters, channels, height, width]`) before the bias, of a batch
/// normalisation its running statistics after them. All f32.
///
/// Values change only through this type's own methods, batch normalisation and an [`Optimizer`](crate::Optimizer), which is
/// how the network knows when what it derived from them is out of date.
#[derive(Debug)]
pub struct Parameters {
    entries: Vec<Entry>,
    names: Arc<[String]>,
    /// Counts the changes.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    name: String,
    var: Var,
    /// Whether gradients move it.
    trainable: AtomicBool,
}

impl Parameters {
    pub(crate) fn new(plans: &[ParameterPlan], rng: &mut dyn Rng, device: &Device) -> Result<Self, NetError> {
        let entries = plans
            .iter()
            .map(|plan| {
                let n = plan.shape.iter().product();
                let values = match plan.role {
                    Role::Weight { fan_in, initialisation } => initialisation.weights(n, fan_in, rng),
                    Role::Bias { fan_in, initialisation } => initialisation.biases(n, fan_in, rng),
                    Role::Constant(value) | Role::Statistic(value) => vec![f32::from(value); n],
                    Role::Deviation(value) => vec![value; n],
                };
                let var = Var::from_vec(values, plan.shape.as_slice(), device)?;
                let trainable = AtomicBool::new(!matches!(plan.role, Role::Statistic(_)));
                Ok(Entry { name: plan.name.clone(), var, trainable })
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
        self.entries.iter().map(|entry| (entry.name.as_str(), entry.var.as_tensor()))
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
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let var = &entry.ok_or_else(|| NetError::weights(format!("there is no parameter {name:?}")))?.var;
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

    /// The same values once more, in variables of their own; frozen are the same ones.
    pub(crate) fn duplicate(&self) -> Result<Self, NetError> {
        let duplicate = |entry: &Entry| -> Result<Entry, NetError> {
            let var = Var::from_tensor(&entry.var.as_detached_tensor().copy()?)?;
            let trainable = AtomicBool::new(entry.trainable.load(Ordering::Relaxed));
            Ok(Entry { name: entry.name.clone(), var, trainable })
        };
        let entries = self.entries.iter().map(duplicate).collect::<Result<_, _>>()?;
        Ok(Self { entries, names: self.names.clone(), generation: AtomicU64::new(0) })
    }

    /// Takes over all values of another network's parameters.
    ///
    /// # Errors
    ///
    /// If names or shapes differ; nothing is changed then.
    pub fn copy_from(&self, other: &Self) -> Result<(), NetError> {
        self.check_alike(other)?;
        for (var, (_, value)) in self.vars().zip(other.iter()) {
            var.set(&value.detach().to_device(var.device())?)?;
        }
        self.changed();
        Ok(())
    }

    /// Moves all values towards another network's: `self = (1 - share) * self + share * other`, as target networks do that
    /// follow slowly (Lillicrap et al. 2016). A share of 1 copies.
    ///
    /// # Errors
    ///
    /// If names or shapes differ, or the share is not from 0 to 1; nothing is changed then.
    pub fn blend_from(&self, other: &Self, share: f64) -> Result<(), NetError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(NetError::value("share", share, "a number from 0 to 1"));
        }
        if share == 1.0 {
            return self.copy_from(other);
        }
        self.check_alike(other)?;
        for (var, (_, value)) in self.vars().zip(other.iter()) {
            let value = value.detach().to_device(var.device())?;
            var.set(&((var.as_detached_tensor() * (1.0 - share))? + (value * share)?)?)?;
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
        self.load(bytes, None).map(|_| ())
    }

    /// Loads parts of such a file, as `torso`, `head` or `advantage.2`: every parameter whose name begins with one of them
    /// and a dot. The file may hold others, which are left alone. Gives the names that were loaded.
    ///
    /// # Errors
    ///
    /// As for [`load_safetensors`](Self::load_safetensors); also if the network has no such part. Nothing is changed then.
    pub fn load_parts(&self, bytes: &[u8], parts: &[&str]) -> Result<Vec<String>, NetError> {
        self.load(bytes, Some(parts))
    }

    fn load(&self, bytes: &[u8], parts: Option<&[&str]>) -> Result<Vec<String>, NetError> {
        let chosen = match parts {
            None => (0..self.len()).collect(),
            Some(parts) => self.of_parts(parts)?,
        };
        let parameters = chosen.iter().map(|&i| (self.names[i].as_str(), self.at(i).as_tensor()));
        let values = weights::read(bytes, parameters, parts.is_some())?;
        for (&i, value) in chosen.iter().zip(values) {
            let var = self.at(i);
            var.set(&Tensor::from_vec(value, var.shape(), var.device())?)?;
        }
        self.changed();
        Ok(chosen.into_iter().map(|i| self.names[i].clone()).collect())
    }

    /// Keeps parts as they are from now on: they get no gradients, an optimizer made from now on holds no state for them,
    /// and batch normalisation in them uses its running statistics without changing them. Parts are named as for
    /// [`load_parts`](Self::load_parts). Gives the names that were frozen.
    ///
    /// # Errors
    ///
    /// If the network has no such part.
    pub fn freeze(&self, parts: &[&str]) -> Result<Vec<String>, NetError> {
        let chosen = self.of_parts(parts)?;
        for &i in &chosen {
            self.entries[i].trainable.store(false, Ordering::Release);
        }
        Ok(chosen.into_iter().map(|i| self.names[i].clone()).collect())
    }

    /// The parameters of these parts, in order.
    fn of_parts(&self, parts: &[&str]) -> Result<Vec<usize>, NetError> {
        let belongs = |name: &str, part: &str| name.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
        if let Some(part) = parts.iter().find(|part| !self.names.iter().any(|name| belongs(name, part))) {
            let mut known: Vec<_> = self.names.iter().filter_map(|name| name.split('.').next()).collect();
            known.dedup();
            let reason = format!("the network has no part {part:?}; it has {}", known.join(", "));
            return Err(NetError::weights(reason));
        }
        let chosen = (0..self.len()).filter(|&i| parts.iter().any(|part| belongs(&self.names[i], part)));
        Ok(chosen.collect())
    }

    fn check_alike(&self, other: &Self) -> Result<(), NetError> {
        let alike = self.names == other.names && self.vars().zip(other.vars()).all(|(a, b)| a.shape() == b.shape());
        if alike {
            return Ok(());
        }
        let shapes = |p: &Self| p.iter().map(|(name, t)| format!("{name} {:?}", t.dims())).collect::<Vec<_>>();
        Err(NetError::shape("the other network's parameters", shapes(self), shapes(other)))
    }

    pub(crate) fn vars(&self) -> impl ExactSizeIterator<Item = &Var> {
        self.entries.iter().map(|entry| &entry.var)
    }

    /// All names in order.
    pub(crate) fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    pub(crate) fn at(&self, index: usize) -> &Var {
        &self.entries[index].var
    }

    /// Whether gradients move a parameter.
    pub(crate) fn trainable(&self, index: usize) -> bool {
        self.entries[index].trainable.load(Ordering::Acquire)
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
