//! The code in docs/export.md takes a run's weights to PyTorch and back, as it stands there.
//!
//! PyTorch is some gigabytes: where it is not installed for `$DEEPQ_PEERS_PYTHON` or `python3`, the test says so and does
//! nothing. What of it can be checked without is: see `crates/nets/tests/networks/pytorch.rs`.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use deepq_envs::NumpyRng;
use deepq_experiments::config::{self, Overrides};
use deepq_nets::{Device, Network, Tensor};
use deepq_tests::{deepq, documented, rom, train};
use safetensors::SafeTensors;

/// A Python that has PyTorch and safetensors.
fn python_with_torch() -> Option<OsString> {
    let named = std::env::var_os("DEEPQ_PEERS_PYTHON").filter(|python| !python.is_empty());
    let python = named.unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python).args(["-c", "import torch, safetensors.torch"]).output();
    imports.is_ok_and(|output| output.status.success()).then_some(python)
}

/// Runs the page's code in a folder, then more.
fn run(python: &OsString, folder: &Path, more: &str) -> Result<Vec<Vec<f32>>> {
    let code = documented("docs/export.md", "## PyTorch")?;
    let output = Command::new(python).arg("-c").arg(code + more).current_dir(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

const COMPARE: &str = r#"
import json
import numpy

vectors = torch.from_numpy(numpy.fromfile("cartpole.bin", numpy.float32).reshape(-1, 4))
frames = torch.from_numpy(numpy.fromfile("pong.bin", numpy.uint8).reshape(-1, 4, 84, 84))
with torch.no_grad():
    print(json.dumps([mlp(vectors).flatten().tolist(), dueling(frames).flatten().tolist()]))
"#;

/// The network of a run, with its exported weights.
fn network(folder: &Path, experiment: &str, shape: &[usize], actions: usize) -> Result<Network> {
    let (of_run, _) = config::load_file(&folder.join(experiment).join("experiment.toml"), &Overrides::default())?;
    let network = Network::new(&of_run.network, shape, actions, &mut NumpyRng::new(1), &Device::Cpu)?;
    network.parameters().load_safetensors(&fs::read(folder.join(experiment).with_extension("safetensors"))?)?;
    Ok(network)
}

#[test]
fn documented_modules_give_the_same_values() -> Result<()> {
    let Some(python) = python_with_torch() else {
        // Not by `eprintln!`, which the test harness keeps to itself.
        writeln!(
            std::io::stderr(),
            "SKIPPED: there is no PyTorch here; $DEEPQ_PEERS_PYTHON names a Python that has it"
        )?;
        return Ok(());
    };
    rom("pong")?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_str().map(str::to_owned).context("the path is not UTF-8");
    train("cartpole", &at("cartpole"), &["--steps", "3000"])?;
    // The network of `pong`, trained shortly.
    train("pong-smoke", &at("pong"), &[])?;
    for name in ["cartpole", "pong"] {
        deepq(["export", &text(name)?, "--safetensors", &text(&format!("{name}.safetensors"))?])?.done()?;
    }

    let mut rng = NumpyRng::new(1);
    let vectors: Vec<f32> = (0..7 * 4).map(|_| rng.standard_normal() as f32).collect();
    let frames: Vec<u8> = (0..7 * 4 * 84 * 84).map(|_| rng.index(256) as u8).collect();
    fs::write(at("cartpole.bin"), vectors.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())?;
    fs::write(at("pong.bin"), &frames)?;
    let of_torch = run(&python, folder.path(), COMPARE)?;
    let networks = [
        (network(folder.path(), "cartpole", &[4], 2)?, Tensor::from_vec(vectors, (7, 4), &Device::Cpu)?),
        (network(folder.path(), "pong", &[4, 84, 84], 6)?, Tensor::from_vec(frames, (7, 4, 84, 84), &Device::Cpu)?),
    ];
    for ((network, observations), of_torch) in networks.iter().zip(of_torch) {
        let values: Vec<f32> = network.values(observations)?.flatten_all()?.to_vec1()?;
        assert_eq!(values.len(), of_torch.len());
        let scale = values.iter().fold(1.0f32, |scale, value| scale.max(value.abs()));
        for (a, b) in values.iter().zip(&of_torch) {
            assert!((a - b).abs() <= 1e-5 * scale, "{a} is not {b}");
        }
    }

    // And back: the very weights, and a run that starts from them.
    let (there, back) = (fs::read(at("cartpole.safetensors"))?, fs::read(at("from-pytorch.safetensors"))?);
    let (there, back) = (SafeTensors::deserialize(&there)?, SafeTensors::deserialize(&back)?);
    let tensors = |file: &SafeTensors<'_>| -> Vec<_> {
        file.iter().map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec(), tensor.data().to_vec())).collect()
    };
    assert!(tensors(&there) == tensors(&back), "PyTorch wrote others");
    let from = format!("transfer.init_from={}", text("from-pytorch.safetensors")?);
    train("cartpole", &at("again"), &["--steps", "50", "--set", &from])?;
    train("cartpole", &at("torso"), &["--steps", "50", "--set", &from, "--set", "transfer.parts=[\"torso\"]"])?;
    Ok(())
}
