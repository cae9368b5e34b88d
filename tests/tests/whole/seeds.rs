//! Several seeds are several runs: each the one that its seed gives alone, none stopped by another's failure.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepq_experiments::memory::of_this_machine;
use deepq_tests::{contents, deepq, summary, train};

const SHORT: [&str; 4] = ["--steps", "400", "--set", "evaluation.every=200"];

fn seeds(folder: &Path, more: &[&str]) -> Result<deepq_tests::Said> {
    let out = folder.to_str().context("the path is not UTF-8")?;
    deepq([&["train", "cartpole", "--quiet", "--no-video", "--out", out][..], &SHORT, more].concat())
}

#[test]
fn each_seed_is_the_run_that_it_gives_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    let said = seeds(&group, &["--seeds", "1..3", "--jobs", "2"])?.done()?;
    ensure!(said.stdout.trim() == group.to_str().unwrap_or_default(), "{}", said.stdout);
    for words in ["last: interquartile mean", "95 % interval", "3 seeds"] {
        ensure!(said.stderr.contains(words), "{}", said.stderr);
    }
    let alone = train("cartpole", &folder.path().join("alone"), &[&SHORT[..], &["--seed", "2"]].concat())?;
    ensure!(summary(&group.join("seed-2"))?.digest == alone.digest);
    ensure!(summary(&group.join("seed-1"))?.digest != alone.digest);
    let figures: serde_json::Value = serde_json::from_str(&fs::read_to_string(group.join("seeds.json"))?)?;
    ensure!(figures["seeds"] == serde_json::json!([1, 2, 3]), "{figures}");
    let low_to_high = figures["best_evaluation"]["interval"].as_array().context("no interval")?;
    ensure!(low_to_high.len() == 2);
    // The process is not the run's own, and so is the most memory that it held.
    ensure!(summary(&group.join("seed-1"))?.peak_memory_bytes.is_none() && alone.peak_memory_bytes.is_some());
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
fn a_group_goes_on_as_a_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    seeds(&group, &["--seeds", "1..3", "--jobs", "2"])?.done()?;
    let path = group.to_str().context("the path is not UTF-8")?;
    let resume = |more: &[&str]| deepq([&["train", "--quiet", "--no-video", "--resume", path][..], more].concat());

    // What was lost is made again; what is done stays as it is, to the byte.
    let digests = [1, 2, 3].map(|seed| group.join(format!("seed-{seed}"))).map(|run| summary(&run));
    fs::remove_dir_all(group.join("seed-2"))?;
    let first = contents(&group.join("seed-1"))?;
    let said = resume(&[])?.done()?;
    ensure!(said.stdout.trim() == path && said.stderr.contains("3 seeds"), "{}{}", said.stdout, said.stderr);
    ensure!(contents(&group.join("seed-1"))? == first);
    for (seed, before) in (1..).zip(digests) {
        ensure!(summary(&group.join(format!("seed-{seed}")))?.digest == before?.digest, "seed {seed}");
    }

    // All of them further, one of them from the beginning, and each the run that its seed gives alone.
    fs::remove_dir_all(group.join("seed-3"))?;
    resume(&["--steps", "600", "--jobs", "3"])?.done()?;
    for seed in ["1", "3"] {
        let further = ["--steps", "600", "--set", "evaluation.every=200", "--seed", seed];
        let alone = train("cartpole", &folder.path().join(seed), &further)?;
        ensure!(summary(&group.join(format!("seed-{seed}")))?.digest == alone.digest, "seed {seed}");
    }
    // The group remembers it.
    fs::remove_dir_all(group.join("seed-2"))?;
    resume(&[])?.done()?;
    ensure!(summary(&group.join("seed-2"))?.agent_steps == 600);
    Ok(())
}

#[test]
fn a_group_is_not_changed_on_the_way() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    seeds(&group, &["--seeds", "1,2"])?.done()?;
    let path = group.to_str().context("the path is not UTF-8")?;
    let before = contents(&group)?;
    deepq(["train", "--resume", path, "--set", "agent.discount=0.5"])?.refused(2, &["agent.discount", "0.99"])?;
    seeds(&group, &["--seeds", "5,6"])?.refused(1, &["--resume", path])?;
    deepq(["eval", path])?.refused(1, &["seed-1"])?;
    let one = group.join("seed-1");
    let one = one.to_str().context("the path is not UTF-8")?;
    deepq(["train", "--resume", one, "--jobs", "2"])?.refused(2, &["--jobs", "one run"])?;
    ensure!(contents(&group)? == before);
    Ok(())
}

#[test]
fn each_seed_has_a_log_of_its_own() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    seeds(&group, &["--seeds", "1..2", "--jobs", "2"])?.done()?;
    for seed in [1, 2] {
        let run = group.join(format!("seed-{seed}"));
        let log = fs::read_to_string(run.join("log.txt"))?;
        let written: Vec<&str> = log.lines().filter(|line| line.contains("checkpoint of step 400 written")).collect();
        // Its own, and not the other's.
        ensure!(written.len() == 1 && written[0].contains(&summary(&run)?.digest), "{log}");
        ensure!(log.contains("Planned memory"), "{log}");
    }
    Ok(())
}

#[test]
fn runs_at_a_time_share_the_machines_memory() -> Result<()> {
    let Some(machine) = of_this_machine() else { return Ok(()) };
    // A transition of CartPole takes 44 bytes or more: one of these replays fits, and four do not.
    let capacity = format!("replay.capacity={}", machine * 2 / 5 / 44);
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    seeds(&group, &["--seeds", "1..4", "--jobs", "4", "--set", &capacity])?
        .refused(1, &["4 runs at the same time need", "--jobs"])?;
    ensure!(!group.exists(), "nothing is left behind");
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
