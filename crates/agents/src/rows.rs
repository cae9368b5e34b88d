//! Rows of observations on their way into a network, and what comes out of it.

use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor};
use deepq_core::{Element, ElementKind};
use deepq_nets::Network;

use crate::preconditions::count;
use crate::{AgentError, targets};

/// Observations as a tensor `[rows, ..shape]` on the network's device; bytes stay bytes.
pub(crate) fn tensor<E: Element>(network: &Network, observations: &[E]) -> Result<Tensor, AgentError> {
    let (shape, device) = (network.observation_shape(), network.device());
    let rows = count(observations, shape)?;
    let shape: Vec<usize> = std::iter::once(rows).chain(shape.iter().copied()).collect();
    // The casts are from E to itself.
    Ok(match E::KIND {
        ElementKind::F32 => Tensor::from_slice(bytemuck::cast_slice::<E, f32>(observations), shape, device)?,
        ElementKind::U8 => Tensor::from_slice(bytemuck::cast_slice::<E, u8>(observations), shape, device)?,
    })
}

/// A tensor of observations that is filled again and again. A batch of frames is a megabyte: the system would take such
/// memory back and clear it anew for every update.
#[derive(Default)]
pub(crate) struct Refilled {
    tensor: Option<Tensor>,
}

impl Refilled {
    /// Observations as [`tensor`] gives them. What was given before has these values from now on, too.
    pub(crate) fn with<E: Element>(&mut self, network: &Network, observations: &[E]) -> Result<Tensor, AgentError> {
        let rows = count(observations, network.observation_shape())?;
        match &self.tensor {
            Some(tensor) if tensor.device().is_cpu() && tensor.dims()[0] == rows => {
                tensor.inplace_op1(&Fill(observations))?;
                Ok(tensor.clone())
            }
            _ => Ok(self.tensor.insert(tensor(network, observations)?).clone()),
        }
    }
}

/// Writes these values into a tensor of their number and type.
struct Fill<'a, E>(&'a [E]);

impl<E: Element> InplaceOp1 for Fill<'_, E> {
    fn name(&self) -> &'static str {
        "fill"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _: &Layout) -> candle_core::Result<()> {
        match storage {
            CpuStorage::F32(values) => values.copy_from_slice(bytemuck::cast_slice(self.0)),
            CpuStorage::U8(values) => values.copy_from_slice(bytemuck::cast_slice(self.0)),
            _ => candle_core::bail!("observations are f32 or u8"),
        }
        Ok(())
    }
}

/// The network's outputs `[rows, actions]`, row after row.
pub(crate) fn outputs<E: Element>(network: &Network, observations: &[E]) -> Result<Vec<f32>, AgentError> {
    Ok(network.values(&tensor(network, observations)?)?.flatten_all()?.to_vec1()?)
}

/// The action of the highest output for each row, of which there are as many as actions.
pub(crate) fn choose(outputs: &[f32], actions: &mut [usize]) {
    let width = outputs.len() / actions.len().max(1);
    for (action, outputs) in actions.iter_mut().zip(outputs.chunks_exact(width.max(1))) {
        *action = targets::argmax(outputs);
    }
}

/// The mean of the outputs `[rows, actions]` of the actions that were taken, one each row.
pub(crate) fn mean_of_taken(outputs: &[f32], actions: &[u32]) -> f32 {
    let width = outputs.len() / actions.len().max(1);
    let taken = outputs.chunks_exact(width.max(1)).zip(actions);
    taken.map(|(outputs, action)| outputs[*action as usize]).sum::<f32>() / actions.len() as f32
}

/// Observations as numbers that hold either element exactly.
pub(crate) fn numbers<E: Element>(observations: &[E]) -> Vec<f32> {
    match E::KIND {
        ElementKind::F32 => bytemuck::cast_slice(observations).to_vec(),
        ElementKind::U8 => bytemuck::cast_slice::<E, u8>(observations).iter().copied().map(f32::from).collect(),
    }
}

/// The elements whose [`numbers`] these are; none where they are not.
pub(crate) fn elements<E: Element>(numbers: &[f32]) -> Option<Vec<E>> {
    let element = |number: &f32| match E::KIND {
        ElementKind::F32 => Some(bytemuck::cast(*number)),
        ElementKind::U8 => {
            let byte = *number as u8;
            (f32::from(byte) == *number).then(|| bytemuck::cast(byte))
        }
    };
    numbers.iter().map(element).collect()
}

#[cfg(test)]
mod tests {
    use deepq_core::Seeds;
    use deepq_nets::{Device, Head, NetworkSpec, Torso};

    use super::*;

    #[test]
    fn refilled_memory_holds_the_newest_observations_of_any_number() {
        fn rows<E: Element>(element: impl Fn(u8) -> E) {
            let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] });
            let network = Network::new(&spec, &[2], 2, &mut Seeds::new(1).stream("weights"), &Device::Cpu).unwrap();
            let mut refilled = Refilled::default();
            let mut with = |values: &[u8]| {
                let observations: Vec<E> = values.iter().map(|value| element(*value)).collect();
                refilled.with(&network, &observations).unwrap()
            };
            let values = |tensor: &Tensor| tensor.to_dtype(candle_core::DType::U8).unwrap().to_vec2::<u8>().unwrap();
            let first = with(&[1, 2, 3, 4]);
            assert_eq!(values(&first), [[1, 2], [3, 4]]);
            let second = with(&[5, 6, 7, 8]);
            assert_eq!(values(&second), [[5, 6], [7, 8]]);
            assert_eq!(values(&first), values(&second), "it is the same memory");
            assert_eq!(values(&with(&[9, 10])), [[9, 10]]);
            assert_eq!(values(&with(&[1, 2, 3, 4, 5, 6])), [[1, 2], [3, 4], [5, 6]]);
        }
        rows(|value| value);
        rows(f32::from);
    }
}
