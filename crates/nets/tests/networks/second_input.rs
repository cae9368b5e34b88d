//! A second input, by Dabney et al. 2018, equation 4.

use deepq_nets::{Activation, Compute, Given, Head, Interface, Isa, NetworkSpec, Outputs, TauEmbedding, Torso};

use crate::setup::{
    assert_close, check_file, check_gradients, flat, names, network, numbers, observations, parameter, refusal, wide,
};

const PER_TAU: Interface = Interface { outputs: Outputs::PerTau, noise: false };

fn spec(hidden: &[usize], head: Head, cosines: usize) -> NetworkSpec {
    let torso = Torso::Mlp { hidden: hidden.to_vec() };
    NetworkSpec { tau_embedding: Some(TauEmbedding { cosines }), ..NetworkSpec::new(torso, head) }
}

/// Numbers from 0 to 1.
fn taus(n: usize) -> Vec<f32> {
    numbers(n, 5).into_iter().map(|x| 0.5 + 0.5 * x).collect()
}

fn given(taus: &[f32]) -> Given<'_> {
    Given { taus: Some(taus), ..Given::default() }
}

#[test]
fn features_are_multiplied_with_a_layer_of_cosines() {
    let network = network(&spec(&[], Head::Single { hidden: vec![] }, 6), &[4], 3, PER_TAU);
    assert_eq!(
        names(&network),
        ["embedding.0.weight [4, 6]", "embedding.0.bias [4]", "head.0.weight [3, 4]", "head.0.bias [3]"]
    );
    let (x, taus) = (observations(&network, 2, 1), taus(10));
    let [weight, bias, head, head_bias] = ["embedding.0.weight", "embedding.0.bias", "head.0.weight", "head.0.bias"]
        .map(|name| parameter(&network, name));
    let mut expected = vec![];
    for (row, taus) in wide(&flat(&x)).chunks_exact(4).zip(taus.chunks_exact(5)) {
        for action in 0..3 {
            for tau in taus {
                let mut value = head_bias[action];
                for feature in 0..4 {
                    let cosine = |i: usize| (std::f64::consts::PI * i as f64 * f64::from(*tau)).cos();
                    let sum: f64 = (0..6).map(|i| cosine(i) * weight[feature * 6 + i]).sum();
                    value += row[feature] * (sum + bias[feature]).max(0.0) * head[action * 4 + feature];
                }
                expected.push(value);
            }
        }
    }
    for q in [network.values_given(&x, &given(&taus)).unwrap(), network.forward_given(&x, &given(&taus)).unwrap()] {
        assert_eq!(q.dims(), [2, 3, 5]);
        assert_close(&flat(&q), &expected);
    }
}

#[test]
fn gradients_are_differences() {
    for head in [Head::Single { hidden: vec![6] }, Head::Dueling { hidden: vec![4] }] {
        let spec = NetworkSpec { activation: Activation::Tanh, ..spec(&[5], head, 8) };
        let network = network(&spec, &[3], 2, PER_TAU);
        let (x, taus) = (observations(&network, 4, 1), taus(12));
        check_gradients(&network, |network| network.forward_given(&x, &given(&taus)).unwrap());
        check_file(&network, &spec, PER_TAU);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let with = spec(&[5], Head::Single { hidden: vec![] }, 8);
    let mut network = network(&with, &[3], 2, PER_TAU);
    assert_eq!(network.compute(), Compute::Reference);
    let error = network.set_compute(Compute::Kernels(Isa::best())).unwrap_err().to_string();
    assert!(error.contains("network.tau_embedding: there are no kernels for a second input"), "{error}");
    let x = observations(&network, 4, 1);
    for numbers in [0, 3, 6] {
        let error = network.values_given(&x, &given(&taus(numbers))).unwrap_err().to_string();
        assert!(error.contains("taus: expected \"one or more for each of 4 rows\""), "{error}");
    }
    assert!(network.values(&x).is_err() && network.forward(&x).is_err());
    assert!(network.forward_with_next(&x, &x).is_err());
    for interface in [Interface::default(), Interface { outputs: Outputs::PerAction(3), noise: false }] {
        let error = refusal(&with, &[3], interface);
        assert!(error.contains("network.tau_embedding: this agent has no second input"), "{error}");
    }
    let without = NetworkSpec { tau_embedding: None, ..with.clone() };
    assert!(refusal(&without, &[3], PER_TAU).contains("network.tau_embedding: it is missing"));
    let none = NetworkSpec { tau_embedding: Some(TauEmbedding { cosines: 0 }), ..with };
    assert!(none.validate().unwrap_err().to_string().contains("network.tau_embedding.cosines"));
}
