//! The gradient of a loss by each parameter.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use deepq_kernels::Isa;
use deepq_kernels::sums::SumOfSquares;

use crate::NetError;
use crate::engine::Pool;

/// The gradient of a loss by each of a network's parameters that are not frozen, in the parameters' order.
#[derive(Debug)]
pub struct Gradients {
    names: Arc<[String]>,
    values: Values,
    /// Where host memory goes for its next use.
    home: Option<Arc<Pool<Vec<Vec<f32>>>>>,
}

/// Where gradients lie.
#[derive(Debug)]
pub(crate) enum Values {
    /// In host memory, flat; empty for parameters that gradients do not move.
    Host(Vec<Vec<f32>>),
    /// On another device; none for parameters that gradients do not move.
    Device(Vec<Option<Tensor>>),
}

impl Gradients {
    /// Gradients as Candle's own backward pass gives them.
    pub(crate) fn from_tensors(
        names: Arc<[String]>,
        tensors: Vec<Option<Tensor>>,
        device: &Device,
    ) -> Result<Self, NetError> {
        let values = if device.is_cpu() {
            let host = |tensor: &Option<Tensor>| match tensor {
                Some(tensor) => tensor.flatten_all()?.to_vec1(),
                None => Ok(vec![]),
            };
            Values::Host(tensors.iter().map(host).collect::<Result<_, _>>()?)
        } else {
            Values::Device(tensors)
        };
        Ok(Self { names, values, home: None })
    }

    /// Gradients in memory that goes back to its pool.
    pub(crate) fn pooled(names: Arc<[String]>, values: Vec<Vec<f32>>, home: Arc<Pool<Vec<Vec<f32>>>>) -> Self {
        Self { names, values: Values::Host(values), home: Some(home) }
    }

    pub(crate) fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// Each parameter's name and its gradient, flat in the parameter's own layout.
    ///
    /// # Errors
    ///
    /// An item is an error if its values cannot be brought to the host.
    pub fn iter(&self) -> impl Iterator<Item = Result<(&str, Cow<'_, [f32]>), NetError>> {
        self.names.iter().enumerate().filter_map(|(i, name)| {
            let gradient = match &self.values {
                Values::Host(values) if values[i].is_empty() => return None,
                Values::Host(values) => Ok(Cow::Borrowed(values[i].as_slice())),
                Values::Device(tensors) => tensors[i].as_ref()?.flatten_all().and_then(|t| t.to_vec1()).map(Cow::Owned),
            };
            Some(gradient.map(|gradient| (name.as_str(), gradient)).map_err(NetError::from))
        })
    }

    /// The Euclidean norm of all gradients together.
    ///
    /// # Errors
    ///
    /// If a device fails.
    pub fn norm(&self) -> Result<f64, NetError> {
        Ok(self.squares()?.iter().sum::<f64>().sqrt())
    }

    /// Scales all gradients so that their norm is at most `max`, as PyTorch's `clip_grad_norm_` does. Gives the norm
    /// before.
    ///
    /// # Errors
    ///
    /// If `max` is not a positive number, or a device fails.
    pub fn clip_norm(&mut self, max: f64) -> Result<f64, NetError> {
        check_max(max)?;
        let norm = self.norm()?;
        // PyTorch's own small number, so that both clip alike.
        let factor = max / (norm + 1e-6);
        if factor < 1.0 {
            for i in 0..self.names.len() {
                self.scale(i, factor)?;
            }
        }
        Ok(norm)
    }

    /// Scales each parameter's gradient by itself so that its norm is at most `max`, as `clipnorm` of Keras's optimizers
    /// does. Gives the norm of all before.
    ///
    /// # Errors
    ///
    /// If `max` is not a positive number, or a device fails.
    pub fn clip_each(&mut self, max: f64) -> Result<f64, NetError> {
        check_max(max)?;
        let squares = self.squares()?;
        for (i, square) in squares.iter().enumerate() {
            if square.sqrt() > max {
                self.scale(i, max / square.sqrt())?;
            }
        }
        Ok(squares.iter().sum::<f64>().sqrt())
    }

    /// The squared norm of each gradient.
    fn squares(&self) -> Result<Vec<f64>, NetError> {
        match &self.values {
            Values::Host(values) => Ok(values.iter().map(|values| SumOfSquares { values }.run(Isa::best())).collect()),
            Values::Device(tensors) => {
                let present = || tensors.iter().enumerate().filter_map(|(i, t)| Some((i, t.as_ref()?)));
                let sums = present().map(|(_, t)| t.sqr()?.sum_all()).collect::<Result<Vec<_>, _>>()?;
                let mut squares = vec![0.0; tensors.len()];
                if !sums.is_empty() {
                    // One transfer for all.
                    let sums = Tensor::stack(&sums, 0)?.to_vec1::<f32>()?;
                    for ((i, _), sum) in present().zip(sums) {
                        squares[i] = f64::from(sum);
                    }
                }
                Ok(squares)
            }
        }
    }

    fn scale(&mut self, i: usize, factor: f64) -> Result<(), NetError> {
        match &mut self.values {
            Values::Host(values) => values[i].iter_mut().for_each(|value| *value *= factor as f32),
            Values::Device(tensors) => {
                if let Some(tensor) = &mut tensors[i] {
                    *tensor = (&*tensor * factor)?;
                }
            }
        }
        Ok(())
    }
}

fn check_max(max: f64) -> Result<(), NetError> {
    if max.is_finite() && max > 0.0 {
        return Ok(());
    }
    Err(NetError::value("clip_gradient", max, "a number above 0"))
}

impl Drop for Gradients {
    fn drop(&mut self) {
        if let (Some(home), Values::Host(values)) = (&self.home, &mut self.values) {
            home.put(std::mem::take(values));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    /// Gradients of two parameters, of norm 3 and 4 millionths: together 5.
    fn millionths() -> Gradients {
        let tensor = |value: f32| Some(Tensor::from_slice(&[0.0, value], 2, &Device::Cpu).unwrap());
        let names = ["first", "second"].map(str::to_owned).into();
        Gradients::from_tensors(names, vec![tensor(-3e-6), tensor(4e-6)], &Device::Cpu).unwrap()
    }

    fn second_values(gradients: &Gradients) -> Vec<f64> {
        gradients.iter().map(|gradient| f64::from(gradient.unwrap().1[1])).collect()
    }

    /// `torch.nn.utils.clip_grad_norm_` multiplies with `max / (norm + 1e-6)` where that is below 1: so close to 0 it halves
    /// what another would leave at three fifths, and touches what is just within the limit.
    #[test]
    fn a_norm_is_clipped_with_pytorchs_millionth() {
        for (max, factor) in [(3e-6, 0.5), (5.4e-6, 0.9), (6.1e-6, 1.0)] {
            let mut gradients = millionths();
            let norm = gradients.clip_norm(max).unwrap();
            assert!((norm - 5e-6).abs() < 1e-12, "the norm before");
            for (actual, whole) in second_values(&gradients).into_iter().zip([-3e-6, 4e-6]) {
                assert!((actual - whole * factor).abs() < 1e-12, "{actual} is not {factor} times {whole}");
            }
        }
    }

    /// What lies on another device is measured and clipped as what lies in host memory; a frozen parameter has nothing there.
    #[test]
    fn devices_have_the_same_norms() {
        let tensor = |values: &[f32]| Some(Tensor::from_slice(values, values.len(), &Device::Cpu).unwrap());
        let clipped = |clip: fn(&mut Gradients, f64) -> Result<f64, NetError>, on_device: bool| {
            let names = ["first", "frozen", "last"].map(str::to_owned).into();
            let tensors = vec![tensor(&[3.0, -4.0]), None, tensor(&[0.0, 0.0, 12.0])];
            let mut gradients = match on_device {
                false => Gradients::from_tensors(names, tensors, &Device::Cpu).unwrap(),
                true => Gradients { names, values: Values::Device(tensors), home: None },
            };
            let norm = clip(&mut gradients, 6.5).unwrap();
            let each = gradients.iter().map(|item| item.map(|(name, values)| (name.to_owned(), values.into_owned())));
            (norm, gradients.norm().unwrap(), each.collect::<Result<Vec<_>, _>>().unwrap())
        };
        for clip in [Gradients::clip_norm, Gradients::clip_each] {
            let (host, device) = (clipped(clip, false), clipped(clip, true));
            assert_eq!(host.0, 13.0, "the norm before");
            assert_eq!(device, host);
        }
        let frozen = Gradients { names: ["frozen".to_owned()].into(), values: Values::Device(vec![None]), home: None };
        assert_eq!(frozen.norm().unwrap(), 0.0);
    }

    /// Keras's `clipnorm` has no such number.
    #[test]
    fn each_norm_is_clipped_without_it() {
        let mut gradients = millionths();
        gradients.clip_each(3.5e-6).unwrap();
        for (actual, expected) in second_values(&gradients).into_iter().zip([-3e-6, 3.5e-6]) {
            assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
        }
    }
}
