//! A GPU gives what the CPU gives: the first thing to run where there is one, with `--features cuda`. Without a GPU this
//! test says so and checks nothing.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use deepq_nets::{
    Activation, ConvSpec, Device, DeviceChoice, Head, Loss, Network, NetworkSpec, Normalisation, Optimizer,
    OptimizerSpec, Tensor, Torso, td_loss,
};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

const ROWS: usize = 32;

/// The loss, the action values, the gradients, and the parameters after a step.
fn update(spec: &NetworkSpec, shape: &[usize], device: &Device) -> Vec<(String, Vec<f32>)> {
    let mut rng = Pcg64::seed_from_u64(1);
    let network = Network::new(spec, shape, 5, &mut rng, device).unwrap();
    let mut observations = || {
        let mut bytes = vec![0; ROWS * shape.iter().product::<usize>()];
        rng.fill_bytes(&mut bytes);
        Tensor::from_vec(bytes, [&[ROWS], shape].concat(), device).unwrap()
    };
    let (now, next) = (observations(), observations());
    let actions: Vec<u32> = (0..ROWS as u32).map(|row| row % 5).collect();
    let targets: Vec<f32> = (0..ROWS).map(|row| row as f32 / 8.0 - 2.0).collect();

    let (q, q_next) = network.forward_with_next(&now, &next).unwrap();
    let loss = td_loss(&q, &actions, &targets, None, Loss::Huber).unwrap();
    assert!((loss.loss.to_scalar::<f32>().unwrap() - loss.value).abs() <= 1e-6 * loss.value);
    let mut gradients = network.backward(&loss.loss).unwrap();
    gradients.clip_norm(0.5).unwrap();
    // Large enough to keep the last bits of gradients near 0 from deciding which way a step goes.
    let spec = OptimizerSpec::Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-2 };
    let mut optimizer = Optimizer::new(&spec, network.parameters()).unwrap();
    optimizer.step(network.parameters(), &gradients).unwrap();

    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let mut all = vec![
        ("loss".to_owned(), vec![loss.value]),
        ("values".to_owned(), flat(&q)),
        ("next values".to_owned(), flat(&q_next)),
    ];
    for item in gradients.iter() {
        let (name, gradient) = item.unwrap();
        all.push((format!("gradient of {name}"), gradient.into_owned()));
    }
    all.extend(network.parameters().iter().map(|(name, tensor)| (name.to_owned(), flat(tensor))));
    all
}

#[test]
fn updates_agree_with_those_of_the_cpu() {
    let gpu = match DeviceChoice::Cuda(0).open() {
        Ok(gpu) => gpu,
        Err(error) => return eprintln!("not checked: {error}"),
    };
    let odd = Torso::Conv { layers: vec![ConvSpec { pool: 2, ..ConvSpec::new(6, 3, 1) }, ConvSpec::new(5, 3, 2)] };
    let cases =
        [(Torso::Mlp { hidden: vec![64, 64] }, vec![4]), (Torso::Nature {}, vec![4, 84, 84]), (odd, vec![3, 15, 18])];
    for (torso, shape) in cases {
        for normalisation in [Normalisation::None, Normalisation::Layer] {
            let mut spec = NetworkSpec::new(torso.clone(), Head::Dueling { hidden: vec![32] });
            // Not rectified: of many units one may be so near 0 that last bits decide its gradient.
            (spec.activation, spec.normalisation) = (Activation::Tanh, normalisation);
            let (expected, actual) = (update(&spec, &shape, &Device::Cpu), update(&spec, &shape, &gpu));
            let greatest = |values: &[f32]| values.iter().fold(0.0f32, |most, x| most.max(x.abs()));
            let gradients = expected.iter().filter(|(name, _)| name.starts_with("gradient"));
            // Gradients that cancel are rounding errors of others.
            let least = 0.05 * gradients.map(|(_, values)| greatest(values)).fold(0.0, f32::max);
            for ((name, expected), (_, actual)) in expected.iter().zip(&actual) {
                assert_eq!(expected.len(), actual.len());
                let scale = greatest(expected).max(least);
                let difference = expected.iter().zip(actual).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(difference <= 1e-4 * scale, "{torso:?} {normalisation:?}, {name}: {difference} of {scale}");
            }
        }
    }
}
