//! Noise in dense layers, by Fortunato et al. 2018.

use candle_core::{Device, Tensor};
use deepq_nets::{Compute, Given, Head, Interface, Isa, Network, NetworkSpec, Noise, NoiseSpec, Torso};
use rand_pcg::{Pcg64, rand_core::SeedableRng};

use crate::setup::{check_file, check_gradients, flat, names, network, observations, parameter, refusal};

const NOISY: Interface = Interface { outputs: deepq_nets::Outputs::One, noise: true };

fn spec(hidden: &[usize], head: Head) -> NetworkSpec {
    let torso = Torso::Mlp { hidden: hidden.to_vec() };
    NetworkSpec { noise: Some(NoiseSpec::fortunato_2018()), ..NetworkSpec::new(torso, head) }
}

fn draw(network: &Network, seed: u64) -> Noise {
    network.draw_noise(&mut Pcg64::seed_from_u64(seed)).unwrap()
}

fn given(noise: &Noise) -> Given<'_> {
    Given { noise: Some(noise), ..Given::default() }
}

#[test]
fn layers_behind_the_torso_have_means_and_deviations() {
    let network = network(&spec(&[9], Head::Dueling { hidden: vec![4] }), &[2], 3, NOISY);
    assert_eq!(
        names(&network)[..6],
        [
            "torso.0.weight [9, 2]",
            "torso.0.bias [9]",
            "value.0.weight_mu [4, 9]",
            "value.0.weight_sigma [4, 9]",
            "value.0.bias_mu [4]",
            "value.0.bias_sigma [4]",
        ]
    );
    assert_eq!(network.parameters().len(), 2 + 4 * 4);
    // Section 3.2: means within 1 / sqrt(inputs), deviations 0.5 / sqrt(inputs).
    for (layer, inputs) in [("value.0", 9.0f64), ("advantage.2", 4.0)] {
        for kind in ["weight", "bias"] {
            let mean = parameter(&network, &format!("{layer}.{kind}_mu"));
            assert!(mean.iter().all(|x| *x != 0.0 && x.abs() <= 1.0 / inputs.sqrt()), "{mean:?}");
            let deviation = parameter(&network, &format!("{layer}.{kind}_sigma"));
            assert!(deviation.iter().all(|x| (x - 0.5 / inputs.sqrt()).abs() < 1e-7), "{deviation:?}");
        }
    }
    assert!(network.is_noisy());
}

/// With one layer, what noise does to zeros and to unit vectors tells all of its factors: equations 10 and 11.
#[test]
fn noise_is_the_product_of_a_number_of_the_input_and_one_of_the_output() {
    const INPUTS: usize = 400;
    let network = network(&spec(&[], Head::Single { hidden: vec![] }), &[INPUTS], 3, NOISY);
    let sigma = 0.5 / (INPUTS as f64).sqrt();
    let mut rows = vec![0.0f32; (INPUTS + 1) * INPUTS];
    (0..INPUTS).for_each(|i| rows[(i + 1) * INPUTS + i] = 1.0);
    let x = Tensor::from_vec(rows, (INPUTS + 1, INPUTS), &Device::Cpu).unwrap();
    let greedy = flat(&network.values(&x).unwrap());
    let noisy = flat(&network.values_given(&x, &given(&draw(&network, 3))).unwrap());
    let difference: Vec<f64> = noisy.iter().zip(greedy).map(|(a, b)| (f64::from(*a) - f64::from(b)) / sigma).collect();
    let (of_outputs, rest) = difference.split_at(3);
    let mut squares = 0.0;
    let mut positive = 0;
    for row in rest.chunks_exact(3) {
        let of_input: Vec<f64> = row.iter().zip(of_outputs).map(|(d, output)| d / output - 1.0).collect();
        assert!(of_input.iter().all(|x| (x - of_input[0]).abs() < 1e-3), "{of_input:?}");
        squares += of_input[0].powi(2);
        positive += usize::from(of_input[0] > 0.0);
    }
    // f(x)^2 is |x|, whose mean is sqrt(2 / pi), with a deviation of 0.6 / sqrt(400).
    let expected = (2.0 / std::f64::consts::PI).sqrt();
    assert!((squares / INPUTS as f64 - expected).abs() < 0.1, "{}", squares / INPUTS as f64);
    assert!((160..240).contains(&positive), "{positive}");
}

#[test]
fn a_generator_gives_one_noise_and_greedy_play_has_none() {
    let network = network(&spec(&[5], Head::Dueling { hidden: vec![4] }), &[3], 2, NOISY);
    let x = observations(&network, 4, 1);
    let with = |seed: u64| flat(&network.values_given(&x, &given(&draw(&network, seed))).unwrap());
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    let greedy = flat(&network.values(&x).unwrap());
    assert_ne!(greedy, with(1));
    assert_eq!(greedy, flat(&network.values(&x).unwrap()));
    assert_eq!(greedy, flat(&network.forward(&x).unwrap()));
    // A generator that is asked again goes on.
    let mut rng = Pcg64::seed_from_u64(1);
    let [first, second] = [(); 2].map(|()| network.draw_noise(&mut rng).unwrap());
    let [first, second] = [first, second].map(|noise| flat(&network.values_given(&x, &given(&noise)).unwrap()));
    assert_eq!(first, with(1));
    assert_ne!(first, second);
}

#[test]
fn gradients_of_means_and_deviations_are_differences() {
    for head in [Head::Single { hidden: vec![6] }, Head::Dueling { hidden: vec![4] }] {
        let spec = NetworkSpec { activation: deepq_nets::Activation::Tanh, ..spec(&[5], head) };
        let network = network(&spec, &[3], 2, NOISY);
        let (x, noise) = (observations(&network, 4, 1), draw(&network, 5));
        check_gradients(&network, |network| network.forward_given(&x, &given(&noise)).unwrap());
        check_file(&network, &spec, NOISY);
        // Without noise deviations do nothing.
        let loss = network.forward(&x).unwrap().sqr().unwrap().sum_all().unwrap();
        for item in network.backward(&loss).unwrap().iter() {
            let (name, gradient) = item.unwrap();
            assert_eq!(gradient.iter().all(|g| *g == 0.0), name.ends_with("_sigma"), "{name}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let noisy = spec(&[5], Head::Single { hidden: vec![] });
    let mut network = network(&noisy, &[3], 2, NOISY);
    assert_eq!(network.compute(), Compute::Reference);
    let error = network.set_compute(Compute::Kernels(Isa::best())).unwrap_err().to_string();
    assert!(error.contains("network.noise: there are no kernels for noise"), "{error}");
    let other = self::network(&spec(&[6], Head::Single { hidden: vec![] }), &[3], 2, NOISY);
    let error = network.values_given(&observations(&network, 1, 1), &given(&draw(&other, 1))).unwrap_err().to_string();
    assert!(error.contains("(5, 2)") && error.contains("(6, 2)"), "{error}");
    let error = refusal(&noisy, &[3], Interface::default());
    assert!(error.contains("network.noise: this agent draws no noise"), "{error}");
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = NetworkSpec { noise: Some(NoiseSpec { sigma }), ..noisy.clone() }.validate().unwrap_err();
        assert!(error.to_string().contains("network.noise.sigma"), "{error}");
    }
    // Whoever draws noise may have a network without.
    let quiet = NetworkSpec { noise: None, ..noisy };
    let quiet = self::network(&quiet, &[3], 2, NOISY);
    let x = observations(&quiet, 2, 1);
    let values = quiet.values_given(&x, &given(&draw(&quiet, 1))).unwrap();
    assert_eq!(flat(&values), flat(&quiet.values(&x).unwrap()));
}
