//! Equal digests mean equal runs: on any number of threads, and only for the same seed and settings.

use std::collections::BTreeSet;

use anyhow::Result;
use deepq_tests::{rom, train};

fn digests(experiment: &str, variants: &[&[&str]]) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let run = |(index, arguments): (usize, &&[&str])| {
        Ok(train(experiment, &folder.path().join(index.to_string()), arguments)?.digest)
    };
    variants.iter().enumerate().map(run).collect()
}

fn count_different(digests: &[String]) -> usize {
    digests.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn cartpole_is_the_same_on_any_number_of_threads() -> Result<()> {
    let on = |threads| ["--steps", "2500", "--threads", threads];
    let digests = digests("cartpole", &[&on("1"), &on("2"), &on("4")])?;
    assert_eq!(count_different(&digests), 1, "{digests:?}");
    Ok(())
}

#[test]
fn pong_is_the_same_on_any_number_of_threads() -> Result<()> {
    rom("pong")?;
    let digests = digests("pong-smoke", &[&["--threads", "1"], &["--threads", "2"], &["--threads", "4"]])?;
    assert_eq!(count_different(&digests), 1, "{digests:?}");
    Ok(())
}

#[test]
fn learning_while_playing_is_the_same_on_any_number_of_threads() -> Result<()> {
    let on = |threads| {
        let sets = ["--set", "training.environments=4", "--set", "training.concurrent_steps=16"];
        ["--steps", "4000", "--threads", threads].into_iter().chain(sets).collect::<Vec<_>>()
    };
    let digests = digests("cartpole", &[&on("1"), &on("2"), &on("4"), &on("2")])?;
    assert_eq!(count_different(&digests), 1, "{digests:?}");
    Ok(())
}

#[test]
fn another_seed_or_setting_is_another_run() -> Result<()> {
    let digests = digests(
        "cartpole",
        &[
            &["--steps", "1500"],
            &["--steps", "1500", "--seed", "2"],
            &["--steps", "1501"],
            &["--steps", "1500", "--set", "agent.discount=0.98"],
        ],
    )?;
    assert_eq!(count_different(&digests), 4, "{digests:?}");
    Ok(())
}
