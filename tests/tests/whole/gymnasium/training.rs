//! A whole training through the pipes: the numbers of the program's own environment, and exact resumption.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use deepq_tests::{deepq, gymnasium, summary, train};

/// `metrics.csv` without the speed, which is the clock's, and `eval.csv`.
fn tables(run: &Path) -> Result<(Vec<String>, String)> {
    let text = fs::read_to_string(run.join("metrics.csv"))?;
    let speed = text.lines().next().and_then(|names| names.split(',').position(|name| name == "charts/SPS"));
    let without_speed = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(index, _)| Some(*index) != speed);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    Ok((text.lines().map(without_speed).collect(), fs::read_to_string(run.join("eval.csv"))?))
}

#[test]
fn training_learns_the_same_and_goes_on_exactly() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = |name: &str| folder.path().join(name);
    let python = format!("environment.python={}", gymnasium::python()?.display());
    let short =
        ["--set", "evaluation.every=600", "--set", "evaluation.environments=2", "--set", "checkpoint.every=700"];
    let short = [&short[..], &["--set", "training.environments=2"]].concat();
    let foreign = [&short[..], &["--set", "environment.id=gym:CartPole-v1", "--set", &python]].concat();

    train("cartpole", &run("own"), &[&short[..], &["--steps", "2000"]].concat())?;
    let whole = train("cartpole", &run("whole"), &[&foreign[..], &["--steps", "2000"]].concat())?;
    assert_eq!(tables(&run("whole"))?, tables(&run("own"))?);

    train("cartpole", &run("parts"), &[&foreign[..], &["--steps", "1300"]].concat())?;
    let parts = run("parts");
    let argument = parts.to_str().context("the path is not UTF-8")?;
    deepq(["train", "--quiet", "--resume", argument, "--steps", "2000"])?.done()?;
    assert_eq!(summary(&parts)?.digest, whole.digest);
    // Where a part ends, it is evaluated once more.
    assert_eq!(tables(&parts)?.0, tables(&run("whole"))?.0);
    Ok(())
}
