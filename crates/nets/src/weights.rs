//! Weights as safetensors bytes, checked before anything is believed.

use std::collections::BTreeMap;

use candle_core::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::NetError;

pub(crate) fn write<'a>(tensors: impl Iterator<Item = (&'a str, &'a Tensor)>) -> Result<Vec<u8>, NetError> {
    let mut data = BTreeMap::new();
    for (name, tensor) in tensors {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        data.insert(name, (tensor.dims().to_vec(), bytes));
    }
    let bad = |error: safetensors::SafeTensorError| NetError::weights(error.to_string());
    let views = data
        .iter()
        .map(|(name, (shape, bytes))| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(bad)?)))
        .collect::<Result<Vec<_>, NetError>>()?;
    serialize(views, None).map_err(bad)
}

/// The values of these parameters, in their order.
pub(crate) fn read<'a>(
    bytes: &[u8],
    parameters: impl ExactSizeIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<Vec<Vec<f32>>, NetError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| NetError::weights(format!("not a safetensors file, or a damaged one ({error})")))?;
    let mut unknown = file.names();
    unknown.sort_unstable();
    let mut values = Vec::with_capacity(parameters.len());
    for (name, parameter) in parameters {
        unknown.retain(|known| *known != name);
        let view = file.tensor(name).map_err(|_| NetError::weights(format!("{name} is missing")))?;
        if view.dtype() != Dtype::F32 {
            return Err(NetError::weights(format!("{name} is of type {:?}, not F32", view.dtype())));
        }
        if view.shape() != parameter.dims() {
            return Err(NetError::weights(format!(
                "{name} has shape {:?}, this network's has {:?}",
                view.shape(),
                parameter.dims()
            )));
        }
        let (words, _) = view.data().as_chunks::<4>();
        let numbers: Vec<f32> = words.iter().copied().map(f32::from_le_bytes).collect();
        if let Some(i) = numbers.iter().position(|value| !value.is_finite()) {
            return Err(NetError::weights(format!("{name} holds {} at element {i}", numbers[i])));
        }
        values.push(numbers);
    }
    if let Some(name) = unknown.first() {
        return Err(NetError::weights(format!("{name} belongs to no parameter of this network")));
    }
    Ok(values)
}
