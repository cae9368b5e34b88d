//! Everything that reads what somebody else may have written, as functions over bytes: they end with a value or an error,
//! whatever the bytes are. Tests give them bounded numbers of damaged files, fuzzers any number.

use std::path::Path;

use anyhow::{Context, Result};
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_experiments::parity;
use deepq_experiments::run::{Kind, RunFolder};
use deepq_experiments::session::{self, EvaluationRequest, Settings, WhichCheckpoint};

/// An experiment file.
///
/// # Errors
///
/// What is wrong with it.
pub fn experiment(bytes: &[u8]) -> Result<()> {
    let document = Document::parse("hostile", str::from_utf8(bytes)?)?;
    let experiment: Experiment = document.read()?;
    experiment.validate().map_err(|problem| document.locate(problem))?;
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

/// A recorded trace; it is written to `file` and read from there.
///
/// # Errors
///
/// What is wrong with it.
pub fn trace(file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(file, bytes)?;
    parity::replay(file, &Settings::default().registry)?;
    Ok(())
}

/// A file of weights for a run's network; it is written to `file` and read from there.
///
/// # Errors
///
/// What is wrong with it.
pub fn weights(run: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(file, bytes)?;
    let request =
        EvaluationRequest { checkpoint: WhichCheckpoint::At(file.to_owned()), episodes: Some(1), seed: Some(1) };
    session::evaluate(run, &request, &Settings { threads: Some(1), ..Settings::default() })?;
    Ok(())
}

/// A file of the newest checkpoint of a run, under this name, with a checksum that is right. It stands in a run of its own,
/// `like`, which is a copy of `run` but for the checkpoints.
///
/// # Errors
///
/// What is wrong with it.
pub fn checkpoint(run: &Path, like: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let newest = RunFolder::look_at(run)?.checkpoints().newest(Kind::Step)?.0;
    let hostile = RunFolder::look_at(like)?.checkpoints();
    hostile.clear()?;
    let mut draft = hostile.begin(Kind::Step, newest.agent_step())?;
    for entry in std::fs::read_dir(newest.path())? {
        let entry = entry?;
        let own = entry.file_name().into_string().ok().context("a name that is not UTF-8")?;
        let contents = if own == name { bytes.to_vec() } else { std::fs::read(entry.path())? };
        match own.as_str() {
            "SHA256SUMS" => {}
            "replay.bin" => {
                draft.add_stream(|to| to.write_all(&contents))??;
            }
            _ => draft.add(&own, &contents)?,
        }
    }
    draft.commit()?;
    session::resume(like, &Overrides::default(), &Settings { threads: Some(1), ..Settings::default() })?;
    Ok(())
}
