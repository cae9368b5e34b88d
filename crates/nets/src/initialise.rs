//! How weights are drawn: our own draws from the caller's generator, so that a seed gives one network everywhere.

use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the weights of a layer are drawn. `fan_in` is the number of inputs of one output unit: the columns of a dense
/// layer, channels times kernel height times kernel width of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// Normal with deviation sqrt(2 / `fan_in`), biases zero (He et al. 2015; PyTorch's
    /// `kaiming_normal_(nonlinearity="relu")`).
    #[default]
    He,
    /// Normal with deviation sqrt(1 / `fan_in`), biases zero (LeCun et al. 1998).
    Lecun,
    /// Weights and biases uniform within 1 / sqrt(`fan_in`): what PyTorch's `Linear` and `Conv2d` do by themselves.
    Pytorch,
}

impl Initialisation {
    pub(crate) fn weights(self, n: usize, fan_in: usize, rng: &mut dyn Rng) -> Vec<f32> {
        let fan_in = fan_in as f64;
        match self {
            Self::He => normal(n, (2.0 / fan_in).sqrt(), rng),
            Self::Lecun => normal(n, (1.0 / fan_in).sqrt(), rng),
            Self::Pytorch => uniform(n, 1.0 / fan_in.sqrt(), rng),
        }
    }

    pub(crate) fn biases(self, n: usize, fan_in: usize, rng: &mut dyn Rng) -> Vec<f32> {
        match self {
            Self::He | Self::Lecun => vec![0.0; n],
            Self::Pytorch => uniform(n, 1.0 / (fan_in as f64).sqrt(), rng),
        }
    }
}

/// Uniform in [0, 1), with 53 bits.
fn unit(rng: &mut dyn Rng) -> f64 {
    const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * UNIT
}

fn uniform(n: usize, bound: f64, rng: &mut dyn Rng) -> Vec<f32> {
    (0..n).map(|_| ((2.0 * unit(rng) - 1.0) * bound) as f32).collect()
}

/// Box and Muller's method, both values of each pair of draws.
pub(crate) fn normal(n: usize, deviation: f64, rng: &mut dyn Rng) -> Vec<f32> {
    let mut draws = Vec::with_capacity(n + 1);
    while draws.len() < n {
        let radius = deviation * (-2.0 * libm::log(1.0 - unit(rng))).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * unit(rng));
        draws.extend([(radius * cos) as f32, (radius * sin) as f32]);
    }
    draws.truncate(n);
    draws
}

#[cfg(test)]
mod tests {
    use rand_pcg::{Pcg64, rand_core::SeedableRng};

    use super::*;

    /// What is drawn after a layer depends on how many numbers the layer took.
    #[test]
    fn weights_take_a_number_each_and_normal_ones_come_in_pairs() {
        let taken = |initialisation: Initialisation, n: usize| {
            let mut rng = Pcg64::seed_from_u64(1);
            assert_eq!(initialisation.weights(n, 4, &mut rng).len(), n);
            let (next, mut again) = (rng.next_u64(), Pcg64::seed_from_u64(1));
            std::iter::repeat_with(|| again.next_u64()).take_while(|number| *number != next).take(100).count()
        };
        assert_eq!([0, 1, 2, 3, 4].map(|n| taken(Initialisation::He, n)), [0, 2, 2, 4, 4]);
        assert_eq!([0, 1, 2, 3, 4].map(|n| taken(Initialisation::Pytorch, n)), [0, 1, 2, 3, 4]);
    }
}
