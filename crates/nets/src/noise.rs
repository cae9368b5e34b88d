//! Noise in the weights of dense layers (Fortunato et al. 2018, "Noisy networks for exploration").

use candle_core::{Device, Tensor};
use rand_core::Rng;

use crate::initialise::normal;

/// One draw of noise for all noisy layers of a network, from
/// [`draw_noise`](crate::Network::draw_noise). It stays the same for all rows that it is given with.
#[derive(Clone, Debug)]
pub struct Noise {
    layers: Vec<LayerNoise>,
}

/// Factors of a layer's noise: f(x) = sgn(x) sqrt(|x|) of normal numbers.
#[derive(Clone, Debug)]
pub(crate) struct LayerNoise {
    /// `[inputs]`.
    pub(crate) inputs: Tensor,
    /// `[outputs]`.
    pub(crate) outputs: Tensor,
}

impl Noise {
    /// For layers of these inputs and outputs, in order; of each the inputs' numbers first.
    pub(crate) fn draw(
        layers: impl Iterator<Item = (usize, usize)>,
        rng: &mut dyn Rng,
        device: &Device,
    ) -> candle_core::Result<Self> {
        let mut factors = |n: usize| {
            let factors: Vec<f32> = normal(n, 1.0, rng).into_iter().map(|x| x.abs().sqrt().copysign(x)).collect();
            Tensor::from_vec(factors, n, device)
        };
        let layers = layers
            .map(|(inputs, outputs)| Ok(LayerNoise { inputs: factors(inputs)?, outputs: factors(outputs)? }))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self { layers })
    }

    /// Of a noisy layer by its index.
    pub(crate) fn layer(&self, index: usize) -> Option<&LayerNoise> {
        self.layers.get(index)
    }

    /// Inputs and outputs of the layers that it is for.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.layers.iter().map(|layer| (layer.inputs.elem_count(), layer.outputs.elem_count()))
    }
}
