//! The forward pass out of Candle's own operations: the reference that kernels are tested against, and what runs on
//! devices without kernels of their own. Only convolutions on NVIDIA GPUs are ours: see [`im2col`].

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module};
use deepq_kernels::layer_norm::EPSILON as NORM_EPSILON;

use crate::combine::Algebra;
use crate::im2col;
use crate::interface::Outputs;
use crate::layers::{BYTE_SCALE, Block, Conv, Layer, LayerKind, Norm, Pool};
use crate::plan::{Embedding, Plan};
use crate::spec::Activation;
use crate::{Given, Noise, Parameters};

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

/// `[batch, ..observation]`, u8 or f32, to `[batch, actions]` or `[batch, actions, outputs]`.
pub(crate) fn forward(
    plan: &Plan,
    parameters: &Parameters,
    observations: &Tensor,
    given: &Given<'_>,
    mode: Mode,
) -> candle_core::Result<Tensor> {
    let batch = observations.dim(0)?;
    let mut x = observations.clone();
    if x.dtype() == DType::U8 {
        x = (x.to_dtype(DType::F32)? * BYTE_SCALE)?;
    }
    x = match plan.image() {
        Some([channels, height, width]) => x.reshape((batch, channels, height, width))?,
        None => x.reshape((batch, plan.observation_len()))?,
    };
    let network = Reference { parameters, noise: given.noise, mode };
    let features = network.sequence(&plan.torso, x)?.flatten_from(1)?;
    let Some(embedding) = &plan.embedding else {
        return plan.rule.combine(&mut Streams { network, plan, features });
    };
    let embedded = network.embed(embedding, given.taus.unwrap_or_default(), features.device())?;
    let taus = embedded.dim(0)? / batch;
    let features = embedded.reshape((batch, taus, ()))?.broadcast_mul(&features.unsqueeze(1)?)?.flatten_to(1)?;
    let of_each_tau = plan.rule.combine(&mut Streams { network, plan, features })?;
    of_each_tau.reshape((batch, taus, plan.actions))?.transpose(1, 2)?.contiguous()
}

/// The streams behind the features, for the rule that combines them.
struct Streams<'a> {
    network: Reference<'a>,
    plan: &'a Plan,
    /// `[rows, features]`.
    features: Tensor,
}

impl Algebra for Streams<'_> {
    type Value = Tensor;
    type Error = candle_core::Error;

    fn stream(&mut self, index: usize) -> candle_core::Result<Tensor> {
        let stream = &self.plan.streams[index];
        let x = stream.layers.iter().try_fold(self.features.clone(), |x, layer| self.network.layer(layer, &x))?;
        match self.plan.outputs {
            Outputs::PerAction(outputs) => x.reshape(((), stream.actions, outputs)),
            Outputs::One | Outputs::PerTau => Ok(x),
        }
    }

    fn mean_over_actions(&mut self, _: &str, x: &Tensor) -> candle_core::Result<Tensor> {
        x.mean_keepdim(1)
    }

    fn subtract(&mut self, _: &str, a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
        a.broadcast_sub(b)
    }

    fn add(&mut self, _: &str, a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
        a.broadcast_add(b)
    }
}

#[derive(Clone, Copy)]
struct Reference<'a> {
    parameters: &'a Parameters,
    noise: Option<&'a Noise>,
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

    fn sequence(&self, blocks: &[Block], x: Tensor) -> candle_core::Result<Tensor> {
        blocks.iter().try_fold(x, |x, block| match block {
            Block::Layer(layer) => self.layer(layer, &x),
            Block::Activation { activation, .. } => activate(*activation, &x),
            Block::Residual { parts, .. } => self.sequence(parts, x.clone())? + x,
        })
    }

    fn layer(&self, layer: &Layer, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut x = match layer.kind {
            LayerKind::Conv(conv) => self.convolve(conv, layer.weight, x)?,
            LayerKind::Linear { .. } => {
                Linear::new(self.parameter(layer.weight), Some(self.parameter(layer.weight + 1))).forward(x)?
            }
            LayerKind::Noisy { index, .. } => self.noisy(layer.weight, index)?.forward(x)?,
        };
        x = match layer.norm {
            Some(norm) if norm.over_batch => self.normalise_batch(norm, &x)?,
            Some(norm) => self.normalise_layer(norm, &x)?,
            None => x,
        };
        if let Some(activation) = layer.activation {
            x = activate(activation, &x)?;
        }
        match layer.pool {
            Some(pool) => max_pool(&x, pool),
            None => Ok(x),
        }
    }

    fn convolve(&self, conv: Conv, weight: usize, x: &Tensor) -> candle_core::Result<Tensor> {
        let (weight, bias) = (self.parameter(weight), self.parameter(weight + 1));
        let x = pad(&pad(x, 2, [conv.padding; 2], 0.0)?, 3, [conv.padding; 2], 0.0)?;
        let conv = conv.of_padded();
        if x.device().is_cuda() {
            return im2col::convolve(conv, &x, &weight, &bias);
        }
        // Candle's gradient takes the rows and columns that no kernel reaches to be as many on both sides; without them there
        // is nothing to mistake.
        let x = x.narrow(2, 0, conv.used_height())?.narrow(3, 0, conv.used_width())?;
        let config = Conv2dConfig { stride: conv.stride, ..Conv2dConfig::default() };
        Conv2d::new(weight, Some(bias), config).forward(&x)
    }

    /// A noisy layer as it is with this noise: Fortunato et al. 2018, equations 9 to 11.
    fn noisy(&self, first: usize, index: usize) -> candle_core::Result<Linear> {
        let [mut weight, weight_sigma, mut bias, bias_sigma] = [0, 1, 2, 3].map(|i| self.parameter(first + i));
        if let Some(noise) = self.noise.and_then(|noise| noise.layer(index)) {
            let of_weights = noise.outputs.unsqueeze(1)?.broadcast_mul(&noise.inputs.unsqueeze(0)?)?;
            weight = (weight + (weight_sigma * of_weights)?)?;
            bias = (bias + (bias_sigma * &noise.outputs)?)?;
        }
        Ok(Linear::new(weight, Some(bias)))
    }

    /// `[all taus, features]`.
    fn embed(&self, embedding: &Embedding, taus: &[f32], device: &Device) -> candle_core::Result<Tensor> {
        let cosine = |tau: f32, i: usize| libm::cos(std::f64::consts::PI * i as f64 * f64::from(tau)) as f32;
        let cosines = embedding.cosines;
        let values: Vec<f32> = taus.iter().flat_map(|tau| (0..cosines).map(|i| cosine(*tau, i))).collect();
        self.layer(&embedding.layer, &Tensor::from_vec(values, (taus.len(), cosines), device)?)
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

fn activate(activation: Activation, x: &Tensor) -> candle_core::Result<Tensor> {
    Ok(match activation {
        // Not Candle's relu: its gradient at 0 is 1, and blank frames with zero biases give exact zeros.
        Activation::Relu => x.mul(&x.detach().gt(0.0)?.to_dtype(DType::F32)?)?,
        Activation::Tanh => x.tanh()?,
    })
}

/// So many rows of a value before and after what is there.
fn pad(x: &Tensor, axis: usize, [before, after]: [usize; 2], value: f32) -> candle_core::Result<Tensor> {
    let rows = |count: usize| {
        let mut shape = x.dims().to_vec();
        shape[axis] = count;
        Tensor::full(value, shape, x.device())
    };
    match (before, after) {
        (0, 0) => Ok(x.clone()),
        (0, _) => Tensor::cat(&[x, &rows(after)?], axis),
        (_, 0) => Tensor::cat(&[&rows(before)?, x], axis),
        _ => Tensor::cat(&[&rows(before)?, x, &rows(after)?], axis),
    }
}

/// The maximum of each square of a `[batch, channels, height, width]`; of equal ones the first, row by row, is the one that
/// the gradient goes to, as in PyTorch. (The gradient of Candle's own pooling is wrong.)
fn max_pool(x: &Tensor, pool: Pool) -> candle_core::Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let Pool { side, stride, padding } = pool;
    let (rows, columns) = (pool.out(height), pool.out(width));
    // From each place of a square on there are so many whole strides. What is added is less than any number.
    let after = |length: usize, out: usize| (side - 1 + out * stride).saturating_sub(padding + length);
    let x = pad(x, 2, [padding, after(height, rows)], f32::MIN)?;
    let x = pad(&x, 3, [padding, after(width, columns)], f32::MIN)?;
    let at = |place: usize| {
        x.narrow(2, place / side, rows * stride)?
            .narrow(3, place % side, columns * stride)?
            .contiguous()?
            .reshape(&[batch, channels, rows, stride, columns, stride])?
            .narrow(3, 0, 1)?
            .narrow(5, 0, 1)?
            .reshape((batch, channels, rows, columns))
    };
    (1..side * side).try_fold(at(0)?, |best, place| {
        let x = at(place)?;
        let greater = x.detach().gt(&best.detach())?.to_dtype(DType::F32)?;
        let not_greater = greater.affine(-1.0, 1.0)?;
        x.mul(&greater)? + best.mul(&not_greater)?
    })
}
