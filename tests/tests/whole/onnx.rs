//! Exported models are accepted by ONNX's checker, and ONNX Runtime gives the values that the network gives here. Both come
//! from PyPI.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use deepq_envs::NumpyRng;
use deepq_experiments::config::{self, Overrides};
use deepq_nets::{
    Activation, ConvSpec, Device, Head, Interface, Network, NetworkSpec, NoiseSpec, Normalisation, ObservationType,
    OnnxModel, Outputs, Tensor, Torso,
};
use deepq_tests::{deepq, documented, python, rom, train};
use serde::Deserialize;

const PACKAGES: &str = "onnx";
const BATCHES: [usize; 2] = [1, 7];
/// Of the largest value, or absolute where all are small.
const TOLERANCE: f32 = 1e-5;
/// ONNX's numbers of element types.
const FLOAT: i64 = 1;
const UINT8: i64 = 2;

/// What ONNX says of a model.
#[derive(Deserialize)]
struct Said {
    ir_version: i64,
    opset: Vec<(String, i64)>,
    metadata: BTreeMap<String, String>,
    input: Value,
    output: Vec<Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    values: BTreeMap<usize, Vec<f32>>,
}

/// The name, the type and the shape of an input or output.
type Value = (String, i64, Vec<serde_json::Value>);

/// Models in a folder, each with its network and what its batches gave.
#[derive(Default)]
struct Models(BTreeMap<String, (Network, BTreeMap<usize, Vec<f32>>)>);

impl Models {
    /// Writes random batches for a model beside it.
    fn add(&mut self, folder: &Path, name: &str, network: Network, of: ObservationType) -> Result<()> {
        let mut rng = NumpyRng::new(self.0.len() as u64);
        let mut values = BTreeMap::new();
        for batch in BATCHES {
            let (observations, bytes) = observations(&network, of, batch, &mut rng)?;
            fs::write(folder.join(format!("{name}.{batch}")), bytes)?;
            values.insert(batch, network.values(&observations)?.flatten_all()?.to_vec1()?);
        }
        self.0.insert(name.to_owned(), (network, values));
        Ok(())
    }

    /// Lets ONNX look at all, and compares.
    fn compare(&self, folder: &Path) -> Result<BTreeMap<String, Said>> {
        let said = python(Path::new("onnx/run_models.py"), PACKAGES, [folder])?;
        let said: BTreeMap<String, Said> = serde_json::from_str(&said)?;
        assert_eq!(said.keys().collect::<Vec<_>>(), self.0.keys().collect::<Vec<_>>());
        for (name, (network, expected)) in &self.0 {
            let of = &said[name];
            assert_eq!((of.ir_version, &of.opset), (8, &vec![(String::new(), 17)]), "{name}");
            assert_eq!(of.input.0, "observation", "{name}");
            assert_eq!(of.input.2[0], "batch", "{name}");
            assert_eq!(of.input.2[1..], *network.observation_shape(), "{name}");
            assert_eq!(of.output[0].2[1], network.actions(), "{name}");
            match network.outputs() {
                Outputs::PerAction(outputs) => assert_eq!(of.output[0].2[2], outputs, "{name}"),
                _ => assert_eq!(of.output[0].2.len(), 2, "{name}"),
            }
            for (parameter, tensor) in network.parameters().iter() {
                // Only training counts batches, and only in training is there noise.
                if !parameter.ends_with("num_batches_tracked") && !parameter.ends_with("_sigma") {
                    assert_eq!(of.tensors.get(parameter).map(Vec::as_slice), Some(tensor.dims()), "{name}");
                }
            }
            assert_eq!(of.values.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
            for (batch, expected) in expected {
                let actual = &of.values[batch];
                assert_eq!(actual.len(), expected.len(), "{name}");
                let scale = expected.iter().fold(1.0f32, |scale, value| scale.max(value.abs()));
                let difference = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(difference <= TOLERANCE * scale, "{name}, {batch} rows: {difference} of {scale}");
            }
        }
        Ok(said)
    }
}

/// Random observations, as a tensor and as raw bytes.
fn observations(network: &Network, of: ObservationType, batch: usize, rng: &mut NumpyRng) -> Result<(Tensor, Vec<u8>)> {
    let shape: Vec<usize> = std::iter::once(batch).chain(network.observation_shape().iter().copied()).collect();
    let n = shape.iter().product();
    Ok(match of {
        ObservationType::Bytes => {
            let bytes: Vec<u8> = (0..n).map(|_| rng.index(256) as u8).collect();
            (Tensor::from_vec(bytes.clone(), shape, &Device::Cpu)?, bytes)
        }
        ObservationType::Floats => {
            let numbers: Vec<f32> = (0..n).map(|_| rng.standard_normal() as f32).collect();
            let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            (Tensor::from_vec(numbers, shape, &Device::Cpu)?, bytes)
        }
    })
}

/// Every torso, head, activation and normalisation with every other, on frames and on vectors; and every head with noise and
/// several outputs.
fn all_networks() -> Vec<(String, NetworkSpec, &'static [usize], Interface)> {
    let conv = |filters, kernel, stride, pool| ConvSpec { pool, ..ConvSpec::new(filters, kernel, stride) };
    let padded = ConvSpec { padding: 1, pool_stride: Some(2), pool_padding: 1, ..conv(4, 3, 2, 3) };
    let torsos: [(&str, Torso, &[usize]); 7] = [
        ("mlp", Torso::Mlp { hidden: vec![16, 8] }, &[4]),
        ("mlp-of-frames", Torso::Mlp { hidden: vec![16] }, &[2, 3, 5]),
        ("no-torso", Torso::Mlp { hidden: vec![] }, &[6]),
        // Of 12 columns the second convolution reaches 11, and the last pooling drops a row.
        ("conv", Torso::Conv { layers: vec![conv(4, 3, 1, 2), conv(6, 3, 2, 1)] }, &[2, 13, 14]),
        ("pooled", Torso::Conv { layers: vec![conv(5, 2, 1, 3)] }, &[12, 11]),
        ("padded", Torso::Conv { layers: vec![padded] }, &[2, 12, 11]),
        ("residual", Torso::Impala { channels: vec![3, 4] }, &[2, 9, 7]),
    ];
    let heads = [
        ("single", Head::Single { hidden: vec![] }),
        ("hidden", Head::Single { hidden: vec![9] }),
        ("dueling", Head::Dueling { hidden: vec![9, 7] }),
        ("bare-dueling", Head::Dueling { hidden: vec![] }),
    ];
    let normalisations = [Normalisation::None, Normalisation::Layer, Normalisation::Batch];
    let mut networks = vec![];
    for (torso_name, torso, shape) in torsos {
        for (head_name, head) in &heads {
            for activation in [Activation::Relu, Activation::Tanh] {
                for normalisation in normalisations {
                    let mut spec = NetworkSpec::new(torso.clone(), head.clone());
                    (spec.activation, spec.normalisation) = (activation, normalisation);
                    if spec.validate().is_ok() {
                        let name = format!("{torso_name}-{head_name}-{activation:?}-{normalisation:?}");
                        networks.push((name, spec, shape, Interface::default()));
                    }
                }
            }
        }
    }
    for (head_name, head) in heads {
        let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, head);
        let spec = NetworkSpec { noise: Some(NoiseSpec::fortunato_2018()), ..spec };
        let interface = Interface { outputs: Outputs::PerAction(4), noise: true };
        networks.push((format!("outputs-{head_name}"), spec, &[4], interface));
    }
    networks
}

#[test]
fn every_network_gives_its_values_in_onnx_runtime() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut models = Models::default();
    for (name, spec, shape, interface) in all_networks() {
        for of in [ObservationType::Bytes, ObservationType::Floats] {
            let mut rng = NumpyRng::new(models.0.len() as u64);
            let network = Network::with_interface(&spec, shape, 3, interface, &mut rng, &Device::Cpu)?;
            if spec.normalisation == Normalisation::Batch {
                // So that its running statistics are not those of a new network.
                for _ in 0..5 {
                    network.forward(&observations(&network, of, 16, &mut rng)?.0)?;
                }
            }
            let name = format!("{name}-{of:?}");
            let metadata = [("key", "value: \"ü\"\n".to_owned())];
            let model = OnnxModel { name: &name, observation: of, output: "q_values", metadata: &metadata };
            let bytes = network.to_onnx(&model)?;
            assert!(bytes == network.to_onnx(&model)?, "the same network, other bytes");
            fs::write(folder.path().join(format!("{name}.onnx")), bytes)?;
            models.add(folder.path(), &name, network, of)?;
        }
    }
    let said = models.compare(folder.path())?;
    assert_eq!(said.len(), 2 * (3 * 4 * 2 * 2 + 4 * 4 * 2 * 3 + 4));
    for (name, of) in said {
        assert_eq!(of.metadata["key"], "value: \"ü\"\n", "{name}");
        assert_eq!(of.input.1, if name.ends_with("Bytes") { UINT8 } else { FLOAT }, "{name}");
        assert_eq!((of.output[0].0.as_str(), of.output[0].1), ("q_values", FLOAT), "{name}");
    }
    Ok(())
}

/// A run, trained shortly: its name, experiment and overrides, and what an observation is.
type Run = (&'static str, &'static str, &'static [&'static str], &'static [usize], ObservationType);

const POOLED: &str = "network.torso={ kind = \"conv\", layers = [{ filters = 8, kernel = 8, stride = 4, pool = 2 }, { filters = \
                      8, kernel = 3 }] }";
const RUNS: [Run; 6] = [
    ("cartpole", "cartpole", &["--steps", "3000"], &[4], ObservationType::Floats),
    ("layer-norm", "cartpole-pqn", &["--steps", "10240"], &[4], ObservationType::Floats),
    ("policy", "reinforce-cartpole", &["--set", "training.episodes=50"], &[4], ObservationType::Floats),
    ("dueling", "pong-smoke", &[], &[4, 84, 84], ObservationType::Bytes),
    ("pooled", "pong-smoke", &["--set", POOLED], &[4, 84, 84], ObservationType::Bytes),
    (
        "batch-norm",
        "pong-smoke",
        &["--set", POOLED, "--set", "network.normalisation=batch"],
        &[4, 84, 84],
        ObservationType::Bytes,
    ),
];

#[test]
fn what_runs_have_learned_is_exported() -> Result<()> {
    rom("pong")?;
    let folder = tempfile::tempdir()?;
    let models_folder = folder.path().join("models");
    fs::create_dir(&models_folder)?;
    let mut models = Models::default();
    for (name, experiment, arguments, shape, of) in RUNS {
        let run = folder.path().join(name);
        let summary = train(experiment, &run, arguments)?;
        let weights = folder.path().join(format!("{name}.safetensors"));
        let model = models_folder.join(format!("{name}.onnx"));
        let what =
            ["--onnx", "--out", text(&model)?, "--safetensors", text(&weights)?, "--checkpoint", "last", "--json"];
        let said = deepq(["export", text(&run)?].iter().chain(&what))?.done()?;
        let written: serde_json::Value = serde_json::from_str(&said.stdout)?;
        assert_eq!(written["at_step"], summary.agent_steps);
        assert_eq!(written["files"], serde_json::json!([model, weights]));

        let (experiment, _) = config::load_file(&run.join("experiment.toml"), &Overrides::default())?;
        let actions = if of == ObservationType::Bytes { 6 } else { 2 };
        let network = Network::new(&experiment.network, shape, actions, &mut NumpyRng::new(1), &Device::Cpu)?;
        network.parameters().load_safetensors(&fs::read(&weights)?)?;
        models.add(&models_folder, name, network, of)?;
    }
    let said = models.compare(&models_folder)?;
    for (name, of) in &said {
        let summary = deepq_tests::summary(&folder.path().join(name))?;
        let expected = [
            ("experiment", summary.experiment),
            ("environment", summary.environment),
            ("seed", summary.seed.to_string()),
            ("agent_step", summary.agent_steps.to_string()),
            ("digest", summary.digest),
        ];
        for (key, value) in expected {
            assert_eq!(of.metadata.get(key), Some(&value), "{name}");
        }
        assert_eq!(of.metadata.get("weights_sha256").map(String::len), Some(64), "{name}");
        assert_eq!(of.output[0].0, if name == "policy" { "logits" } else { "q_values" });
    }
    Ok(())
}

#[test]
fn documented_code_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "500"])?;
    let model = folder.path().join("cartpole.onnx");
    let said = deepq(["export", text(&run)?, "--onnx", "--out", text(&model)?])?.done()?;
    assert_eq!(said.stdout.trim(), text(&model)?);
    let script = folder.path().join("documented.py");
    let code = documented("docs/export.md", "## ONNX")?;
    let begin = "import os, sys\nsys.path.insert(0, sys.argv[1])\nos.chdir(sys.argv[2])\n";
    fs::write(&script, format!("{begin}{code}\nassert q_values.shape == (1, 2) and action in (0, 1)\n"))?;
    python(&script, PACKAGES, [folder.path()])?;
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}
