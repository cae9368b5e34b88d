//! Everything that reads what somebody else may have written, as functions over bytes: they end with a value or an error,
//! whatever the bytes are. Tests give them bounded numbers of damaged files, fuzzers (`fuzz/`) any number.

mod checkpoint;
mod edits;
mod replay;

use std::path::Path;

use anyhow::{Context, Result};
use deepq_atari::{Game, RomLibrary};
use deepq_envs::Seeds;
use deepq_experiments::assembly::Assembly;
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_experiments::parity;
use deepq_experiments::session::{self, EvaluationRequest, Settings};
use deepq_nets::{ConvSpec, Device, Head, Network, NetworkSpec, Normalisation, Tensor, Torso};
use deepq_runs::WhichCheckpoint;

pub use checkpoint::{checkpoint, checkpoint_file, state, tables};
pub use replay::replay;

/// An experiment file, and the environment that it names.
///
/// # Errors
///
/// What is wrong with it.
pub fn experiment(bytes: &[u8]) -> Result<()> {
    let document = Document::parse("hostile", str::from_utf8(bytes)?)?;
    let experiment: Experiment = document.read()?;
    experiment.validate().map_err(|problem| document.locate(problem))?;
    Assembly::new(&experiment, &document, &Settings::default().registry, &Device::Cpu).element()?;
    Ok(())
}

/// An override of a key of `cartpole`.
///
/// # Errors
///
/// What is wrong with it.
pub fn assignment(bytes: &[u8]) -> Result<()> {
    let set = vec![str::from_utf8(bytes)?.to_owned()];
    config::load("cartpole", &Overrides { set, ..Overrides::default() })?;
    Ok(())
}

/// A recorded trace.
///
/// # Errors
///
/// What is wrong with it.
pub fn trace(bytes: &[u8]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trace.jsonl");
    std::fs::write(&file, bytes)?;
    parity::replay(&file, &Settings::default().registry)?;
    Ok(())
}

/// A file of weights for a run's network; it is written to `file` and read from there.
///
/// # Errors
///
/// What is wrong with it.
pub fn weights_of_run(run: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(file, bytes)?;
    let request =
        EvaluationRequest { checkpoint: WhichCheckpoint::At(file.to_owned()), episodes: Some(1), seed: Some(1) };
    session::evaluate(run, &request, &Settings { threads: Some(1), ..Settings::default() })?;
    Ok(())
}

/// A safetensors file, for networks of several forms.
///
/// # Errors
///
/// What is wrong with it, for the last network.
pub fn weights(bytes: &[u8]) -> Result<()> {
    let mlp = NetworkSpec::new(Torso::Mlp { hidden: vec![8, 8] }, Head::Single { hidden: vec![] });
    let layers = vec![ConvSpec::new(4, 5, 2)];
    let mut batch_norm = NetworkSpec::new(Torso::Conv { layers }, Head::Dueling { hidden: vec![3] });
    batch_norm.normalisation = Normalisation::Batch;
    let mut last = Ok(());
    for (spec, shape) in [(mlp, &[4][..]), (batch_norm, &[1, 9, 9])] {
        let network = Network::new(&spec, shape, 3, &mut Seeds::new(1).stream("weights"), &Device::Cpu)?;
        // What was refused has changed nothing, what was taken can be played with.
        let before = network.parameters().to_safetensors()?;
        let parts = network.parameters().load_parts(bytes, &["torso"]);
        if parts.is_err() {
            anyhow::ensure!(network.parameters().to_safetensors()? == before, "half of it was taken");
        }
        last = network.parameters().load_safetensors(bytes).map_err(Into::into);
        let zeros = vec![0.0f32; shape.iter().product()];
        network.values(&Tensor::from_vec(zeros, [&[1], shape].concat(), &Device::Cpu)?)?;
    }
    last
}

/// A file that has the name of a ROM.
///
/// # Errors
///
/// Why it is not the ROM.
pub fn rom(bytes: &[u8]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let game = Game::by_name("pong").context("no Pong")?;
    std::fs::write(folder.path().join(game.file()), bytes)?;
    RomLibrary::new(vec![folder.path().to_owned()]).find(game)?;
    Ok(())
}
