//! The loss between action values and their targets.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor};
use serde::{Deserialize, Serialize};

use crate::NetError;

/// How an error counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Half its square up to 1, then linear (Huber 1964): PyTorch's `smooth_l1_loss` with beta 1.
    #[default]
    Huber,
    /// Its square: PyTorch's `mse_loss`.
    Mse,
}

impl Loss {
    /// The loss of an error.
    pub fn value(self, error: f32) -> f32 {
        match self {
            Self::Huber if error.abs() <= 1.0 => 0.5 * error * error,
            Self::Huber => error.abs() - 0.5,
            Self::Mse => error * error,
        }
    }

    /// Its derivative by the error.
    pub fn derivative(self, error: f32) -> f32 {
        match self {
            Self::Huber => error.clamp(-1.0, 1.0),
            Self::Mse => 2.0 * error,
        }
    }
}

/// What [`td_loss`] gives.
#[derive(Debug)]
pub struct TdLoss {
    /// The mean over the batch of weight times loss: a scalar, in the graph of `q_tm1`.
    pub loss: Tensor,
    /// Target minus value, of each row.
    pub td_errors: Vec<f32>,
}

/// The loss of the taken actions' values against fixed targets: mean over i of `weights[i] *
/// loss(targets[i] - q_tm1[i, a_tm1[i]])`. Without weights they are all 1.
///
/// `q_tm1` is `[batch, actions]`, in f32; the slices have one entry a row.
///
/// # Errors
///
/// If a length differs or an action does not exist.
pub fn td_loss(
    q_tm1: &Tensor,
    a_tm1: &[u32],
    targets: &[f32],
    weights: Option<&[f32]>,
    loss: Loss,
) -> Result<TdLoss, NetError> {
    let &[batch, actions] = q_tm1.dims() else {
        return Err(NetError::shape("q_tm1", "[batch, actions]", q_tm1.dims()));
    };
    let lengths =
        [("a_tm1", a_tm1.len()), ("targets", targets.len()), ("weights", weights.map_or(batch, <[f32]>::len))];
    for (name, length) in lengths {
        if length != batch {
            return Err(NetError::shape(name, batch, length));
        }
    }
    if batch == 0 || q_tm1.dtype() != DType::F32 {
        return Err(NetError::shape("q_tm1", "f32 and at least one row", (q_tm1.dtype().as_str(), q_tm1.dims())));
    }
    if let Some((row, &action)) = a_tm1.iter().enumerate().find(|(_, a)| **a as usize >= actions) {
        return Err(NetError::Action { row, action, actions });
    }
    if q_tm1.device().is_cpu() {
        fused(q_tm1, a_tm1, targets, weights, loss)
    } else {
        plain(q_tm1, a_tm1, targets, weights, loss)
    }
}

/// Out of Candle's own operations, for any device.
pub(crate) fn plain(
    q_tm1: &Tensor,
    a_tm1: &[u32],
    targets: &[f32],
    weights: Option<&[f32]>,
    loss: Loss,
) -> Result<TdLoss, NetError> {
    let (batch, device) = (a_tm1.len(), q_tm1.device());
    let targets = Tensor::from_slice(targets, batch, device)?;
    let taken = q_tm1.gather(&Tensor::from_slice(a_tm1, (batch, 1), device)?, 1)?.squeeze(1)?;
    let errors = (targets - taken)?;
    let losses = match loss {
        Loss::Mse => errors.sqr()?,
        Loss::Huber => {
            let size = errors.abs()?;
            // min(|e|, 1) as a mask, because Candle's minimum halves the gradient at a tie.
            let inside = size.detach().le(1.0)?.to_dtype(DType::F32)?;
            let outside = inside.affine(-1.0, 1.0)?;
            ((errors.sqr()? * 0.5)?.mul(&inside)? + size.affine(1.0, -0.5)?.mul(&outside)?)?
        }
    };
    let losses = match weights {
        Some(weights) => losses.mul(&Tensor::from_slice(weights, batch, device)?)?,
        None => losses,
    };
    Ok(TdLoss { loss: losses.mean_all()?, td_errors: errors.to_vec1()? })
}

fn fused(
    q_tm1: &Tensor,
    a_tm1: &[u32],
    targets: &[f32],
    weights: Option<&[f32]>,
    loss: Loss,
) -> Result<TdLoss, NetError> {
    let (batch, actions) = q_tm1.dims2()?;
    let q_tm1 = q_tm1.contiguous()?;
    let mut op = TdLossOp { derivatives: vec![0.0; batch * actions], shape: (batch, actions), loss: 0.0 };
    let mut td_errors = vec![0.0; batch];
    let mut sum = 0.0f64;
    with_values(&q_tm1, |q| {
        for (i, (row, derivatives)) in q.chunks_exact(actions).zip(op.derivatives.chunks_exact_mut(actions)).enumerate()
        {
            let action = a_tm1[i] as usize;
            let error = targets[i] - row[action];
            let weight = weights.map_or(1.0, |weights| weights[i]);
            td_errors[i] = error;
            sum += f64::from(weight * loss.value(error));
            derivatives[action] = -weight * loss.derivative(error) / batch as f32;
        }
    })?;
    op.loss = (sum / batch as f64) as f32;
    Ok(TdLoss { loss: q_tm1.apply_op1(op)?, td_errors })
}

/// Runs `f` on a contiguous host tensor's values.
fn with_values<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (candle_core::Storage::Cpu(storage), Some((start, end))) => Ok(f(&storage.as_slice::<f32>()?[start..end])),
        _ => candle_core::bail!("expected contiguous values in host memory"),
    }
}

/// Puts a loss that is already known, and its derivatives, into the graph.
struct TdLossOp {
    loss: f32,
    /// By each element of `q_tm1`.
    derivatives: Vec<f32>,
    shape: (usize, usize),
}

impl CustomOp1 for TdLossOp {
    fn name(&self) -> &'static str {
        "td-loss"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.loss]), Shape::from(())))
    }

    fn bwd(&self, q_tm1: &Tensor, _: &Tensor, upstream: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let derivatives = Tensor::from_slice(&self.derivatives, self.shape, q_tm1.device())?;
        match upstream.to_scalar::<f32>()? {
            1.0 => Ok(Some(derivatives)),
            factor => Ok(Some((derivatives * f64::from(factor))?)),
        }
    }
}
