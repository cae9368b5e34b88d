//! Weights keep PyTorch's names and layouts, are drawn from the caller's generator alone, and are never loaded
//! unchecked.

use candle_core::{Device, Tensor};
use deepq_nets::{
    Activation, ConvSpec, Head, Initialisation, NetError, Network, NetworkSpec, Normalisation, Parameters, Torso,
};
use proptest::prelude::*;
use rand_pcg::{Pcg64, rand_core::SeedableRng};

fn network(spec: &NetworkSpec, shape: &[usize], seed: u64) -> Network {
    Network::new(spec, shape, 6, &mut Pcg64::seed_from_u64(seed), &Device::Cpu).unwrap()
}

fn nature() -> NetworkSpec {
    NetworkSpec::new(Torso::Nature {}, Head::Dueling { hidden: vec![512] })
}

fn mlp() -> NetworkSpec {
    NetworkSpec::new(Torso::Mlp { hidden: vec![8, 5] }, Head::Single { hidden: vec![] })
}

fn bits(parameters: &Parameters) -> Vec<u32> {
    parameters.iter().flat_map(|(_, t)| t.flatten_all().unwrap().to_vec1::<f32>().unwrap()).map(f32::to_bits).collect()
}

#[test]
fn names_and_shapes_are_pytorchs() {
    let network = network(&nature(), &[4, 84, 84], 1);
    let named: Vec<_> = network.parameters().iter().map(|(name, t)| format!("{name} {:?}", t.dims())).collect();
    assert_eq!(
        named,
        [
            "torso.0.weight [32, 4, 8, 8]",
            "torso.0.bias [32]",
            "torso.2.weight [64, 32, 4, 4]",
            "torso.2.bias [64]",
            "torso.4.weight [64, 64, 3, 3]",
            "torso.4.bias [64]",
            "value.0.weight [512, 3136]",
            "value.0.bias [512]",
            "value.2.weight [1, 512]",
            "value.2.bias [1]",
            "advantage.0.weight [512, 3136]",
            "advantage.0.bias [512]",
            "advantage.2.weight [6, 512]",
            "advantage.2.bias [6]",
        ]
    );
    assert_eq!(network.parameters().count(), 3_293_863);
}

#[test]
fn a_seed_gives_one_network() {
    let [a, b, c] = [1, 1, 2].map(|seed| bits(network(&mlp(), &[4], seed).parameters()));
    assert_eq!(a, b);
    assert_ne!(a, c);
}

#[test]
fn initialisers_draw_from_the_distributions_they_name() {
    for (initialisation, deviation) in [
        (Initialisation::He, (2.0f64 / 64.0).sqrt()),
        (Initialisation::Lecun, (1.0f64 / 64.0).sqrt()),
        (Initialisation::Pytorch, (1.0f64 / 64.0).sqrt() / 3f64.sqrt()),
    ] {
        let mut spec = NetworkSpec::new(Torso::Mlp { hidden: vec![1000] }, Head::Single { hidden: vec![] });
        spec.initialisation = initialisation;
        let network = network(&spec, &[64], 3);
        let values: Vec<f32> =
            network.parameters().get("torso.0.weight").unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let n = values.len() as f64;
        let mean = values.iter().copied().map(f64::from).sum::<f64>() / n;
        let measured = (values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n).sqrt();
        assert!(mean.abs() < 4.0 * deviation / n.sqrt(), "{initialisation:?} {mean}");
        assert!((measured / deviation - 1.0).abs() < 0.01, "{initialisation:?} {measured} {deviation}");
        let biases: Vec<f32> = network.parameters().get("torso.0.bias").unwrap().to_vec1().unwrap();
        assert_eq!(biases.iter().all(|b| *b == 0.0), initialisation != Initialisation::Pytorch);
        if initialisation == Initialisation::Pytorch {
            assert!(values.iter().chain(&biases).all(|v| v.abs() <= 0.125));
        }
    }
}

#[test]
fn weights_survive_a_file_to_the_bit() {
    let (a, b) = (network(&mlp(), &[4], 1), network(&mlp(), &[4], 2));
    let bytes = a.parameters().to_safetensors().unwrap();
    b.parameters().load_safetensors(&bytes).unwrap();
    assert_eq!(bits(a.parameters()), bits(b.parameters()));
    assert_eq!(b.parameters().to_safetensors().unwrap(), bytes);
}

#[test]
fn a_target_network_can_follow_slowly() {
    let (online, target) = (network(&mlp(), &[4], 1), network(&mlp(), &[4], 2));
    let read = |network: &Network| {
        let tensor = network.parameters().get("torso.0.weight").unwrap();
        tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let before = read(&target);
    target.parameters().blend_from(online.parameters(), 0.25).unwrap();
    for ((after, before), online) in read(&target).iter().zip(before).zip(read(&online)) {
        assert!((after - (0.75 * before + 0.25 * online)).abs() < 1e-6);
    }
    target.parameters().blend_from(online.parameters(), 1.0).unwrap();
    assert_eq!(bits(target.parameters()), bits(online.parameters()));
    assert!(target.parameters().blend_from(online.parameters(), 1.5).is_err());
}

#[test]
fn weights_that_do_not_fit_are_refused_and_change_nothing() {
    let target = network(&mlp(), &[4], 1);
    let before = bits(target.parameters());
    let wider = NetworkSpec::new(Torso::Mlp { hidden: vec![9, 5] }, Head::Single { hidden: vec![] });
    let deeper = NetworkSpec::new(Torso::Mlp { hidden: vec![8, 5, 5] }, Head::Single { hidden: vec![] });
    let shallower = NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Single { hidden: vec![] });
    let infinite = network(&mlp(), &[4], 1);
    infinite.parameters().set("head.0.bias", &Tensor::full(f32::NAN, 6, &Device::Cpu).unwrap()).unwrap();
    for (other, word) in [
        (network(&wider, &[4], 1), "shape"),
        (network(&deeper, &[4], 1), "belongs to no parameter"),
        (network(&shallower, &[4], 1), "missing"),
        (infinite, "NaN"),
    ] {
        let error = target.parameters().load_safetensors(&other.parameters().to_safetensors().unwrap()).unwrap_err();
        assert!(matches!(&error, NetError::Weights { .. }) && error.to_string().contains(word), "{error}");
    }
    assert_eq!(bits(target.parameters()), before);
    assert!(target.copy_from(&network(&wider, &[4], 1)).is_err());
    assert!(
        target
            .parameters()
            .set("head.1.bias", &Tensor::zeros(6, candle_core::DType::F32, &Device::Cpu).unwrap())
            .is_err()
    );
    assert!(
        target
            .parameters()
            .set("head.0.bias", &Tensor::zeros(7, candle_core::DType::F32, &Device::Cpu).unwrap())
            .is_err()
    );
}

#[test]
fn normalisations_and_poolings_have_pytorchs_places() {
    let names = |spec: &NetworkSpec, shape: &[usize]| {
        let network = network(spec, shape, 1);
        network.parameters().iter().map(|(name, t)| format!("{name} {:?}", t.dims())).collect::<Vec<_>>()
    };
    let layers = vec![ConvSpec { pool: 2, ..ConvSpec::new(8, 3, 1) }, ConvSpec::new(5, 2, 1)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![7] });
    spec.normalisation = Normalisation::Layer;
    assert_eq!(
        names(&spec, &[2, 10, 9]),
        [
            "torso.0.weight [8, 2, 3, 3]",
            "torso.0.bias [8]",
            "torso.1.weight [8, 8, 7]",
            "torso.1.bias [8, 8, 7]",
            "torso.4.weight [5, 8, 2, 2]",
            "torso.4.bias [5]",
            "torso.5.weight [5, 3, 2]",
            "torso.5.bias [5, 3, 2]",
            "head.0.weight [7, 30]",
            "head.0.bias [7]",
            "head.1.weight [7]",
            "head.1.bias [7]",
            "head.3.weight [6, 7]",
            "head.3.bias [6]",
        ]
    );
    spec.normalisation = Normalisation::Batch;
    assert_eq!(
        names(&spec, &[2, 10, 9])[2..7],
        [
            "torso.1.weight [8]",
            "torso.1.bias [8]",
            "torso.1.running_mean [8]",
            "torso.1.running_var [8]",
            "torso.1.num_batches_tracked []",
        ]
    );
    spec = mlp();
    spec.normalisation = Normalisation::Batch;
    assert!(spec.validate().unwrap_err().to_string().contains("network.normalisation"));
}

#[test]
fn running_statistics_survive_a_file() {
    let layers = vec![ConvSpec::new(8, 3, 1)];
    let mut spec = NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
    spec.normalisation = Normalisation::Batch;
    let (a, b) = (network(&spec, &[1, 6, 6], 1), network(&spec, &[1, 6, 6], 2));
    let observations = Tensor::arange(0f32, 144.0, &Device::Cpu).unwrap().reshape((4, 1, 6, 6)).unwrap();
    for _ in 0..3 {
        a.forward(&observations).unwrap();
    }
    assert_eq!(a.parameters().get("torso.1.num_batches_tracked").unwrap().to_scalar::<f32>().unwrap(), 3.0);
    b.parameters().load_safetensors(&a.parameters().to_safetensors().unwrap()).unwrap();
    assert_eq!(bits(a.parameters()), bits(b.parameters()));
}

#[test]
fn parts_are_loaded_and_others_left_alone() {
    let (from, to) = (network(&nature(), &[4, 36, 36], 1), network(&nature(), &[4, 36, 36], 2));
    let before = to.parameters().get("value.2.weight").unwrap().copy().unwrap();
    let bytes = from.parameters().to_safetensors().unwrap();
    let loaded = to.parameters().load_parts(&bytes, &["torso", "value.0"]).unwrap();
    assert_eq!(loaded.len(), 8);
    let read = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (name, tensor) in to.parameters().iter() {
        let same = read(tensor) == read(from.parameters().get(name).unwrap());
        assert!(same == loaded.iter().any(|n| n == name) || name.ends_with("bias"), "{name}");
    }
    assert_eq!(read(&before), read(to.parameters().get("value.2.weight").unwrap()));
    for unknown in ["head", "tors", "torso.", ""] {
        let error = to.parameters().load_parts(&bytes, &["torso", unknown]).unwrap_err().to_string();
        assert!(error.contains("torso, value, advantage"), "{error}");
    }
    // A file that lacks the part.
    let other = network(&mlp(), &[4], 1).parameters().to_safetensors().unwrap();
    assert!(to.parameters().load_parts(&other, &["value"]).unwrap_err().to_string().contains("missing"));
}

proptest! {
    #[test]
    fn damaged_weights_are_an_error_not_a_panic(position in 0.0..1.0f64, byte: u8, cut in 0.0..1.0f64) {
        let network = network(&mlp(), &[4], 1);
        let good = network.parameters().to_safetensors().unwrap();
        let at = |fraction: f64| (fraction * good.len() as f64) as usize;
        prop_assert!(network.parameters().load_safetensors(&good[..at(cut)]).is_err());
        let mut bytes = good.clone();
        bytes[at(position)] = byte;
        let _ = network.parameters().load_safetensors(&bytes);
    }
}

#[test]
fn impossible_networks_are_refused_with_the_key() {
    let conv = |layers| NetworkSpec::new(Torso::Conv { layers }, Head::Single { hidden: vec![] });
    let layer = ConvSpec::new(8, 3, 1);
    for (spec, shape, word) in [
        (
            NetworkSpec::new(Torso::Mlp { hidden: vec![8, 0] }, Head::Single { hidden: vec![] }),
            vec![4],
            "network.torso.hidden[1]",
        ),
        (
            NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Dueling { hidden: vec![1 << 40] }),
            vec![4],
            "network.head.hidden[0]",
        ),
        (
            NetworkSpec::new(Torso::Mlp { hidden: vec![65536; 64] }, Head::Single { hidden: vec![] }),
            vec![4],
            "parameters",
        ),
        (conv(vec![]), vec![4, 8, 8], "network.torso.layers"),
        (conv(vec![ConvSpec { stride: 0, ..layer }]), vec![4, 8, 8], "network.torso.layers[0].stride"),
        (conv(vec![ConvSpec { pool: 7, ..layer }]), vec![4, 8, 8], "pooling 7x7 does not fit its input of 6x6"),
        (conv(vec![layer]), vec![4, 2, 8], "kernel of 3x3 does not fit its input of 2x8"),
        (conv(vec![layer]), vec![4], "not [4]"),
        (conv(vec![layer]), vec![4, 0, 8], "[4, 0, 8]"),
        (mlp(), vec![], "[]"),
    ] {
        let error = Network::new(&spec, &shape, 6, &mut Pcg64::seed_from_u64(1), &Device::Cpu).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(Network::new(&mlp(), &[4], 0, &mut Pcg64::seed_from_u64(1), &Device::Cpu).is_err());
}

#[test]
fn specifications_come_from_toml_and_refuse_unknown_keys() {
    let parse = |text: &str| toml::from_str::<NetworkSpec>(text);
    let spec = parse(
        "activation = 'tanh'\ninitialisation = 'pytorch'\ntorso = { kind = 'conv', layers = [{ filters = 16, kernel = 3 }] }\n\
         head = { kind = 'dueling', hidden = [32] }",
    )
    .unwrap();
    assert_eq!(spec.torso, Torso::Conv { layers: vec![ConvSpec::new(16, 3, 1)] });
    assert_eq!((spec.activation, spec.initialisation), (Activation::Tanh, Initialisation::Pytorch));
    assert_eq!(parse(&toml::to_string(&spec).unwrap()).unwrap(), spec);
    assert!(parse("torso = { kind = 'nature' }\nhead = { kind = 'single', hidden = [512] }").is_ok());
    for bad in [
        "torso = { kind = 'nature', hidden = [1] }\nhead = { kind = 'single' }",
        "torso = { kind = 'nature' }\nhead = { kind = 'single', units = 3 }",
        "torso = { kind = 'nature' }\nhead = { kind = 'single' }\ninitialization = 'he'",
        "torso = { kind = 'mlp' }\nhead = { kind = 'single' }",
        "torso = { kind = 'resnet' }\nhead = { kind = 'single' }",
        "torso = { kind = 'conv', layers = [{ filters = 16, kernel = 3, dilation = 1 }] }\nhead = { kind = 'single' }",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}
