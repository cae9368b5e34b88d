//! The forward pass out of Candle's own operations: the reference that kernels are tested against, and what runs on
//! devices without kernels of their own.

use candle_core::{DType, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module};

use crate::Parameters;
use crate::plan::{HeadPlan, Layer, LayerKind, Plan};
use crate::spec::Activation;

/// What multiplies bytes, so that frames lie in [0, 1].
pub(crate) const BYTE_SCALE: f64 = 1.0 / 255.0;

/// `[batch, ..observation]`, u8 or f32, to `[batch, actions]`. `graph` says whether the result can be differentiated.
pub(crate) fn forward(
    plan: &Plan,
    parameters: &Parameters,
    observations: &Tensor,
    graph: bool,
) -> candle_core::Result<Tensor> {
    let batch = observations.dim(0)?;
    let mut x = observations.clone();
    if x.dtype() == DType::U8 {
        x = (x.to_dtype(DType::F32)? * BYTE_SCALE)?;
    }
    x = match plan.torso.first().map(|layer| &layer.kind) {
        Some(LayerKind::Conv(conv)) => x.reshape((batch, conv.channels, conv.height, conv.width))?,
        _ => x.reshape((batch, plan.observation_len()))?,
    };
    let features = sequence(&plan.torso, parameters, x, graph)?.flatten_from(1)?;
    match &plan.head {
        HeadPlan::Single(layers) => sequence(layers, parameters, features, graph),
        HeadPlan::Dueling { value, advantage } => {
            let value = sequence(value, parameters, features.clone(), graph)?;
            let advantage = sequence(advantage, parameters, features, graph)?;
            let mean = advantage.mean_keepdim(1)?;
            advantage.broadcast_sub(&mean)?.broadcast_add(&value)
        }
    }
}

fn sequence(layers: &[Layer], parameters: &Parameters, mut x: Tensor, graph: bool) -> candle_core::Result<Tensor> {
    let parameter = |index: usize| {
        let var = parameters.at(index);
        if graph { var.as_tensor().clone() } else { var.as_detached_tensor() }
    };
    for layer in layers {
        let (weight, bias) = (parameter(layer.weight), parameter(layer.weight + 1));
        x = match layer.kind {
            LayerKind::Conv(conv) => {
                // Candle's gradient takes the rows and columns that no kernel reaches to be as many on both sides; without
                // them there is nothing to mistake.
                let x = x.narrow(2, 0, conv.used_height())?.narrow(3, 0, conv.used_width())?;
                let config = Conv2dConfig { stride: conv.stride, ..Conv2dConfig::default() };
                Conv2d::new(weight, Some(bias), config).forward(&x)?
            }
            LayerKind::Linear { .. } => Linear::new(weight, Some(bias)).forward(&x)?,
        };
        x = match layer.activation {
            // Not Candle's relu: its gradient at 0 is 1, and blank frames with zero biases give exact zeros.
            Some(Activation::Relu) => x.mul(&x.detach().gt(0.0)?.to_dtype(DType::F32)?)?,
            Some(Activation::Tanh) => x.tanh()?,
            None => x,
        };
    }
    Ok(x)
}
