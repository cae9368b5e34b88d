//! What an agent is given, one row a stream: checked, and on its way into a network.

use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor};
use deepq_core::{Element, ElementKind};
use deepq_nets::QNetwork;
use deepq_replay::Transition;

use crate::{AgentError, Counters, targets};

/// Observations as a tensor `[rows, ..shape]` on the network's device; bytes stay bytes.
pub(crate) fn tensor<E: Element>(network: &QNetwork, observations: &[E]) -> Result<Tensor, AgentError> {
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
    pub(crate) fn with<E: Element>(&mut self, network: &QNetwork, observations: &[E]) -> Result<Tensor, AgentError> {
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
pub(crate) fn values<E: Element>(network: &QNetwork, observations: &[E]) -> Result<Vec<f32>, AgentError> {
    Ok(network.values(&tensor(network, observations)?)?.flatten_all()?.to_vec1()?)
}

/// The action of the highest output for each row.
pub(crate) fn greedy<E: Element>(
    network: &QNetwork,
    observations: &[E],
    actions: &mut [usize],
) -> Result<(), AgentError> {
    check(network, observations, actions)?;
    let outputs = values(network, observations)?;
    for (action, outputs) in actions.iter_mut().zip(outputs.chunks_exact(network.actions())) {
        *action = targets::argmax(outputs);
    }
    Ok(())
}

/// Checks that there is one action for each row of observations.
pub(crate) fn check<E>(network: &QNetwork, observations: &[E], actions: &[usize]) -> Result<(), AgentError> {
    let rows = count(observations, network.observation_shape())?;
    if rows == actions.len() {
        return Ok(());
    }
    let expected = format!("one for each of {rows} rows of observations");
    Err(AgentError::Shape { what: "actions", actual: actions.len(), expected })
}

/// Checks that there is such a stream.
pub(crate) fn check_stream(stream: usize, streams: usize) -> Result<(), AgentError> {
    if stream < streams {
        return Ok(());
    }
    let expected = format!("the streams are 0 to {}", streams.saturating_sub(1));
    Err(AgentError::Unknown { what: "stream", number: stream, expected })
}

/// Checks that a transition's action exists and that its reward is a number.
pub(crate) fn check_transition<E>(
    transition: &Transition<'_, E>,
    stream: usize,
    actions: usize,
    counters: &Counters,
) -> Result<(), AgentError> {
    let &Transition { action, reward, .. } = transition;
    if action as usize >= actions {
        let expected = format!("the actions are 0 to {}", actions - 1);
        return Err(AgentError::Unknown { what: "action", number: action as usize, expected });
    }
    if !reward.is_finite() {
        return Err(AgentError::Reward { stream, agent_step: counters.agent_steps, reward });
    }
    Ok(())
}

/// Number of rows.
fn count<E>(observations: &[E], shape: &[usize]) -> Result<usize, AgentError> {
    let (len, actual) = (shape.iter().product::<usize>(), observations.len());
    match actual.checked_div(len) {
        Some(rows) if rows * len == actual => Ok(rows),
        _ => {
            let expected = format!("a whole number of observations of shape {shape:?} was expected");
            Err(AgentError::Shape { what: "observations", actual, expected })
        }
    }
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
            let network = QNetwork::new(&spec, &[2], 2, &mut Seeds::new(1).stream("weights"), &Device::Cpu).unwrap();
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
