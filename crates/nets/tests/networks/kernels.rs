//! The kernels give what Candle's own operations give, on every instruction set of this machine, for any shape; and the
//! same bits on every one of them, and on any number of threads.

use candle_core::{Device, Tensor};
use deepq_nets::{
    Activation, Compute, ConvSpec, Head, Isa, Loss, Network, NetworkSpec, Normalisation, Optimizer, OptimizerSpec,
    Torso, td_loss,
};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

fn unit(rng: &mut Pcg64) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0
}

fn observations(rng: &mut Pcg64, rows: usize, shape: &[usize], bytes: bool) -> Tensor {
    let shape = [&[rows], shape].concat();
    let n = shape.iter().product();
    if bytes {
        let mut values = vec![0u8; n];
        rng.fill_bytes(&mut values);
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    } else {
        Tensor::from_vec((0..n).map(|_| unit(rng)).collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
    }
}

struct Batch {
    observations: Tensor,
    next: Tensor,
    actions: Vec<u32>,
    targets: Vec<f32>,
}

impl Batch {
    fn draw(network: &Network, rows: usize, bytes: bool, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let shape = network.observation_shape();
        Self {
            observations: observations(&mut rng, rows, shape, bytes),
            next: observations(&mut rng, rows + 3, shape, bytes),
            actions: (0..rows).map(|_| rng.next_u32() % network.actions() as u32).collect(),
            targets: (0..rows).map(|_| 2.0 * unit(&mut rng)).collect(),
        }
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Values of the batch and of the next observations, and the gradients.
fn update(network: &Network, batch: &Batch) -> Vec<(String, Vec<f32>)> {
    let (q, q_next) = network.forward_with_next(&batch.observations, &batch.next).unwrap();
    let loss = td_loss(&q, &batch.actions, &batch.targets, None, Loss::Mse).unwrap().loss;
    let gradients = network.backward(&loss).unwrap();
    let named = [("values".to_owned(), flat(&q)), ("next values".to_owned(), flat(&q_next))];
    let gradients = gradients.iter().map(|item| item.unwrap()).map(|(name, g)| (name.to_owned(), g.into_owned()));
    named.into_iter().chain(gradients).collect()
}

/// The greatest difference, relative to the greatest value.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    difference_above(1e-6, a, b)
}

/// The same, relative to at least `least`.
fn difference_above(least: f32, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(least, |most, x| most.max(x.abs()));
    a.iter().zip(b).fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / scale
}

fn network(spec: &NetworkSpec, shape: &[usize], actions: usize) -> Network {
    let network = Network::new(spec, shape, actions, &mut Pcg64::seed_from_u64(9), &Device::Cpu).unwrap();
    // Normalisations begin with weight 1 and bias 0, which would hide much.
    let mut rng = Pcg64::seed_from_u64(4);
    for (name, tensor) in network.parameters().iter() {
        if tensor.dims() != [1] && (tensor.dims().len() == 1 || name.contains("torso.1.")) {
            let values: Vec<f32> = flat(tensor).iter().map(|x| x + 0.3 * unit(&mut rng)).collect();
            network.parameters().set(name, &Tensor::from_vec(values, tensor.dims(), &Device::Cpu).unwrap()).unwrap();
        }
    }
    network
}

/// Networks of odd shapes.
fn networks(activation: Activation, normalisation: Normalisation) -> Vec<Network> {
    let mlp = |hidden: &[usize]| Torso::Mlp { hidden: hidden.to_vec() };
    let conv = |layers: &[[usize; 4]]| Torso::Conv {
        layers: layers
            .iter()
            .map(|&[filters, kernel, stride, pool]| ConvSpec { pool, ..ConvSpec::new(filters, kernel, stride) })
            .collect(),
    };
    let single = |hidden: &[usize]| Head::Single { hidden: hidden.to_vec() };
    let dueling = |hidden: &[usize]| Head::Dueling { hidden: hidden.to_vec() };
    [
        (mlp(&[]), single(&[]), vec![3], 2),
        (mlp(&[6]), dueling(&[]), vec![5], 1),
        (mlp(&[64, 64]), single(&[]), vec![4], 2),
        (mlp(&[17, 33]), dueling(&[19]), vec![3, 3], 5),
        (mlp(&[]), dueling(&[40, 7]), vec![31], 18),
        (conv(&[[16, 3, 1, 1]]), single(&[32]), vec![2, 10, 5], 3),
        (conv(&[[5, 3, 2, 1], [33, 2, 1, 1]]), dueling(&[9]), vec![3, 13, 8], 4),
        (conv(&[[1, 1, 1, 1], [2, 4, 3, 1], [70, 1, 1, 1]]), single(&[]), vec![7, 14, 11], 2),
        (conv(&[[20, 5, 2, 2], [65, 3, 1, 1]]), single(&[6]), vec![19, 18], 7),
        (conv(&[[3, 2, 1, 3], [4, 2, 1, 2]]), single(&[]), vec![5, 17, 15], 3),
        (conv(&[[32, 8, 4, 1], [64, 4, 2, 1], [64, 3, 1, 1]]), dueling(&[48]), vec![4, 52, 44], 6),
    ]
    .into_iter()
    .map(|(torso, head, shape, actions)| {
        let mut spec = NetworkSpec::new(torso, head);
        (spec.activation, spec.normalisation) = (activation, normalisation);
        network(&spec, &shape, actions)
    })
    .collect()
}

/// All networks of both activations, normalised and not.
fn all_networks() -> impl Iterator<Item = (Activation, Network)> {
    let kinds =
        [Activation::Relu, Activation::Tanh].map(|a| [Normalisation::None, Normalisation::Layer].map(|n| (a, n)));
    let all =
        |(activation, normalisation)| networks(activation, normalisation).into_iter().map(move |n| (activation, n));
    kinds.into_iter().flatten().flat_map(all)
}

#[test]
fn kernels_give_what_candle_gives() {
    for (activation, mut network) in all_networks() {
        for rows in [1, 2, 7, 16, 33] {
            for bytes in [false, true] {
                let batch = Batch::draw(&network, rows, bytes, rows as u64);
                network.set_compute(Compute::Reference).unwrap();
                let expected = update(&network, &batch);
                for isa in Isa::available() {
                    network.set_compute(Compute::Kernels(isa)).unwrap();
                    // Gradients that cancel, as that of a bias before a normalisation, are rounding errors of others.
                    let greatest = expected.iter().flat_map(|(_, values)| values).fold(0.0f32, |a, b| a.max(b.abs()));
                    for ((name, kernels), (_, reference)) in update(&network, &batch).iter().zip(&expected) {
                        let difference = difference_above(0.05 * greatest, kernels, reference);
                        // A target near its value, and units that are nearly alike before they are normalised, magnify the
                        // last bits; and of many rectified units one may be so near 0 that they decide its gradient.
                        let tolerance = match activation {
                            _ if name.contains("values") => 5e-5,
                            Activation::Relu if rows > 7 => 2e-2,
                            _ => 3e-4,
                        };
                        assert!(
                            difference < tolerance,
                            "{isa} {rows} rows, {name}: {difference} in {:?}",
                            network.parameters()
                        );
                    }
                    let values = network.values(&batch.observations).unwrap();
                    assert!(difference(&flat(&values), &expected[0].1) < 5e-5, "values()");
                    let values = network.forward(&batch.observations).unwrap();
                    assert!(difference(&flat(&values), &expected[0].1) < 5e-5, "forward()");
                }
            }
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for (_, mut network) in all_networks() {
        for rows in [1, 2, 7, 33] {
            let batch = Batch::draw(&network, rows, rows % 2 == 1, rows as u64);
            let mut results = Isa::available().into_iter().map(|isa| {
                network.set_compute(Compute::Kernels(isa)).unwrap();
                let values = flat(&network.values(&batch.observations).unwrap());
                (isa, [update(&network, &batch), vec![("values alone".to_owned(), values)]].concat())
            });
            let (first, expected) = results.next().unwrap();
            for (isa, actual) in results {
                for ((name, expected), (_, actual)) in expected.iter().zip(&actual) {
                    assert_eq!(bits(expected), bits(actual), "{name} of {rows} rows by {first} and {isa}");
                }
            }
        }
    }
}

/// Blank frames and zero biases give units that are exactly 0: their gradient is 0, as in PyTorch.
#[test]
fn units_at_zero_have_no_gradient() {
    let spec = NetworkSpec::new(Torso::Conv { layers: vec![ConvSpec::new(8, 3, 1)] }, Head::Single { hidden: vec![5] });
    let mut network = Network::new(&spec, &[2, 6, 6], 3, &mut Pcg64::seed_from_u64(9), &Device::Cpu).unwrap();
    let blank = Batch {
        observations: Tensor::zeros((4, 2, 6, 6), candle_core::DType::U8, &Device::Cpu).unwrap(),
        next: Tensor::zeros((4, 2, 6, 6), candle_core::DType::U8, &Device::Cpu).unwrap(),
        actions: vec![0, 1, 2, 0],
        targets: vec![1.0; 4],
    };
    for compute in Isa::available().into_iter().map(Compute::Kernels).chain([Compute::Reference]) {
        network.set_compute(compute).unwrap();
        for (name, gradient) in update(&network, &blank) {
            let zero = gradient.iter().all(|g| *g == 0.0);
            assert_eq!(zero, name != "head.2.bias", "{compute:?} {name}");
        }
    }
}

/// A network that is used twice in one loss has the sum of both gradients.
#[test]
fn gradients_of_several_passes_add_up() {
    for (_, mut network) in all_networks() {
        let (a, b) = (Batch::draw(&network, 5, false, 1), Batch::draw(&network, 3, false, 2));
        let mut results = vec![];
        for compute in [Compute::Reference, Compute::Kernels(Isa::best())] {
            network.set_compute(compute).unwrap();
            let [first, second] = [&a, &b].map(|batch| {
                let q = network.forward(&batch.observations).unwrap();
                td_loss(&q, &batch.actions, &batch.targets, None, Loss::Huber).unwrap().loss
            });
            let gradients = network.backward(&((first * 2.0).unwrap() + second).unwrap()).unwrap();
            results.push(gradients.iter().flat_map(|item| item.unwrap().1.into_owned()).collect::<Vec<f32>>());
        }
        assert!(difference(&results[1], &results[0]) < 2e-4);
    }
}

fn train(network: &Network, rows: usize, updates: u64) -> Vec<f32> {
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-3), network.parameters()).unwrap();
    let mut losses = vec![];
    for i in 0..updates {
        let batch = Batch::draw(network, rows, true, i);
        let (q, _) = network.forward_with_next(&batch.observations, &batch.next).unwrap();
        let loss = td_loss(&q, &batch.actions, &batch.targets, None, Loss::Huber).unwrap().loss;
        let mut gradients = network.backward(&loss).unwrap();
        gradients.clip_norm(1.0).unwrap();
        optimizer.step(network.parameters(), &gradients).unwrap();
        losses.push(loss.to_scalar().unwrap());
    }
    losses
}

#[test]
fn kernels_train_as_candle_does() {
    for (activation, normalisation) in [
        (Activation::Relu, Normalisation::None),
        (Activation::Tanh, Normalisation::None),
        (Activation::Tanh, Normalisation::Layer),
    ] {
        let computes = Isa::available().into_iter().map(Compute::Kernels);
        let mut trained = [Compute::Reference].into_iter().chain(computes).map(|compute| {
            let networks = networks(activation, normalisation).into_iter().map(move |mut network| {
                network.set_compute(compute).unwrap();
                let losses = train(&network, 12, 8);
                let batch = Batch::draw(&network, 9, true, 99);
                (losses, flat(&network.values(&batch.observations).unwrap()))
            });
            networks.collect::<Vec<_>>()
        });
        let reference = trained.next().unwrap();
        for (kernels, i) in trained.zip(0..) {
            for ((losses, values), (expected_losses, expected_values)) in kernels.iter().zip(&reference) {
                assert!(difference(losses, expected_losses) < 1e-5, "{i} {losses:?} {expected_losses:?}");
                assert!(difference(values, expected_values) < 1e-4, "{i} {values:?} {expected_values:?}");
            }
        }
    }
}

/// What is frozen keeps its bits and has no state; the gradients of the rest are what they were.
#[test]
fn frozen_parts_stay_as_they_are() {
    for parts in [&["torso"][..], &["torso", "value.0"], &["advantage"], &["torso.2", "value", "advantage.0"]] {
        for normalisation in [Normalisation::None, Normalisation::Layer] {
            for torso in [Torso::Nature {}, Torso::Mlp { hidden: vec![9, 8] }] {
                let mut spec = NetworkSpec::new(torso, Head::Dueling { hidden: vec![6] });
                spec.normalisation = normalisation;
                let mut network = network(&spec, &[4, 40, 36], 3);
                let batch = Batch::draw(&network, 4, true, 3);
                let free = update(&network, &batch);
                let frozen =
                    network
                        .parameters()
                        .freeze(
                            &parts
                                .iter()
                                .map(|p| {
                                    if *p == "torso.2" && normalisation == Normalisation::Layer { "torso.3" } else { p }
                                })
                                .collect::<Vec<_>>(),
                        )
                        .unwrap();
                for compute in [Compute::Reference, Compute::Kernels(Isa::best())] {
                    network.set_compute(compute).unwrap();
                    let left: Vec<_> = update(&network, &batch);
                    let expected: Vec<_> = free.iter().filter(|(name, _)| !frozen.contains(name)).collect();
                    assert_eq!(left.len(), expected.len());
                    for ((name, gradient), (expected_name, expected)) in left.iter().zip(expected) {
                        assert!(name == expected_name && difference(gradient, expected) < 3e-4, "{name} {compute:?}");
                    }
                    let before: Vec<_> = network.parameters().iter().map(|(_, t)| flat(t)).collect();
                    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-3), network.parameters()).unwrap();
                    let q = network.forward(&batch.observations).unwrap();
                    let loss = td_loss(&q, &batch.actions, &batch.targets, None, Loss::Mse).unwrap().loss;
                    optimizer.step(network.parameters(), &network.backward(&loss).unwrap()).unwrap();
                    for ((name, tensor), before) in network.parameters().iter().zip(before) {
                        assert_eq!(flat(tensor) == before, frozen.iter().any(|n| n == name), "{name}");
                    }
                    let state = optimizer.state().unwrap();
                    assert!(state.tensors.keys().all(|key| !frozen.iter().any(|n| key.starts_with(n.as_str()))));
                    optimizer.restore(&state).unwrap();
                    // Back to where it began, for the other way to compute.
                    let network_again = self::network(&spec, &[4, 40, 36], 3);
                    network.copy_from(&network_again).unwrap();
                }
            }
        }
    }
}

/// Sizes above the thresholds at which threads come in, for dense layers, convolutions and Adam alike.
#[test]
fn results_are_the_same_bits_on_any_number_of_threads() {
    let nature = |normalisation| {
        let mut spec = NetworkSpec::new(Torso::Nature {}, Head::Dueling { hidden: vec![512] });
        spec.normalisation = normalisation;
        network(&spec, &[4, 84, 84], 6)
    };
    let mlp = || {
        let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![512, 500] }, Head::Single { hidden: vec![] });
        network(&spec, &[8], 4)
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let trained = [(nature(Normalisation::None), 21), (nature(Normalisation::Layer), 10), (mlp(), 200)].map(
                |(network, rows)| {
                    train(&network, rows, 3);
                    network.parameters().to_safetensors().unwrap()
                },
            );
            trained.concat()
        })
    };
    let one = run(1);
    for threads in [2, 3, 4] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
