//! Several seeds are several runs: each the one that its seed gives alone, none stopped by another's failure.

use std::fs;

use anyhow::{Context, Result, ensure};
use deepq_tests::{deepq, summary, train};

const SHORT: [&str; 4] = ["--steps", "400", "--set", "evaluation.every=200"];

fn seeds(folder: &std::path::Path, more: &[&str]) -> Result<deepq_tests::Said> {
    let out = folder.to_str().context("the path is not UTF-8")?;
    deepq([&["train", "cartpole", "--quiet", "--out", out][..], &SHORT, more].concat())
}

#[test]
fn each_seed_is_the_run_that_it_gives_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    let said = seeds(&group, &["--seeds", "1..3", "--jobs", "2"])?.done()?;
    ensure!(said.stdout.trim() == group.to_str().unwrap_or_default(), "{}", said.stdout);
    for words in ["last evaluation: interquartile mean", "95 % interval", "3 seeds"] {
        ensure!(said.stderr.contains(words), "{}", said.stderr);
    }
    let alone = train("cartpole", &folder.path().join("alone"), &[&SHORT[..], &["--seed", "2"]].concat())?;
    ensure!(summary(&group.join("seed-2"))?.digest == alone.digest);
    ensure!(summary(&group.join("seed-1"))?.digest != alone.digest);
    let figures: serde_json::Value = serde_json::from_str(&fs::read_to_string(group.join("seeds.json"))?)?;
    ensure!(figures["seeds"] == serde_json::json!([1, 2, 3]), "{figures}");
    let low_to_high = figures["best_evaluation"]["interval"].as_array().context("no interval")?;
    ensure!(low_to_high.len() == 2);
    Ok(())
}

#[test]
fn a_seed_that_fails_stops_no_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Something is in the way of the second run.
    fs::create_dir_all(folder.path().join("seed-2"))?;
    fs::write(folder.path().join("seed-2/mine.txt"), "not a run")?;
    let said = seeds(folder.path(), &["--seeds", "1..3"])?;
    ensure!(said.code == 1, "exit code {}", said.code);
    ensure!(said.stderr.contains("seed 2 failed") && said.stderr.contains("2 seeds"), "{}", said.stderr);
    for seed in [1, 3] {
        ensure!(summary(&folder.path().join(format!("seed-{seed}")))?.agent_steps == 400);
    }
    let figures: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("seeds.json"))?)?;
    ensure!(figures["unfinished"] == serde_json::json!([2]), "{figures}");
    Ok(())
}

#[test]
fn seeds_that_are_none_are_refused() -> Result<()> {
    for wrong in ["5..1", "1,1", "many"] {
        ensure!(deepq(["train", "cartpole", "--seeds", wrong])?.code == 2, "{wrong}");
    }
    deepq(["train", "cartpole", "--seeds", "1..2", "--set", "agent.discount=2"])?
        .refused(2, &["agent.discount = 2"])?;
    ensure!(deepq(["train", "cartpole", "--jobs", "2"])?.code == 2);
    Ok(())
}
