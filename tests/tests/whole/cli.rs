//! What goes wrong is told: in a message that names it, with exit code 1 or 2, without a panic, and nothing is lost.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use deepq_tests::{contents, deepq, deepq_by_xtask, start, train, workspace, xtask};
use serde_json::Value;

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

/// The only entry of a folder whose name begins like this.
pub(crate) fn entry(folder: &Path, beginning: &str) -> Result<PathBuf> {
    let mut found = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_it = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning));
    found.find(is_it).with_context(|| format!("{} holds no {beginning}", folder.display()))
}

#[test]
fn unknown_experiment_names_the_nearest() -> Result<()> {
    deepq(["train", "pnog"])?.refused(2, &["pnog", "\"pong\""])?;
    deepq(["train", "nothing-like-that"])?.refused(2, &["nothing-like-that", "cartpole"])?;
    deepq(["train", "no/such/file.toml"])?.refused(2, &["no/such/file.toml"])?;
    Ok(())
}

#[test]
fn wrong_usage_exits_with_2() -> Result<()> {
    for wrong in
        [&["trian", "pong"][..], &["train"], &["train", "pong", "--seed", "x"], &["eval"], &["train", "pong", "--nope"]]
    {
        deepq(wrong)?.refused(2, &[])?;
    }
    deepq(["--help"])?.done()?;
    deepq(["--version"])?.done()?;
    Ok(())
}

#[test]
fn an_agent_trains_elsewhere_and_the_run_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--env", "Acrobot-v1", "--steps", "300", "--set", "evaluation.every=200"])?;
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json"))?)?;
    assert_eq!(
        (&summary["experiment"], &summary["environment"]),
        (&"cartpole-Acrobot-v1".into(), &"Acrobot-v1".into())
    );
    deepq(["report", text(&run)?])?.done()?;
    assert!(fs::read_to_string(run.join("report.html"))?.contains("cartpole on Acrobot-v1 instead of CartPole-v1"));
    // What is no environment, and what the network cannot see.
    deepq(["train", "cartpole", "--env", "Acrobat-v1"])?.refused(2, &["--env Acrobat-v1", "Acrobot-v1"])?;
    deepq(["train", "pong", "--env", "CartPole-v1"])?
        .refused(2, &["--env CartPole-v1", "does not go with environment.", "pong.toml"])?;
    deepq(["train", "catch", "--env", "MountainCar-v0"])?.refused(2, &["a kernel of 3x3", "input of 3x2"])?;
    deepq(["train", "--resume", text(&run)?, "--env", "CartPole-v1"])?.refused(2, &["--env"])?;
    Ok(())
}

#[test]
fn a_run_is_not_cut_short_by_resuming_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "500", "--set", "evaluation.every=0"])?;
    let before = contents(&run)?;
    deepq(["train", "--resume", text(&run)?, "--steps", "100"])?.refused(2, &["500", "--steps 100"])?;
    assert_eq!(contents(&run)?, before);
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_error() -> Result<()> {
    let mut listing = start(["list"])?;
    drop(listing.stdout.take());
    let mut said = String::new();
    listing.stderr.take().context("standard error is a pipe")?.read_to_string(&mut said)?;
    anyhow::ensure!(listing.wait()?.success() && said.is_empty(), "{said}");
    Ok(())
}

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").take_while(|line| !line.is_empty());
    let words = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    words.filter(|word| !word.is_empty() && *word != "help").collect()
}

#[test]
fn every_command_shows_examples() -> Result<()> {
    let help = |of_xtask: bool, arguments: &[&str]| {
        let said = if of_xtask { xtask(arguments) } else { deepq(arguments) };
        Ok::<_, anyhow::Error>(said?.done()?.stdout)
    };
    for of_xtask in [false, true] {
        let all = help(of_xtask, &["--help"])?;
        let commands = listed(&all);
        assert!(commands.contains(&"train") && commands.contains(&"ci") == of_xtask, "{all}");
        for command in commands {
            let text = help(of_xtask, &[command, "--help"])?;
            let program = if of_xtask { "cargo xtask" } else { "deepq" };
            assert!(text.contains(&format!("Examples:\n  {program} {command}")), "{text}");
        }
    }
    Ok(())
}

#[test]
fn what_is_listed_for_scripts_is_what_there_is() -> Result<()> {
    let listed: Value = serde_json::from_str(&deepq(["list", "--json"])?.done()?.stdout)?;
    let text = deepq(["list"])?.done()?.stdout;
    let names = |section: &str, key: &str| -> BTreeSet<String> {
        let entries = listed[section].as_array().into_iter().flatten();
        entries.filter_map(|entry| entry[key].as_str().map(str::to_owned)).collect()
    };
    let (agents, environments) = (names("agents", "kind"), names("environments", "id"));
    let files = fs::read_dir(workspace().join("assets/experiments"))?;
    let files = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_string_lossy().into_owned()));
    assert_eq!(names("experiments", "name"), files.collect());
    for experiment in listed["experiments"].as_array().context("no experiments")? {
        let of = |key: &str| experiment[key].as_str().unwrap_or_default().to_owned();
        assert!(agents.contains(&of("agent")) && environments.contains(&of("environment")), "{experiment}");
        assert!(text.contains(&format!("  {:<24} {}\n", of("name"), of("summary"))), "{experiment}");
    }
    assert!(agents.iter().all(|kind| text.contains(&format!("\n  {kind:<24} "))), "{text}");
    Ok(())
}

#[test]
fn numbers_that_are_none_are_explained() -> Result<()> {
    for (number, words) in
        [("-1", "must not be negative"), ("9223372036854775808", "at most"), ("many", "whole number")]
    {
        for program in
            [deepq(["train", "cartpole", "--seed", number])?, xtask(["train", "cartpole", "--seed", number])?]
        {
            program.refused(2, &[number, words])?;
        }
    }
    for program in [deepq, xtask] {
        program(&["train", "cartpole", "--seeds", "-1"][..])?.refused(2, &["-1", "seeds look like 1..5"])?;
        program(&["eval", "runs/none", "--episodes", "-5"])?.refused(2, &["-5"])?;
    }
    Ok(())
}

#[test]
fn wrong_settings_name_the_key_and_what_is_allowed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let refused = |set: &str, words: &[&str]| {
        deepq(["train", "cartpole", "--out", text(&run)?, "--set", set])?.refused(2, words).context(set.to_owned())
    };
    refused("agent.discont=0.9", &["agent.discont", "discount"])?;
    refused("agent.discount=2", &["agent.discount", "2", "1"])?;
    refused("agent.discount=high", &["agent.discount"])?;
    refused("agnet.discount=0.9", &["agnet", "agent"])?;
    refused("agent.discount", &["agent.discount"])?;
    refused("training.batch_size=0", &["training.batch_size"])?;
    refused(
        "optimizer.learning_rate=-1",
        &["optimizer.learning_rate = -1 is not allowed: it must be a number above 0"],
    )?;
    refused("environment.id=CartPoel-v1", &["CartPoel-v1", "CartPole-v1"])?;
    assert!(!run.exists(), "a run that cannot begin leaves no folder");
    Ok(())
}

#[test]
fn wrong_experiment_files_name_the_file_and_the_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mine.toml");
    for wrong in ["", "[environment", "name = 3", "\u{0}", "[environment]\nid = \"CartPole-v1\"\n"] {
        fs::write(&file, wrong)?;
        deepq(["train", text(&file)?])?.refused(2, &["mine.toml"])?;
    }
    Ok(())
}

/// What is named where another thing belongs, and what to type instead.
#[test]
fn slips_are_answered_with_what_was_meant() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let runs = folder.path().join("runs");
    let (old, run, group) = (runs.join("old"), runs.join("run"), folder.path().join("group"));
    for run in [&old, &run] {
        train("cartpole", run, &["--steps", "60", "--set", "evaluation.every=0"])?;
    }
    let short = ["--steps", "60", "--set", "evaluation.every=0", "--no-video", "--quiet"];
    deepq([&["train", "cartpole", "--seeds", "4,5", "--out", text(&group)?][..], &short].concat())?.done()?;
    let (runs, run, group) = (text(&runs)?, text(&run)?, text(&group)?);
    let watch = format!("`deepq play --watch {run}`");
    let resume = format!("`deepq train --resume {run}`");
    let (first, of_group) = (format!("{group}/seed-4"), format!("`deepq play --watch {group}/seed-4`"));

    deepq(["play", run])?.refused(2, &[&watch])?;
    deepq(["play", runs])?.refused(2, &[&watch])?;
    deepq(["play", group])?.refused(2, &[&of_group])?;
    deepq(["train", run])?.refused(2, &["is a run", &resume])?;
    deepq(["train", runs])?.refused(2, &["holds runs", &resume])?;
    deepq(["train", group])?.refused(2, &[&format!("`deepq train --resume {group}`")])?;
    deepq(["train", text(folder.path().parent().context("no parent")?)?])?.refused(2, &[])?;
    deepq(["train", "CartPole-v1"])?.refused(2, &["is an environment", "cartpole-pqn", "`deepq train cartpole`"])?;
    deepq(["train", "FrozenLake-v1"])?.refused(2, &["is an environment", "--set environment.id=FrozenLake-v1"])?;
    let newest = format!("of which {run} is the newest");
    deepq(["plot", runs])?.refused(1, &[&newest])?;
    deepq(["eval", runs])?.refused(1, &[&newest])?;
    deepq(["train", "--resume", runs])?.refused(1, &[&newest])?;
    deepq(["eval", group])?.refused(1, &[&first, "seed-5"])?;
    deepq(["eval", run, "--checkpoint", "bset"])?.refused(2, &["no checkpoint bset", "best, last", "safetensors"])?;
    Ok(())
}

#[test]
fn commands_are_named_as_they_are_typed() -> Result<()> {
    deepq_by_xtask(["play", "CartPoel-v1"])?.refused(2, &["`cargo xtask list`"])?;
    deepq(["play", "CartPoel-v1"])?.refused(2, &["`deepq list`"])?;
    deepq_by_xtask(["train", "--nope"])?.refused(2, &["Usage: cargo xtask train"])?;
    let list = deepq_by_xtask(["list"])?.done()?.stdout;
    assert!(list.starts_with("Experiments (cargo xtask train <name>):\n"), "{list}");
    // As xtask starts it: it knows no environment.
    xtask(["play", "CartPoel-v1"])?.refused(2, &["`cargo xtask list`"])?;
    Ok(())
}

#[test]
fn another_kind_is_blamed_for_what_does_not_go_with_it() -> Result<()> {
    let refused = |set: &str, words: &[&str]| deepq(["train", "cartpole", "--set", set])?.refused(2, words);
    let whole = "--set 'network.torso={ kind = \"nature\" }'";
    let file = "network.torso.hidden, which stands in assets/experiments/cartpole.toml, line";
    refused("network.torso.kind=nature", &["error: --set network.torso.kind=nature: ", file, whole])?;
    refused("network.torso.kind=conv", &[file, "kind = \"conv\", layers = …"])?;
    refused("optimizer.kind=rmsprop", &["error: --set optimizer.kind=rmsprop: optimizer.kind: "])?;
    // What is advised is understood: only the shape of the observations is wrong then.
    let said = refused("network.torso={ kind = \"nature\" }", &["network"])?;
    assert!(!said.stderr.contains("hidden"), "{}", said.stderr);
    Ok(())
}

#[test]
fn instructions_that_there_are_not_are_no_device() -> Result<()> {
    let said = deepq(["train", "cartpole", "--isa", "foo"])?.refused(2, &["\"foo\" instructions", "portable"])?;
    assert!(!said.stderr.contains("device"), "{}", said.stderr);
    Ok(())
}

/// What the command line lets pass because it knows no device, no instructions and no game.
#[test]
fn words_that_only_the_program_knows_are_refused_before_anything_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let run = text(&run)?;
    for command in [
        &["train", "cartpole", "--out", run][..],
        &["train", "cartpole", "--seeds", "1,2", "--out", run],
        &["train", "--resume", run],
        &["eval", run],
        &["record", run],
        &["play", "CartPole-v1"],
        &["play", "--watch", run],
    ] {
        deepq([command, &["--device", "cdua"]].concat())?.refused(2, &["--device cdua: ", "cuda:N"])?;
        deepq([command, &["--isa", "mmx"]].concat())?.refused(2, &["--isa mmx: ", "portable"])?;
    }
    deepq(["play", "CartPole-v1", "--speed", "1000"])?.refused(2, &["--speed 1000: ", "from 0.01 to 100"])?;
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn a_run_that_is_refused_says_nothing_of_memory() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("mine"), "")?;
    let said = deepq(["train", "cartpole", "--out", text(folder.path())?])?.refused(1, &["not empty"])?;
    assert!(!said.stderr.contains("Planned memory"), "{}", said.stderr);
    Ok(())
}

#[test]
fn resuming_what_is_done_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300", "--set", "evaluation.every=0"])?;
    let resume = ["train", "--no-video", "--resume", text(&run)?];
    let said = deepq(resume)?.done()?.stderr;
    assert!(said.contains("It was done already") && said.contains("Done after 300 steps"), "{said}");
    let said = deepq(resume.iter().chain(&["--steps", "12_000"]))?.done()?.stderr;
    assert!(said.contains("Done after 12,000 steps") && !said.contains("already"), "{said}");
    assert!(said.contains("training.steps is 12_000, and was 300"), "{said}");
    // Trained again from the beginning it has the same digest, and was not done already.
    fs::remove_dir_all(run.join("checkpoints"))?;
    let said = deepq(resume)?.done()?.stderr;
    assert!(said.contains("Done after 12,000 steps") && !said.contains("already"), "{said}");
    // A checkpoint has an experiment as well, and is no run.
    let checkpoint = run.join("checkpoints/step-000012000");
    for command in [["train", "--resume"], ["eval", "--json"]] {
        deepq([command[0], command[1], text(&checkpoint)?])?.refused(1, &["belongs to", "run, which is"])?;
    }
    deepq(["train", text(&run.join("checkpoints"))?])?.refused(2, &["--resume"])?;
    deepq(["eval", text(&run)?, "--checkpoint", "step-000012000"])?.done()?;
    Ok(())
}
