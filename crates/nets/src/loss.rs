//! The loss between action values and their targets.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NetError;

/// How an error counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The same number, in host memory already: to take it from `loss` would wait for the device once more.
    pub value: f32,
    /// Target minus value, of each row.
    pub td_errors: Vec<f32>,
    /// `q_tm1` in host memory, row after row.
    pub q_values: Vec<f32>,
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
    let q_values = q_tm1.flatten_all()?.to_vec1::<f32>()?;
    let mut derivatives = vec![0.0; batch * actions];
    let mut td_errors = vec![0.0; batch];
    let mut sum = 0.0f64;
    for (i, (row, derivatives)) in q_values.chunks_exact(actions).zip(derivatives.chunks_exact_mut(actions)).enumerate()
    {
        let action = a_tm1[i] as usize;
        let error = targets[i] - row[action];
        let weight = weights.map_or(1.0, |weights| weights[i]);
        td_errors[i] = error;
        sum += f64::from(weight * loss.value(error));
        derivatives[action] = -weight * loss.derivative(error) / batch as f32;
    }
    let value = (sum / batch as f64) as f32;
    let shape = (batch, actions);
    let loss = if q_tm1.device().is_cpu() {
        q_tm1.apply_op1(TdLossOp { value, derivatives, shape })?
    } else {
        linear(q_tm1, &Tensor::from_vec(derivatives, shape, q_tm1.device())?, value)?
    };
    Ok(TdLoss { loss, value, td_errors, q_values })
}

/// A scalar of this value with these derivatives by `q_tm1`, out of Candle's own operations: nothing in it, forward or
/// backward, makes the host wait for the device.
fn linear(q_tm1: &Tensor, derivatives: &Tensor, value: f32) -> candle_core::Result<Tensor> {
    let sum = q_tm1.mul(derivatives)?.sum_all()?;
    sum.sub(&sum.detach())? + f64::from(value)
}

/// Puts a loss that is already known, and its derivatives, into the graph.
struct TdLossOp {
    value: f32,
    /// By each element of `q_tm1`.
    derivatives: Vec<f32>,
    shape: (usize, usize),
}

impl CustomOp1 for TdLossOp {
    fn name(&self) -> &'static str {
        "td-loss"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.value]), Shape::from(())))
    }

    fn bwd(&self, q_tm1: &Tensor, _: &Tensor, upstream: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let derivatives = Tensor::from_slice(&self.derivatives, self.shape, q_tm1.device())?;
        match upstream.to_scalar::<f32>()? {
            1.0 => Ok(Some(derivatives)),
            factor => Ok(Some((derivatives * f64::from(factor))?)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use candle_core::{Device, Var};

    use super::*;

    /// What other devices get has the value and the gradients that a CPU gets.
    #[test]
    fn devices_have_the_same_loss() {
        let q = Var::new(&[[0.5f32, -1.25, 3.0], [2.0, 0.0, -0.75]], &Device::Cpu).unwrap();
        for kind in [Loss::Huber, Loss::Mse] {
            let TdLoss { loss, value, .. } = td_loss(&q, &[2, 0], &[1.0, 2.25], Some(&[0.5, 1.0]), kind).unwrap();
            let gradients = loss.backward().unwrap();
            let expected = gradients.get(&q).unwrap();
            let other = linear(&q, expected, value).unwrap();
            assert_eq!(other.to_scalar::<f32>().unwrap(), value);
            for (factor, loss) in [(1.0, other.clone()), (2.0, (&other * 2.0).unwrap())] {
                let gradients = loss.backward().unwrap();
                let expected = (expected * factor).unwrap().to_vec2::<f32>().unwrap();
                assert_eq!(gradients.get(&q).unwrap().to_vec2::<f32>().unwrap(), expected);
            }
        }
    }
}
