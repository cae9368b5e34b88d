//! Weights as safetensors bytes, checked before anything is believed.

use std::collections::BTreeMap;

use candle_core::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::NetError;
use crate::plan::BATCHES;

/// How a parameter's numbers are written: all as f32, but counts as PyTorch has them.
fn dtype(name: &str) -> Dtype {
    if name.ends_with(BATCHES) { Dtype::I64 } else { Dtype::F32 }
}

pub(crate) fn write<'a>(tensors: impl Iterator<Item = (&'a str, &'a Tensor)>) -> Result<Vec<u8>, NetError> {
    let mut data = BTreeMap::new();
    for (name, tensor) in tensors {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = match dtype(name) {
            Dtype::I64 => values.iter().flat_map(|value| (*value as i64).to_le_bytes()).collect(),
            _ => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        data.insert(name, (tensor.dims().to_vec(), bytes));
    }
    let bad = |error: safetensors::SafeTensorError| NetError::weights(error.to_string());
    let views = data
        .iter()
        .map(|(name, (shape, bytes))| Ok((*name, TensorView::new(dtype(name), shape.clone(), bytes).map_err(bad)?)))
        .collect::<Result<Vec<_>, NetError>>()?;
    serialize(views, None).map_err(bad)
}

/// The values of these parameters, in their order. The file may hold others if `others`.
pub(crate) fn read<'a>(
    bytes: &[u8],
    parameters: impl Iterator<Item = (&'a str, &'a Tensor)>,
    others: bool,
) -> Result<Vec<Vec<f32>>, NetError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| NetError::weights(format!("not a safetensors file, or a damaged one ({error})")))?;
    let mut unknown = file.names();
    unknown.sort_unstable();
    let mut values = Vec::new();
    for (name, parameter) in parameters {
        unknown.retain(|known| *known != name);
        let view = file.tensor(name).map_err(|_| NetError::weights(format!("{name} is missing")))?;
        if view.dtype() != dtype(name) {
            return Err(NetError::weights(format!("{name} is of type {:?}, not {:?}", view.dtype(), dtype(name))));
        }
        if view.shape() != parameter.dims() {
            return Err(NetError::weights(format!(
                "{name} has shape {:?}, this network's has {:?}",
                view.shape(),
                parameter.dims()
            )));
        }
        let numbers: Vec<f32> = match dtype(name) {
            Dtype::I64 => view.data().as_chunks::<8>().0.iter().map(|word| i64::from_le_bytes(*word) as f32).collect(),
            _ => view.data().as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect(),
        };
        if let Some(i) = numbers.iter().position(|value| !value.is_finite()) {
            return Err(NetError::weights(format!("{name} holds {} at element {i}", numbers[i])));
        }
        values.push(numbers);
    }
    match unknown.first() {
        Some(name) if !others => Err(NetError::weights(format!("{name} belongs to no parameter of this network"))),
        _ => Ok(values),
    }
}
