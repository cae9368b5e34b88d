//! Gradients are the loss's own, Adam is PyTorch's, and together they learn.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use candle_core::{Device, Tensor};
use deepq_nets::{
    Activation, ConvSpec, Gradients, Head, Loss, NetworkSpec, Optimizer, OptimizerSpec, QNetwork, Torso, td_loss,
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
    let conv = || Torso::Conv {
        layers: vec![ConvSpec { filters: 5, kernel: 3, stride: 2 }, ConvSpec { filters: 7, kernel: 2, stride: 1 }],
    };
    let mut all = vec![];
    for activation in [Activation::Relu, Activation::Tanh] {
        let single = |hidden: &[usize]| Head::Single { hidden: hidden.to_vec() };
        let dueling = |hidden: &[usize]| Head::Dueling { hidden: hidden.to_vec() };
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
fn impossible_optimizers_are_refused() {
    for bad in [
        "kind = 'adam'\nlearning_rate = 0.0",
        "kind = 'adam'\nlearning_rate = 1e-3\nbeta1 = 1.0",
        "kind = 'adam'\nlearning_rate = 1e-3\nepsilon = -1.0",
        "kind = 'adam'\nlearning_rate = inf",
    ] {
        let error = toml::from_str::<OptimizerSpec>(bad).unwrap().validate().unwrap_err().to_string();
        assert!(error.contains("optimizer."), "{error}");
    }
    assert!(toml::from_str::<OptimizerSpec>("kind = 'adam'\nlearning_rate = 1e-3\nmomentum = 1.0").is_err());
}
