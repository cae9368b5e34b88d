//! The forward pass out of Candle's own operations: the reference that kernels are tested against, and what runs on
//! devices without kernels of their own. Only convolutions on NVIDIA GPUs are ours: see [`im2col`].

use candle_core::{D, DType, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module};
use deepq_kernels::layer_norm::EPSILON as NORM_EPSILON;

use crate::Parameters;
use crate::im2col;
use crate::plan::{HeadPlan, Layer, LayerKind, Norm, Plan};
use crate::spec::Activation;

/// What multiplies bytes, so that frames lie in [0, 1].
pub(crate) const BYTE_SCALE: f64 = 1.0 / 255.0;

/// PyTorch's share of a batch in batch normalisation's running statistics.
const MOMENTUM: f64 = 0.1;

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The result can be differentiated; batch normalisation takes the batch's own statistics and remembers them, unless it
    /// is frozen.
    Train,
    /// The result stands outside any graph; batch normalisation takes what it remembers.
    Evaluate,
}

/// `[batch, ..observation]`, u8 or f32, to `[batch, actions]`.
pub(crate) fn forward(
    plan: &Plan,
    parameters: &Parameters,
    observations: &Tensor,
    mode: Mode,
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
    let network = Reference { parameters, mode };
    let features = network.sequence(&plan.torso, x)?.flatten_from(1)?;
    match &plan.head {
        HeadPlan::Single(layers) => network.sequence(layers, features),
        HeadPlan::Dueling { value, advantage } => {
            let value = network.sequence(value, features.clone())?;
            let advantage = network.sequence(advantage, features)?;
            let mean = advantage.mean_keepdim(1)?;
            advantage.broadcast_sub(&mean)?.broadcast_add(&value)
        }
    }
}

struct Reference<'a> {
    parameters: &'a Parameters,
    mode: Mode,
}

impl Reference<'_> {
    /// Whether a parameter is trained by this pass: a frozen one stays what it is.
    fn trains(&self, index: usize) -> bool {
        self.mode == Mode::Train && self.parameters.trainable(index)
    }

    /// A parameter, in the graph if it is to be trained.
    fn parameter(&self, index: usize) -> Tensor {
        let var = self.parameters.at(index);
        if self.trains(index) { var.as_tensor().clone() } else { var.as_detached_tensor() }
    }

    fn sequence(&self, layers: &[Layer], mut x: Tensor) -> candle_core::Result<Tensor> {
        for layer in layers {
            let (weight, bias) = (self.parameter(layer.weight), self.parameter(layer.weight + 1));
            x = match layer.kind {
                LayerKind::Conv(conv) if x.device().is_cuda() => im2col::convolve(conv, &x, &weight, &bias)?,
                LayerKind::Conv(conv) => {
                    // Candle's gradient takes the rows and columns that no kernel reaches to be as many on both sides;
                    // without them there is nothing to mistake.
                    let x = x.narrow(2, 0, conv.used_height())?.narrow(3, 0, conv.used_width())?;
                    let config = Conv2dConfig { stride: conv.stride, ..Conv2dConfig::default() };
                    Conv2d::new(weight, Some(bias), config).forward(&x)?
                }
                LayerKind::Linear { .. } => Linear::new(weight, Some(bias)).forward(&x)?,
            };
            x = match layer.norm {
                Some(norm) if norm.over_batch => self.normalise_batch(norm, &x)?,
                Some(norm) => self.normalise_layer(norm, &x)?,
                None => x,
            };
            x = match layer.activation {
                // Not Candle's relu: its gradient at 0 is 1, and blank frames with zero biases give exact zeros.
                Some(Activation::Relu) => x.mul(&x.detach().gt(0.0)?.to_dtype(DType::F32)?)?,
                Some(Activation::Tanh) => x.tanh()?,
                None => x,
            };
            if let Some(side) = layer.pool {
                x = max_pool(&x, side)?;
            }
        }
        Ok(x)
    }

    fn normalise_layer(&self, norm: Norm, x: &Tensor) -> candle_core::Result<Tensor> {
        let flat = x.flatten_from(1)?;
        let centred = flat.broadcast_sub(&flat.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centred.broadcast_div(&(variance + f64::from(NORM_EPSILON))?.sqrt()?)?;
        let (weight, bias) = (self.parameter(norm.weight), self.parameter(norm.weight + 1));
        normal.reshape(x.shape())?.broadcast_mul(&weight)?.broadcast_add(&bias)
    }

    fn normalise_batch(&self, norm: Norm, x: &Tensor) -> candle_core::Result<Tensor> {
        let (batch, channels, height, width) = x.dims4()?;
        let per_channel = |tensor: &Tensor| tensor.reshape((1, channels, 1, 1));
        let [running_mean, running_variance, batches] = [2, 3, 4].map(|i| self.parameters.at(norm.weight + i));
        let (mean, variance) = if self.trains(norm.weight) {
            let mean = x.mean_keepdim((0, 2, 3))?;
            let variance = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2, 3))?;
            let count = (batch * height * width) as f64;
            // Into the running variance goes the unbiased one, as in PyTorch.
            let unbiased = (variance.detach() * (count / (count - 1.0).max(1.0)))?.flatten_all()?;
            let blend = |old: &Tensor, new: &Tensor| (old.detach() * (1.0 - MOMENTUM))? + (new * MOMENTUM)?;
            running_mean.set(&blend(running_mean, &mean.detach().flatten_all()?)?)?;
            running_variance.set(&blend(running_variance, &unbiased)?)?;
            batches.set(&(batches.as_detached_tensor() + 1.0)?)?;
            self.parameters.changed();
            (mean, variance)
        } else {
            (per_channel(&running_mean.as_detached_tensor())?, per_channel(&running_variance.as_detached_tensor())?)
        };
        let normal = x.broadcast_sub(&mean)?.broadcast_div(&(variance + f64::from(NORM_EPSILON))?.sqrt()?)?;
        let (weight, bias) = (self.parameter(norm.weight), self.parameter(norm.weight + 1));
        normal.broadcast_mul(&per_channel(&weight)?)?.broadcast_add(&per_channel(&bias)?)
    }
}

/// The maximum of each square of a `[batch, channels, height, width]`; of equal ones the first, row by row, is the one that
/// the gradient goes to, as in PyTorch. (The gradient of Candle's own pooling is wrong.)
fn max_pool(x: &Tensor, side: usize) -> candle_core::Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let (rows, columns) = (height / side, width / side);
    let squares = x
        .narrow(2, 0, rows * side)?
        .narrow(3, 0, columns * side)?
        .contiguous()?
        .reshape(&[batch, channels, rows, side, columns, side])?;
    let at = |place: usize| {
        squares.narrow(3, place / side, 1)?.narrow(5, place % side, 1)?.reshape((batch, channels, rows, columns))
    };
    (1..side * side).try_fold(at(0)?, |best, place| {
        let x = at(place)?;
        let greater = x.detach().gt(&best.detach())?.to_dtype(DType::F32)?;
        let not_greater = greater.affine(-1.0, 1.0)?;
        x.mul(&greater)? + best.mul(&not_greater)?
    })
}
