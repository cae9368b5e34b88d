//! Every benchmark runs and says what it did. What it says of time is not looked at.

use anyhow::{Context, Result};
use deepq_tests::{deepq, rom};
use serde_json::Value;

/// The report of a benchmark with rounds as short as they can be.
fn report(arguments: &[&str]) -> Result<Value> {
    let short = ["--json", "--rounds", "2", "--seconds", "0.001"];
    let said = deepq(["bench"].iter().chain(arguments).chain(&short))?.done()?;
    serde_json::from_str(&said.stdout).context("no JSON")
}

/// Names of the cases, after checking that deepq's side of each has samples of every round.
fn measured(report: &Value) -> Result<Vec<&str>> {
    assert_eq!(report["schema"], 1);
    assert!(report["machine"]["cores"].as_u64() >= Some(1));
    let cases = report["cases"].as_array().context("no cases")?;
    for case in cases {
        let deepq = &case["sides"][0];
        assert_eq!(deepq["name"], "deepq");
        let rounds = deepq["wall"].as_array().context("no rounds")?;
        assert_eq!(rounds.len(), 2, "{case}");
        let has_samples = |round: &Value| round.as_array().is_some_and(|samples| !samples.is_empty());
        assert!(rounds.iter().all(has_samples), "{case}");
        assert!(case["work"].is_object(), "{case}");
    }
    cases.iter().map(|case| case["case"].as_str().context("no name")).collect()
}

#[test]
fn updates_and_actions_are_measured_on_every_network() -> Result<()> {
    let report = report(&["update", "act", "--only", "mlp"])?;
    assert_eq!(measured(&report)?, ["mlp4", "mlp8", "mlp256", "mlp4", "mlp8", "mlp256"]);
    assert_eq!(report["cases"][0]["work"]["parameters"], 4_610);
    Ok(())
}

#[test]
fn environments_are_measured_alone_and_together() -> Result<()> {
    assert_eq!(measured(&report(&["envs", "--only", "CartPole-v1"])?)?, ["CartPole-v1", "CartPole-v1 x 16"]);
    rom("pong")?;
    assert_eq!(measured(&report(&["envs", "--only", "pong"])?)?, ["pong", "pong x 16"]);
    Ok(())
}

#[test]
fn a_training_run_is_measured() -> Result<()> {
    let report = report(&["train", "--only", "cartpole", "--steps", "64"])?;
    assert_eq!(measured(&report)?, ["cartpole"]);
    assert_eq!(report["cases"][0]["work"]["agent_steps"], 1_064);
    Ok(())
}

#[test]
fn both_replays_are_measured() -> Result<()> {
    rom("pong")?;
    let report = report(&["replay", "--only", "pong", "--transitions", "1000"])?;
    assert_eq!(measured(&report)?, ["pong, 1000"]);
    let bytes = |side: usize| report["cases"][0]["sides"][side]["facts"]["bytes_per_transition"].as_f64();
    assert!(bytes(1) < bytes(0), "packed frames take more");
    Ok(())
}

#[test]
fn modurls_workload_is_measured_and_the_missing_peer_told() -> Result<()> {
    let report = report(&["modurl"])?;
    assert_eq!(measured(&report)?, ["dqn on CartPole-v1"]);
    let case = &report["cases"][0];
    assert_eq!(case["work"]["parameters"], 4_610);
    let told = case["skipped"].as_array().map(Vec::len);
    let took_part = case["sides"].as_array().map(|sides| sides.len() - 1);
    assert_eq!(told.zip(took_part).map(|(told, took_part)| told + took_part), Some(2));
    Ok(())
}

#[test]
fn what_cannot_be_measured_is_refused() -> Result<()> {
    deepq(["bench", "speed"])?.refused(2, &["speed", "update"])?;
    deepq(["bench", "act", "--seconds", "0"])?.refused(2, &["--seconds"])?;
    deepq(["bench", "act", "--rounds", "0"])?.refused(2, &["--rounds"])?;
    Ok(())
}
