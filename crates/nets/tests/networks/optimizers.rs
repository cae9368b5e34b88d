//! Optimizers follow their papers, to PyTorch's numbers, and go on from what was saved of them.

use candle_core::{Device, Tensor};
use deepq_nets::{Activation, Head, Loss, Network, Optimizer, OptimizerSpec, Torso};

use crate::learning::{batch, loss, network};

/// Adam's formula written a second time, in f64, over several steps of changing gradients.
#[test]
fn adam_follows_its_paper() {
    let network = network(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }, Activation::Relu, &[2]);
    let spec = OptimizerSpec::Adam { learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4 };
    let mut optimizer = Optimizer::new(&spec, network.parameters()).unwrap();
    let read = |network: &Network| -> Vec<f64> {
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
    let gradients = |network: &Network| loss(network, &batch(network, 4, 1), Loss::Mse).1;
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
