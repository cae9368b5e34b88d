//! The whole program with tiny settings: everything happens once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use deepq_tests::{deepq, rom, train};
use serde_json::Value;

/// The figures that scripts rely on.
const FIGURES: [&str; 19] = [
    "experiment",
    "environment",
    "protocol",
    "seed",
    "device",
    "threads",
    "agent_steps",
    "frames",
    "updates",
    "episodes",
    "seconds",
    "steps_per_second",
    "updates_per_second",
    "last_evaluation",
    "best_evaluation",
    "peak_memory_bytes",
    "replay_bytes",
    "digest",
    "finished",
];

fn is_whole(run: &Path) -> Result<()> {
    for file in ["experiment.toml", "metrics.csv", "log.txt", "summary.json"] {
        assert!(run.join(file).is_file(), "{file} is missing");
    }
    let names: Vec<String> =
        fs::read_dir(run)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?;
    assert!(names.iter().any(|name| name.contains("tfevents")), "no TensorBoard events in {names:?}");
    assert!(fs::read_dir(run.join("checkpoints"))?.count() > 0);
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json"))?)?;
    for figure in FIGURES {
        assert!(!summary[figure].is_null(), "{figure} is missing in {summary}");
    }
    for figure in ["mean", "std", "min", "max", "median", "episodes", "at_step"] {
        assert!(summary["last_evaluation"][figure].is_number(), "{figure}");
    }
    assert_eq!(summary["digest"].as_str().map(str::len), Some(64));
    Ok(())
}

/// `eval` gives the very returns of the evaluation that training made at the checkpoint's step.
fn evaluates_as_in_training(run: &Path) -> Result<()> {
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json"))?)?;
    let run = run.to_str().context("the path is not UTF-8")?;
    for (checkpoint, evaluation) in [("last", "last_evaluation"), ("best", "best_evaluation")] {
        let said = deepq(["eval", run, "--checkpoint", checkpoint, "--json"])?.done()?;
        let figures: Value = serde_json::from_str(&said.stdout)?;
        for figure in ["mean", "std", "min", "max", "median", "episodes", "at_step"] {
            assert_eq!(figures[figure], summary[evaluation][figure], "{checkpoint} {figure}");
        }
    }
    let said = deepq(["eval", run, "--episodes", "3", "--seed", "5", "--json"])?.done()?;
    let figures: Value = serde_json::from_str(&said.stdout)?;
    assert_eq!(figures["episodes"], 3);
    Ok(())
}

#[test]
fn cartpole_trains_and_evaluates() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let summary = train("cartpole", &run, &["--steps", "3000", "--seed", "3"])?;
    assert_eq!((summary.agent_steps, summary.seed, summary.experiment.as_str()), (3000, 3, "cartpole"));
    assert!(summary.updates > 0 && summary.episodes > 0);
    is_whole(&run)?;
    evaluates_as_in_training(&run)
}

#[test]
fn pong_trains_and_evaluates() -> Result<()> {
    rom("pong")?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let summary = train("pong-smoke", &run, &[])?;
    assert!(summary.updates > 0 && summary.frames > summary.agent_steps);
    is_whole(&run)?;
    evaluates_as_in_training(&run)
}

#[test]
fn list_names_what_can_be_trained() -> Result<()> {
    let said = deepq(["list"])?.done()?;
    for name in ["cartpole", "pong", "pong-smoke", "CartPole-v1", "ALE/Pong-v5", "PongNoFrameskip-v4", "dueling"] {
        assert!(said.stdout.contains(name), "{name} is missing in {}", said.stdout);
    }
    Ok(())
}

/// What training prints on standard output is the run's folder, for scripts.
#[test]
fn standard_output_is_the_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let said = deepq(["train", "cartpole", "--steps", "50", "--out", run.to_str().unwrap()])?.done()?;
    assert_eq!(said.stdout.trim(), run.to_str().unwrap());
    Ok(())
}
