//! Networks, numbers and comparisons that these tests share.

use candle_core::{Device, Tensor};
use deepq_nets::{Interface, Network, NetworkSpec};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

pub(crate) fn network(spec: &NetworkSpec, shape: &[usize], actions: usize, interface: Interface) -> Network {
    let mut rng = Pcg64::seed_from_u64(7);
    Network::with_interface(spec, shape, actions, interface, &mut rng, &Device::Cpu).unwrap()
}

/// What a network cannot be made from, as a sentence.
pub(crate) fn refusal(spec: &NetworkSpec, shape: &[usize], interface: Interface) -> String {
    let mut rng = Pcg64::seed_from_u64(7);
    Network::with_interface(spec, shape, 3, interface, &mut rng, &Device::Cpu).unwrap_err().to_string()
}

/// Numbers in [-1, 1).
pub(crate) fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    (0..n).map(|_| (rng.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0).collect()
}

pub(crate) fn observations(network: &Network, rows: usize, seed: u64) -> Tensor {
    let shape = [&[rows], network.observation_shape()].concat();
    Tensor::from_vec(numbers(shape.iter().product(), seed), shape, &Device::Cpu).unwrap()
}

pub(crate) fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Numbers as plain loops take them.
pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// A parameter's values.
pub(crate) fn parameter(network: &Network, name: &str) -> Vec<f64> {
    wide(&flat(network.parameters().get(name).unwrap()))
}

pub(crate) fn assert_close(actual: &[f32], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!((f64::from(*a) - b).abs() <= 1e-5 * b.abs().max(1.0), "at {i}: {a} is not {b}");
    }
}

/// Each parameter moved along its own gradient changes the loss by the squared norm, to first order. The loss is a sum of all
/// that `forward` gives, with weights of no pattern.
pub(crate) fn check_gradients(network: &Network, forward: impl Fn(&Network) -> Tensor) {
    let weights = |values: &Tensor| Tensor::from_vec(numbers(values.elem_count(), 99), values.shape(), &Device::Cpu);
    let loss = |values: &Tensor| -> f64 {
        let weights = wide(&flat(&weights(values).unwrap()));
        wide(&flat(values)).iter().zip(weights).map(|(value, weight)| value * weight).sum()
    };
    let values = forward(network);
    let in_graph = values.mul(&weights(&values).unwrap()).unwrap().sum_all().unwrap();
    let gradients = network.backward(&in_graph).unwrap();
    let mut moved = 0;
    for item in gradients.iter() {
        let (name, gradient) = item.unwrap();
        let square: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
        if square < 1e-8 {
            continue;
        }
        moved += 1;
        let value = network.parameters().get(name).unwrap().copy().unwrap();
        let direction = Tensor::from_slice(&gradient, value.shape(), &Device::Cpu).unwrap();
        let step = 3e-4 / square.sqrt();
        let at = |sign: f64| {
            let moved = (&value + (&direction * (sign * step)).unwrap()).unwrap();
            network.parameters().set(name, &moved).unwrap();
            loss(&forward(network))
        };
        let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
        network.parameters().set(name, &value).unwrap();
        assert!((slope / square - 1.0).abs() < 0.02, "{name}: {slope} {square}");
    }
    assert_eq!(moved, network.parameters().len(), "every parameter has a gradient");
}

/// Names and shapes of all parameters.
pub(crate) fn names(network: &Network) -> Vec<String> {
    network.parameters().iter().map(|(name, tensor)| format!("{name} {:?}", tensor.dims())).collect()
}

/// A file of the parameters makes another network of the same specification the same.
pub(crate) fn check_file(network: &Network, spec: &NetworkSpec, interface: Interface) {
    let bytes = network.parameters().to_safetensors().unwrap();
    let (shape, actions) = (network.observation_shape(), network.actions());
    let mut rng = Pcg64::seed_from_u64(8);
    let other = Network::with_interface(spec, shape, actions, interface, &mut rng, &Device::Cpu).unwrap();
    assert!(other.parameters().to_safetensors().unwrap() != bytes, "another seed gives other weights");
    other.parameters().load_safetensors(&bytes).unwrap();
    assert!(other.parameters().to_safetensors().unwrap() == bytes);
    assert_eq!(other.duplicate().unwrap().outputs(), network.outputs());
}
