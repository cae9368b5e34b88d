//! A module that PyTorch saved is the same network here, and what is saved here is PyTorch's file again. The fixtures were
//! written by PyTorch itself: see `pytorch/generate.py`.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use deepq_nets::{ConvSpec, Head, Interface, Network, NetworkSpec, NoiseSpec, Normalisation, Torso};
use rand_pcg::{Pcg64, rand_core::SeedableRng};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    observations: Vec<f32>,
    q_values: Vec<f32>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch").join(name)
}

/// Compares one fixture in both directions.
fn compare(name: &str, spec: &NetworkSpec, shape: &[usize]) {
    let figures: Figures = serde_json::from_slice(&std::fs::read(fixture(&format!("{name}.json"))).unwrap()).unwrap();
    let file = std::fs::read(fixture(&format!("{name}.safetensors"))).unwrap();
    let interface = Interface { noise: true, ..Interface::default() };
    let mut rng = Pcg64::seed_from_u64(1);
    let network = Network::with_interface(spec, shape, 3, interface, &mut rng, &Device::Cpu).unwrap();

    network.parameters().load_safetensors(&file).unwrap();
    let batch: Vec<usize> = std::iter::once(5).chain(shape.iter().copied()).collect();
    let observations = Tensor::from_vec(figures.observations, batch, &Device::Cpu).unwrap();
    let q_values = network.values(&observations).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(q_values.len(), figures.q_values.len());
    for (q, expected) in q_values.iter().zip(&figures.q_values) {
        assert!((q - expected).abs() <= 1e-5, "{name}: {q} is not {expected}");
    }

    // And back: the very bytes that PyTorch wrote.
    assert!(network.parameters().to_safetensors().unwrap() == file, "{name}: the file is not PyTorch's");
}

#[test]
fn a_multilayer_perceptron_of_pytorch_gives_its_q_values() {
    let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![8, 8] }, Head::Single { hidden: vec![] });
    compare("mlp", &spec, &[4]);
}

#[test]
fn a_dueling_convolutional_network_of_pytorch_gives_its_q_values() {
    let layers = vec![ConvSpec::new(4, 4, 2), ConvSpec::new(6, 3, 1)];
    compare("dueling", &NetworkSpec::new(Torso::Conv { layers }, Head::Dueling { hidden: vec![8] }), &[2, 12, 11]);
}

#[test]
fn running_statistics_of_pytorch_are_used() {
    let layers = vec![ConvSpec::new(4, 5, 2)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
    spec.normalisation = Normalisation::Batch;
    compare("batch_norm", &spec, &[1, 9, 9]);
}

#[test]
fn layer_normalisation_is_that_of_pytorch() {
    let layers = vec![ConvSpec::new(4, 4, 2), ConvSpec::new(6, 3, 1)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![8] });
    spec.normalisation = Normalisation::Layer;
    compare("layer_norm", &spec, &[2, 12, 11]);
}

#[test]
fn pooling_is_that_of_pytorch() {
    let layers = vec![ConvSpec { pool: 2, ..ConvSpec::new(4, 3, 2) }, ConvSpec::new(6, 2, 1)];
    compare("pooled", &NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![8] }), &[2, 15, 12]);
}

#[test]
fn padding_and_overlapping_pools_are_those_of_pytorch() {
    let pooled = ConvSpec { padding: 1, pool: 3, pool_stride: Some(2), pool_padding: 1, ..ConvSpec::new(4, 3, 2) };
    let layers = vec![pooled, ConvSpec { padding: 2, ..ConvSpec::new(6, 3, 1) }];
    compare("padded", &NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] }), &[2, 11, 8]);
}

#[test]
fn a_residual_network_of_pytorch_gives_its_q_values() {
    let torso = Torso::Impala { channels: vec![3, 4] };
    compare("residual", &NetworkSpec::new(torso, Head::Single { hidden: vec![8] }), &[2, 9, 7]);
}

#[test]
fn noisy_layers_of_pytorch_have_their_means() {
    let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Single { hidden: vec![5] });
    compare("noisy", &NetworkSpec { noise: Some(NoiseSpec::fortunato_2018()), ..spec }, &[4]);
}
