//! Gradients are the loss's own, Adam is PyTorch's, and together they learn.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use candle_core::{Device, Tensor};
use deepq_nets::{
    Activation, Compute, ConvSpec, Gradients, Head, Isa, Loss, NetworkSpec, Normalisation, Optimizer, OptimizerSpec,
    QNetwork, Torso, td_loss,
};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

fn uniform(rng: &mut Pcg64) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}

fn network(torso: Torso, head: Head, activation: Activation, shape: &[usize]) -> QNetwork {
    let mut spec = NetworkSpec::new(torso, head);
    spec.activation = activation;
    QNetwork::new(&spec, shape, 3, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap()
}

fn networks() -> Vec<QNetwork> {
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
            let network = QNetwork::new(&spec, &[2, 9, 8], 3, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
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

struct Batch {
    observations: Tensor,
    actions: Vec<u32>,
    targets: Vec<f32>,
    weights: Vec<f32>,
}

fn batch(network: &QNetwork, size: usize, seed: u64) -> Batch {
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

fn loss(network: &QNetwork, batch: &Batch, kind: Loss) -> (f64, Gradients) {
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

/// Adam's formula written a second time, in f64, over several steps of changing gradients.
#[test]
fn adam_follows_its_paper() {
    let network = network(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }, Activation::Relu, &[2]);
    let spec = OptimizerSpec::Adam { learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4 };
    let mut optimizer = Optimizer::new(&spec, network.parameters()).unwrap();
    let read = |network: &QNetwork| -> Vec<f64> {
        let tensor = network.parameters().get("head.0.weight").unwrap().flatten_all().unwrap();
        tensor.to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
    };
    let mut expected = read(&network);
    let (mut mean, mut square) = (vec![0.0; 6], vec![0.0; 6]);
    for t in 1..=20 {
        let (_, gradients) = loss(&network, &batch(&network, 4, t as u64), Loss::Mse);
        let g = gradients.iter().next().unwrap().unwrap().1.into_owned();
        for i in 0..6 {
            let g = f64::from(g[i]);
            mean[i] = 0.8 * mean[i] + 0.2 * g;
            square[i] = 0.95 * square[i] + 0.05 * g * g;
            let (m, v): (f64, f64) = (mean[i] / (1.0 - 0.8f64.powi(t)), square[i] / (1.0 - 0.95f64.powi(t)));
            expected[i] -= 0.01 * m / (v.sqrt() + 1e-4);
        }
        optimizer.step(network.parameters(), &gradients).unwrap();
        for (a, b) in read(&network).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5, "step {t}: {a} {b}");
        }
    }
}

/// Their formulas, as PyTorch documents them, written a second time in f64.
#[test]
fn other_optimizers_follow_their_papers() {
    let specs = [
        OptimizerSpec::RAdam { learning_rate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-4 },
        OptimizerSpec::RAdam { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        OptimizerSpec::RmsProp { learning_rate: 0.01, decay: 0.9, epsilon: 1e-2 },
    ];
    for spec in specs {
        let network = network(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }, Activation::Relu, &[2]);
        let mut optimizer = Optimizer::new(&spec, network.parameters()).unwrap();
        let read = || -> Vec<f64> {
            let tensor = network.parameters().get("head.0.weight").unwrap().flatten_all().unwrap();
            tensor.to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
        };
        let mut expected = read();
        let (mut mean, mut square) = (vec![0.0; 6], vec![0.0; 6]);
        for t in 1..=20 {
            let (_, gradients) = loss(&network, &batch(&network, 4, t as u64), Loss::Mse);
            let g = gradients.iter().next().unwrap().unwrap().1.into_owned();
            for i in 0..6 {
                let g = f64::from(g[i]);
                match spec {
                    OptimizerSpec::RAdam { learning_rate, beta1, beta2, epsilon } => {
                        mean[i] = beta1 * mean[i] + (1.0 - beta1) * g;
                        square[i] = beta2 * square[i] + (1.0 - beta2) * g * g;
                        let m: f64 = mean[i] / (1.0 - beta1.powi(t));
                        let last = 2.0 / (1.0 - beta2) - 1.0;
                        let rho = last - 2.0 * f64::from(t) * beta2.powi(t) / (1.0 - beta2.powi(t));
                        expected[i] -= if rho > 5.0 {
                            let l: f64 = (1.0 - beta2.powi(t)).sqrt() / (square[i].sqrt() + epsilon);
                            let r = ((rho - 4.0) * (rho - 2.0) * last / ((last - 4.0) * (last - 2.0) * rho)).sqrt();
                            learning_rate * m * r * l
                        } else {
                            learning_rate * m
                        };
                    }
                    OptimizerSpec::RmsProp { learning_rate, decay, epsilon } => {
                        mean[i] = decay * mean[i] + (1.0 - decay) * g;
                        square[i] = decay * square[i] + (1.0 - decay) * g * g;
                        let deviation: f64 = (square[i] - mean[i] * mean[i]).max(0.0).sqrt();
                        expected[i] -= learning_rate * g / (deviation + epsilon);
                    }
                    _ => unreachable!(),
                }
            }
            optimizer.step(network.parameters(), &gradients).unwrap();
            for (a, b) in read().iter().zip(&expected) {
                assert!((a - b).abs() < 1e-4, "{spec:?} step {t}: {a} {b}");
            }
        }
    }
}

#[test]
fn the_learning_rate_can_be_changed() {
    let network = network(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }, Activation::Relu, &[2]);
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-3), network.parameters()).unwrap();
    assert!(optimizer.set_learning_rate(0.0).is_err());
    optimizer.set_learning_rate(0.5).unwrap();
    let before: Vec<f32> = network.parameters().get("head.0.bias").unwrap().to_vec1().unwrap();
    let loss = network.forward(&batch(&network, 4, 1).observations).unwrap().sum_all().unwrap();
    optimizer.step(network.parameters(), &network.backward(&loss).unwrap()).unwrap();
    let after: Vec<f32> = network.parameters().get("head.0.bias").unwrap().to_vec1().unwrap();
    // Adam's first step is the learning rate.
    assert!(before.iter().zip(&after).all(|(a, b)| (a - b - 0.5).abs() < 1e-4));
}

/// With one convolution and one channel, batch normalisation's own arithmetic can be followed by hand.
#[test]
fn batch_normalisation_trains_on_the_batch_and_acts_on_what_it_remembers() {
    let layers = vec![ConvSpec::new(1, 1, 1)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
    (spec.activation, spec.normalisation) = (Activation::Tanh, Normalisation::Batch);
    let network = QNetwork::new(&spec, &[1, 1, 1], 1, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
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
    let network = QNetwork::new(&spec, &[1, 4, 4], 2, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
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
        let network = QNetwork::new(&spec, &shape, 2, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
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
    let mut network = QNetwork::new(spec, &[1, 1, 1], 1, &mut Pcg64::seed_from_u64(5), &Device::Cpu).unwrap();
    network.set_compute(Compute::Kernels(Isa::best())).is_err()
}

#[test]
fn an_optimizer_goes_on_from_its_saved_state() {
    let run = |interrupted: bool| {
        let network = network(Torso::Mlp { hidden: vec![5] }, Head::Single { hidden: vec![] }, Activation::Relu, &[4]);
        let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), network.parameters()).unwrap();
        for t in 0..6 {
            if interrupted && t == 3 {
                let state = optimizer.state().unwrap();
                assert!(state.tensors.contains_key("torso.0.weight.exp_avg_sq"));
                optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), network.parameters()).unwrap();
                optimizer.restore(&state).unwrap();
                let mut damaged = state.clone();
                damaged.tensors.remove("head.0.bias.exp_avg");
                assert!(optimizer.restore(&damaged).is_err());
            }
            let (_, gradients) = loss(&network, &batch(&network, 4, t), Loss::Huber);
            optimizer.step(network.parameters(), &gradients).unwrap();
        }
        network.parameters().to_safetensors().unwrap()
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
    let network = network(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }, Activation::Relu, &[2]);
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), network.parameters()).unwrap();
    let (_, gradients) = loss(&network, &batch(&network, 4, 1), Loss::Mse);
    optimizer.step(network.parameters(), &gradients).unwrap();
    let state = optimizer.state().unwrap();
    let name = "head.0.bias.exp_avg";
    let good = state.tensors[name].clone();
    for (tensor, word) in [
        (good.reshape((1, 3)).unwrap(), "[1, 3], not f32 [3]"),
        (good.to_dtype(candle_core::DType::F64).unwrap(), "f64 [3], not f32 [3]"),
        (Tensor::new(&[0.0, f32::NAN, 0.0], &Device::Cpu).unwrap(), "not finite"),
    ] {
        let mut other = state.clone();
        other.step += 1;
        other.tensors.insert(name.to_owned(), tensor);
        let error = optimizer.restore(&other).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(word), "{error}");
    }
    let mut renamed = state.clone();
    renamed.tensors.insert("head.1.bias.exp_avg".to_owned(), renamed.tensors[name].clone());
    assert!(optimizer.restore(&renamed).unwrap_err().to_string().contains("5 tensors, this optimizer has 4"));
    renamed.tensors.remove(name);
    assert!(optimizer.restore(&renamed).unwrap_err().to_string().contains("head.0.bias.exp_avg is missing"));
    assert_eq!(optimizer.steps(), 1);
    assert_eq!(optimizer.state().unwrap().tensors[name].to_vec1::<f32>().unwrap(), good.to_vec1::<f32>().unwrap());
}

#[test]
fn an_optimizer_steps_networks_of_its_own_names_alone() {
    let single = |hidden: &[usize]| {
        network(Torso::Mlp { hidden: hidden.to_vec() }, Head::Single { hidden: vec![] }, Activation::Relu, &[2])
    };
    let (one, twin, deeper) = (single(&[4]), single(&[4]), single(&[4, 4]));
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), one.parameters()).unwrap();
    let gradients = |network: &QNetwork| loss(network, &batch(network, 4, 1), Loss::Mse).1;
    optimizer.step(twin.parameters(), &gradients(&twin)).unwrap();
    assert!(optimizer.step(deeper.parameters(), &gradients(&deeper)).is_err());
    assert!(optimizer.step(one.parameters(), &gradients(&deeper)).is_err());
    assert_eq!(optimizer.steps(), 1);
}

#[test]
fn what_is_frozen_after_the_optimizer_was_made_stays_what_it_is() {
    let network = network(Torso::Mlp { hidden: vec![4] }, Head::Single { hidden: vec![] }, Activation::Tanh, &[2]);
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), network.parameters()).unwrap();
    network.parameters().freeze(&["torso"]).unwrap();
    let read = |name| network.parameters().get(name).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let before = ["torso.0.weight", "head.0.weight"].map(read);
    let (_, gradients) = loss(&network, &batch(&network, 4, 1), Loss::Mse);
    optimizer.step(network.parameters(), &gradients).unwrap();
    let after = ["torso.0.weight", "head.0.weight"].map(read);
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
}

#[test]
fn impossible_optimizers_are_refused() {
    for bad in [
        "kind = 'adam'\nlearning_rate = 0.0",
        "kind = 'adam'\nlearning_rate = 1e-3\nbeta1 = 1.0",
        "kind = 'adam'\nlearning_rate = 1e-3\nepsilon = -1.0",
        "kind = 'adam'\nlearning_rate = inf",
        "kind = 'radam'\nlearning_rate = 1e-3\nbeta2 = -0.5",
        "kind = 'rmsprop'\nlearning_rate = 1e-3\ndecay = 0.95\nepsilon = 0.0",
    ] {
        let error = toml::from_str::<OptimizerSpec>(bad).unwrap().validate().unwrap_err().to_string();
        assert!(error.contains("optimizer."), "{error}");
    }
    assert!(toml::from_str::<OptimizerSpec>("kind = 'adam'\nlearning_rate = 1e-3\nmomentum = 1.0").is_err());
    let plain = "kind = 'adam'\nlearning_rate = 1e-3\nbeta1 = 0.0\nbeta2 = 0.0\nepsilon = 0.0";
    toml::from_str::<OptimizerSpec>(plain).unwrap().validate().unwrap();
}
