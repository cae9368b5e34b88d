//! The examples do what they say: each ends well, and fails by itself where its agent has not learned.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use deepq_tests::{Said, example, rom};

/// Runs an example to its end, which must be a good one, and gives what it printed.
fn run(command: &mut Command) -> Result<String> {
    Ok(Said::from(command.output()?).done()?.stdout)
}

/// What an example without arguments prints must hold these words.
fn says(name: &str, words: &[&str]) -> Result<()> {
    let said = run(&mut example(name)?)?;
    for word in words {
        ensure!(said.contains(word), "{name} does not speak of {word}: {said}");
    }
    Ok(())
}

#[test]
fn each_crate_works_alone() -> Result<()> {
    says("gymnasium_for_rust", &["20 episodes, mean return", "a picture of it"])?;
    says("linear_model", &["It has learned to go to the middle."])?;
    says("contextual_bandit", &["the best lever under"])?;
    let roms = rom("pong")?.parent().context("a ROM in no folder")?.to_owned();
    let said = run(example("random_game")?.env("DEEPQ_ROM_DIR", roms))?;
    ensure!(said.contains("Pong: score") && said.contains("[4, 84, 84]"), "{said}");
    Ok(())
}

#[test]
fn own_parts_are_learned_with() -> Result<()> {
    says("own_environment", &["keeps what every environment promises", "after 8,000 steps"])?;
    says("own_network", &["step 3000: mean return"])?;
    says("own_agent", &["mean return", "digest"])?;
    says("own_program", &["mean return", "the best so far", "steps and more"])?;
    let folder = tempfile::tempdir()?;
    let run_folder = folder.path().join("run");
    let said = run(example("own_experiment")?.arg(&run_folder))?;
    ensure!(said.contains("best evaluation") && run_folder.join("summary.json").is_file(), "{said}");
    Ok(())
}

#[test]
fn pictures_and_weights_are_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (picture, weights) = (folder.path().join("lander.png"), folder.path().join("weights.safetensors"));
    run(example("gymnasium_for_rust")?.arg(&picture))?;
    ensure!(fs::read(&picture)?.starts_with(b"\x89PNG"));
    run(example("contextual_bandit")?.arg(&weights))?;
    ensure!(String::from_utf8_lossy(&fs::read(&weights)?).contains("value.0.weight"), "no weight by its name");
    Ok(())
}

#[cfg(unix)]
#[test]
fn speed_through_the_pipes_is_measured() -> Result<()> {
    let python = deepq_tests::gymnasium::python()?;
    let mut measure = example("gymnasium_speed")?;
    let said = run(measure.args(["CartPole-v1", "200"]).env("DEEPQ_PYTHON", python))?;
    ensure!(said.starts_with("gym:CartPole-v1: ") && said.lines().count() == 2, "{said}");
    Ok(())
}
