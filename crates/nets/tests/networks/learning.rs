//! Gradients are the loss's own, Adam is PyTorch's, and together they learn.

use candle_core::{Device, Tensor};
use deepq_nets::{
    Activation, Compute, ConvSpec, Gradients, Head, Isa, Loss, Network, NetworkSpec, Normalisation, Optimizer,
    OptimizerSpec, Torso, td_loss,
};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

fn uniform(rng: &mut Pcg64) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}

pub(crate) fn network(torso: Torso, head: Head, activation: Activation, shape: &[usize]) -> Network {
    let mut spec = NetworkSpec::new(torso, head);
    spec.activation = activation;
    Network::new(&spec, shape, 3, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap()
}

fn networks() -> Vec<Network> {
    let conv = || Torso::Conv { layers: vec![ConvSpec::new(5, 3, 2), ConvSpec::new(7, 2, 1)] };
    let mut all = vec![];
    for activation in [Activation::Relu, Activation::Tanh] {
        let single = |hidden: &[usize]| Head::Single { hidden: hidden.to_vec() };
        let dueling = |hidden: &[usize]| Head::Dueling { hidden: hidden.to_vec() };
        let mut normalised = vec![];
        for normalisation in [Normalisation::Layer, Normalisation::Batch] {
            let mut spec = NetworkSpec::new(
                Torso::Conv { layers: vec![ConvSpec { pool: 2, ..ConvSpec::new(6, 2, 1) }, ConvSpec::new(5, 2, 1)] },
                single(&[8]),
            );
            (spec.activation, spec.normalisation) = (activation, normalisation);
            let network = Network::new(&spec, &[2, 9, 8], 3, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
            normalised.push(network);
        }
        all.extend(normalised);
        all.extend([
            network(Torso::Mlp { hidden: vec![9, 6] }, single(&[]), activation, &[4]),
            network(Torso::Mlp { hidden: vec![] }, dueling(&[]), activation, &[4]),
            network(Torso::Mlp { hidden: vec![7] }, dueling(&[5]), activation, &[2, 3]),
            network(conv(), single(&[6]), activation, &[2, 10, 7]),
            network(conv(), dueling(&[4]), activation, &[10, 7]),
        ]);
    }
    all
}

pub(crate) struct Batch {
    pub(crate) observations: Tensor,
    pub(crate) actions: Vec<u32>,
    pub(crate) targets: Vec<f32>,
    pub(crate) weights: Vec<f32>,
}

pub(crate) fn batch(network: &Network, size: usize, seed: u64) -> Batch {
    let mut rng = Pcg64::seed_from_u64(seed);
    let shape = [&[size], network.observation_shape()].concat();
    let observations: Vec<f32> = (0..shape.iter().product()).map(|_| uniform(&mut rng)).collect();
    Batch {
        observations: Tensor::from_vec(observations, shape, &Device::Cpu).unwrap(),
        actions: (0..size).map(|_| rng.next_u32() % network.actions() as u32).collect(),
        targets: (0..size).map(|_| 3.0 * uniform(&mut rng)).collect(),
        weights: (0..size).map(|_| uniform(&mut rng).abs()).collect(),
    }
}

pub(crate) fn loss(network: &Network, batch: &Batch, kind: Loss) -> (f64, Gradients) {
    let q = network.forward(&batch.observations).unwrap();
    let result = td_loss(&q, &batch.actions, &batch.targets, Some(&batch.weights), kind).unwrap();
    // In f64, from the errors: the loss itself is rounded to f32.
    let total: f64 = result
        .td_errors
        .iter()
        .zip(&batch.weights)
        .map(|(e, w)| {
            let (e, w) = (f64::from(*e), f64::from(*w));
            w * match kind {
                Loss::Huber if e.abs() <= 1.0 => 0.5 * e * e,
                Loss::Huber => e.abs() - 0.5,
                Loss::Mse => e * e,
            }
        })
        .sum::<f64>()
        / batch.actions.len() as f64;
    assert!((f64::from(result.loss.to_scalar::<f32>().unwrap()) - total).abs() < 1e-5 * total.max(1.0));
    let gradients = network.backward(&result.loss).unwrap();
    (total, gradients)
}

/// Each parameter moved along its own gradient changes the loss by the squared norm, to first order.
#[test]
fn gradients_agree_with_finite_differences() {
    for network in networks() {
        for kind in [Loss::Huber, Loss::Mse] {
            let batch = batch(&network, 5, 11);
            let (_, gradients) = loss(&network, &batch, kind);
            for item in gradients.iter() {
                let (name, gradient) = item.unwrap();
                let square: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
                if square < 1e-12 {
                    continue;
                }
                let value = network.parameters().get(name).unwrap().copy().unwrap();
                let direction = Tensor::from_slice(&gradient, value.shape(), &Device::Cpu).unwrap();
                let step = 3e-4 / square.sqrt();
                let at = |sign: f64| {
                    network.parameters().set(name, &(&value + (&direction * (sign * step)).unwrap()).unwrap()).unwrap();
                    loss(&network, &batch, kind).0
                };
                let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
                network.parameters().set(name, &value).unwrap();
                assert!((slope / square - 1.0).abs() < 0.02, "{name} {kind:?}: {slope} {square}");
            }
        }
    }
}

#[test]
fn a_fixed_batch_is_learned() {
    for network in networks() {
        let batch = batch(&network, 8, 3);
        let mut optimizer = Optimizer::new(&OptimizerSpec::adam(3e-3), network.parameters()).unwrap();
        let (before, _) = loss(&network, &batch, Loss::Huber);
        for _ in 0..200 {
            let (_, gradients) = loss(&network, &batch, Loss::Huber);
            optimizer.step(network.parameters(), &gradients).unwrap();
        }
        let (after, _) = loss(&network, &batch, Loss::Huber);
        assert!(after < 0.5 * before, "{after} {before}");
    }
}

#[test]
fn a_loss_that_is_not_of_this_network_has_no_gradient() {
    let network = &networks()[0];
    let batch = batch(network, 4, 3);
    let q = network.values(&batch.observations).unwrap();
    let result = td_loss(&q, &batch.actions, &batch.targets, None, Loss::Mse).unwrap();
    assert!(network.backward(&result.loss).is_err());
    assert_eq!(
        q.to_vec2::<f32>().unwrap(),
        network.forward(&batch.observations).unwrap().to_vec2::<f32>().unwrap(),
        "values() and forward() give the same"
    );
}

#[test]
fn wrong_shapes_are_errors() {
    let network = &networks()[3];
    for shape in [&[4, 2, 10, 8][..], &[2, 10, 7], &[0, 2, 10, 7]] {
        let observations = Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(network.values(&observations).is_err());
        assert!(network.forward(&observations).is_err());
    }
    let half = Tensor::zeros(&[1, 2, 10, 7], candle_core::DType::F64, &Device::Cpu).unwrap();
    assert!(network.values(&half).is_err());
    let q = Tensor::zeros((2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(td_loss(&q, &[0, 3], &[0.0; 2], None, Loss::Mse).is_err());
    assert!(td_loss(&q, &[0], &[0.0; 2], None, Loss::Mse).is_err());
    assert!(td_loss(&q, &[0, 1], &[0.0; 3], None, Loss::Mse).is_err());
    assert!(td_loss(&q, &[0, 1], &[0.0; 2], Some(&[1.0]), Loss::Mse).is_err());
    let nothing = Tensor::zeros((0, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(td_loss(&nothing, &[], &[], None, Loss::Mse).is_err(), "a mean of nothing");
}

/// Worked by hand for Huber: errors 0.5 and -3 give derivatives -0.5 and 1 by the value, over a batch of 2.
#[test]
fn the_loss_is_the_weighted_mean() {
    let q = candle_core::Var::new(&[[1.0f32, 7.0], [2.0, 3.0]], &Device::Cpu).unwrap();
    for (kind, weights, value, gradient) in [
        (Loss::Huber, None, (0.125 + 2.5) / 2.0, [[-0.25, 0.0], [0.0, 0.5]]),
        (Loss::Mse, None, (0.25 + 9.0) / 2.0, [[-0.5, 0.0], [0.0, 3.0]]),
        (Loss::Huber, Some([2.0, 0.5]), (0.25 + 1.25) / 2.0, [[-0.5, 0.0], [0.0, 0.25]]),
    ] {
        let result = td_loss(&q, &[0, 1], &[1.5, 0.0], weights.as_ref().map(<[f32; 2]>::as_slice), kind).unwrap();
        assert_eq!(result.td_errors, [0.5, -3.0]);
        assert_eq!(result.loss.to_scalar::<f32>().unwrap(), value);
        let doubled = (&result.loss * 2.0).unwrap().backward().unwrap();
        assert_eq!(result.loss.backward().unwrap().get(&q).unwrap().to_vec2::<f32>().unwrap(), gradient);
        assert_eq!(doubled.get(&q).unwrap().to_vec2::<f32>().unwrap(), gradient.map(|row| row.map(|g: f32| 2.0 * g)));
    }
}

#[test]
fn clipping_bounds_norms() {
    let network = &networks()[0];
    let batch = batch(network, 6, 3);
    let (_, mut gradients) = loss(network, &batch, Loss::Mse);
    let norm = gradients.norm().unwrap();
    assert_eq!(gradients.clip_norm(10.0 * norm).unwrap(), norm);
    assert_eq!(gradients.norm().unwrap(), norm, "small gradients stay as they are");
    assert_eq!(gradients.clip_norm(0.5 * norm).unwrap(), norm);
    assert!((gradients.norm().unwrap() / (0.5 * norm) - 1.0).abs() < 1e-5);
    gradients.clip_each(0.01 * norm).unwrap();
    for item in gradients.iter() {
        let square: f64 = item.unwrap().1.iter().map(|g| f64::from(*g).powi(2)).sum();
        assert!(square.sqrt() <= 0.010_001 * norm);
    }
    assert!(gradients.clip_norm(0.0).is_err() && gradients.clip_each(f64::NAN).is_err());
    assert!(gradients.clip_norm(f64::INFINITY).is_err());
}

/// With one convolution and one channel, batch normalisation's own arithmetic can be followed by hand.
#[test]
fn batch_normalisation_trains_on_the_batch_and_acts_on_what_it_remembers() {
    let layers = vec![ConvSpec::new(1, 1, 1)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
    (spec.activation, spec.normalisation) = (Activation::Tanh, Normalisation::Batch);
    let network = Network::new(&spec, &[1, 1, 1], 1, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
    assert_eq!(network.compute(), Compute::Reference);
    assert!(network_with_kernels_is_refused(&spec));
    for (name, value) in
        [("torso.0.weight", 1.0f32), ("torso.0.bias", 0.0), ("head.0.weight", 1.0), ("head.0.bias", 0.0)]
    {
        let shape = network.parameters().get(name).unwrap().dims().to_vec();
        network.parameters().set(name, &Tensor::full(value, shape, &Device::Cpu).unwrap()).unwrap();
    }
    // Mean 3, variance 4, unbiased 16 / 3.
    let batch = Tensor::new(&[1f32, 1.0, 5.0, 5.0], &Device::Cpu).unwrap().reshape((4, 1, 1, 1)).unwrap();
    let values = |tensor: Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let trained = values(network.forward(&batch).unwrap());
    assert!(trained.iter().zip([-1f32, -1.0, 1.0, 1.0]).all(|(a, b)| (a - b.tanh()).abs() < 1e-5), "{trained:?}");
    let (mean, variance) = (0.1 * 3.0, 0.9 + 0.1 * 16.0 / 3.0);
    let acted = values(network.values(&batch).unwrap());
    for (a, x) in acted.iter().zip([1f32, 1.0, 5.0, 5.0]) {
        assert!((a - ((x - mean) / f32::sqrt(variance)).tanh()).abs() < 1e-5, "{acted:?}");
    }
    assert_eq!(values(network.values(&batch).unwrap()), acted, "acting remembers nothing");
    let gradients = network.backward(&network.forward(&batch).unwrap().sum_all().unwrap()).unwrap();
    assert_eq!(gradients.iter().count(), 6, "statistics have no gradients");
}

#[test]
fn frozen_batch_normalisation_stays_what_it_is() {
    let mut spec =
        NetworkSpec::new(Torso::Conv { layers: vec![ConvSpec::new(3, 2, 1)] }, Head::Single { hidden: vec![] });
    spec.normalisation = Normalisation::Batch;
    let network = Network::new(&spec, &[1, 4, 4], 2, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
    let frozen = network.parameters().freeze(&["torso"]).unwrap();
    assert_eq!(frozen.len(), 7, "a convolution, and five of batch normalisation");
    let bytes = || network.parameters().to_safetensors().unwrap();
    let before = bytes();
    let Batch { observations, .. } = batch(&network, 6, 1);
    let values = |tensor: Tensor| tensor.to_vec2::<f32>().unwrap();
    let trained = values(network.forward(&observations).unwrap());
    assert_eq!(trained, values(network.values(&observations).unwrap()));
    assert!(bytes() == before, "training changed a statistic");
}

/// Three convolutions of 5 by 5 with stride 2 and batch normalisation, then one linear layer: the network of PyTorch's own DQN
/// tutorial, for images of any size and any number of channels.
#[test]
fn the_tutorials_network_learns_from_images_of_any_size() {
    for shape in [[1, 29, 29], [3, 40, 60], [4, 33, 47]] {
        let layers = vec![ConvSpec::new(16, 5, 2), ConvSpec::new(32, 5, 2), ConvSpec::new(32, 5, 2)];
        let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
        spec.normalisation = Normalisation::Batch;
        let network = Network::new(&spec, &shape, 2, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
        let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-3), network.parameters()).unwrap();
        // A bright left half is worth 1, a bright right half -1, whatever is done.
        let batch = 8;
        let len: usize = shape.iter().product();
        let bright = |i: usize| (i / len).is_multiple_of(2) == (i % shape[2] < shape[2] / 2);
        let mut rng = Pcg64::seed_from_u64(6);
        let noise = |rng: &mut Pcg64| (rng.next_u32() >> 25) as u8;
        let observations: Vec<u8> =
            (0..batch * len).map(|i| noise(&mut rng) + if bright(i) { 128 } else { 0 }).collect();
        let observations = Tensor::from_vec(observations, (batch, shape[0], shape[1], shape[2]), &Device::Cpu).unwrap();
        let actions: Vec<u32> = (0..batch as u32).map(|i| i / 2 % 2).collect();
        let targets: Vec<f32> = (0..batch).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let mut losses = vec![];
        for _ in 0..60 {
            let q = network.forward(&observations).unwrap();
            let loss = td_loss(&q, &actions, &targets, None, Loss::Mse).unwrap().loss;
            losses.push(loss.to_scalar::<f32>().unwrap());
            optimizer.step(network.parameters(), &network.backward(&loss).unwrap()).unwrap();
        }
        assert!(losses[59] < 0.1 * losses[0], "{shape:?} {losses:?}");
    }
}

fn network_with_kernels_is_refused(spec: &NetworkSpec) -> bool {
    let mut network = Network::new(spec, &[1, 1, 1], 1, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
    network.set_compute(Compute::Kernels(Isa::best())).is_err()
}
