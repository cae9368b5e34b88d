//! A run that was interrupted or killed goes on exactly where it stopped.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepq_tests::processes::send;
use deepq_tests::{Said, deepq, start, summary, train, workspace};
use rustix::process::Signal;

/// Far longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that would go on for hours, as soon as it has written its first checkpoint.
fn under_way(run: &Path) -> Result<Child> {
    let out = run.to_str().context("the path is not UTF-8")?;
    let endless = ["--steps", "100000000", "--set", "checkpoint.every=500", "--set", "training.histograms_every=0"];
    let child = start(["train", "cartpole", "--out", out].iter().chain(&endless))?;
    let begun = Instant::now();
    let has_checkpoint = || {
        let names = fs::read_dir(run.join("checkpoints")).into_iter().flatten().filter_map(Result::ok);
        names.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("step-"))
    };
    while !has_checkpoint() {
        ensure!(begun.elapsed() < PATIENCE, "no checkpoint after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

/// Lets a run go on to this agent step, and gives the digest.
fn go_on(run: &Path, to: u64) -> Result<String> {
    let run_argument = run.to_str().context("the path is not UTF-8")?;
    deepq(["train", "--quiet", "--no-video", "--resume", run_argument, "--steps", &to.to_string()])?.done()?;
    let summary = summary(run)?;
    assert_eq!(summary.agent_steps, to);
    Ok(summary.digest)
}

/// The digest of the same run without a break, and its tables.
fn uninterrupted(run: &Path, to: u64) -> Result<String> {
    let settings = ["--set", "checkpoint.every=500", "--set", "training.histograms_every=0"];
    let steps = to.to_string();
    let arguments: Vec<&str> = ["--steps", &steps].into_iter().chain(settings).collect();
    Ok(train("cartpole", run, &arguments)?.digest)
}

/// `metrics.csv` without the speed, which is the clock's.
fn table(run: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(run.join("metrics.csv"))?;
    let speed = text.lines().next().and_then(|names| names.split(',').position(|name| name == "charts/SPS"));
    let without_speed = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(index, _)| Some(*index) != speed);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    Ok(text.lines().map(without_speed).collect())
}

#[test]
fn interrupted_run_exits_with_130_and_goes_on_exactly() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, signal) in [("INT", Signal::INT), ("TERM", Signal::TERM)] {
        let (run, whole) = (folder.path().join(format!("run-{name}")), folder.path().join(format!("whole-{name}")));
        let child = under_way(&run)?;
        send(signal, &child)?;
        let said = Said::from(child.wait_with_output()?);
        assert_eq!(said.code, 130, "{}", said.stderr);
        let at = summary(&run)?.agent_steps;
        assert!(run.join(format!("checkpoints/step-{at:09}")).is_dir(), "no checkpoint of step {at}");
        assert_eq!(go_on(&run, at + 1500)?, uninterrupted(&whole, at + 1500)?);
        assert_eq!(table(&run)?, table(&whole)?);
    }
    Ok(())
}

#[test]
fn killed_run_goes_on_exactly_from_its_last_checkpoint() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, whole) = (folder.path().join("run"), folder.path().join("whole"));
    let mut child = under_way(&run)?;
    child.kill()?;
    child.wait()?;
    // Wherever it was: what it goes on to lies beyond.
    let newest =
        deepq(["eval", run.to_str().context("the path is not UTF-8")?, "--checkpoint", "last", "--json"])?.done()?;
    let figures: serde_json::Value = serde_json::from_str(&newest.stdout)?;
    let to = figures["at_step"].as_u64().context("no step")? + 1200;
    assert_eq!(go_on(&run, to)?, uninterrupted(&whole, to)?);
    assert_eq!(table(&run)?, table(&whole)?);
    Ok(())
}

/// Batch normalisation has statistics beside its weights, and counts batches in whole numbers.
#[test]
fn running_statistics_go_on_exactly() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [run, whole] = ["run", "whole"].map(|name| folder.path().join(name));
    let settings = ["--set", "network.normalisation=batch", "--set", "training.learning_starts=100"];
    let train_to = |run: &Path, steps| train("catch", run, &[&["--steps", steps][..], &settings].concat());
    train_to(&run, "150")?;
    deepq(["eval", run.to_str().context("the path is not UTF-8")?, "--checkpoint", "last"])?.done()?;
    assert_eq!(go_on(&run, 200)?, train_to(&whole, "200")?.digest);
    Ok(())
}

/// Two environments make 502 steps where 501 were asked for.
#[test]
fn a_run_that_made_more_steps_than_were_asked_for_goes_on_as_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let before = train("cartpole", &run, &["--steps", "501", "--set", "training.environments=2"])?;
    assert_eq!(before.agent_steps, 502);
    let path = run.to_str().context("the path is not UTF-8")?;
    for steps in [&["--steps", "501"][..], &[]] {
        deepq([&["train", "--quiet", "--no-video", "--resume", path], steps].concat())?.done()?;
        assert_eq!(summary(&run)?.digest, before.digest);
    }
    Ok(())
}

#[test]
fn a_run_without_checkpoints_starts_again_from_the_weights_that_it_took_over() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let weights = workspace().join("crates/nets/tests/pytorch/mlp.safetensors");
    let init_from = format!("transfer.init_from=\"{}\"", weights.display());
    let settings = ["--steps", "300", "--set", "evaluation.every=0", "--set", &init_from];
    let settings = [&settings[..], &["--set", "transfer.parts=[\"torso\"]"]].concat();
    let before = train("cartpole", &run, &settings)?.digest;
    let fresh = train("cartpole", &folder.path().join("fresh"), &settings[..4])?.digest;
    assert_ne!(before, fresh, "the weights make no difference");
    fs::remove_dir_all(run.join("checkpoints"))?;
    assert_eq!(go_on(&run, 300)?, before);
    Ok(())
}
