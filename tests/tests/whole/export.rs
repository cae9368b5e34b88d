//! A run is given to others: its card is what the Hugging Face Hub's own library (from PyPI) reads, its folder for the Hub has
//! everything in it, and nothing of others is overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use deepq_tests::{deepq, python, summary, train};
use serde_json::{Value, json};

/// What the Hub's library reads in cards.
fn read_by_hub(cards: &[PathBuf]) -> Result<Vec<Value>> {
    let read = python(Path::new("hub/read_cards.py"), "huggingface_hub", cards)?;
    Ok(serde_json::from_str(&read)?)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

#[test]
fn a_card_is_what_the_hub_reads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "2000"])?;
    let said = deepq(["export", text(&run)?, "--card"])?.done()?;
    let card = run.join("README.md");
    assert_eq!(said.stdout.trim(), text(&card)?);

    let read = read_by_hub(std::slice::from_ref(&card))?.remove(0);
    let best = summary(&run)?.best_evaluation.context("it was evaluated")?;
    assert_eq!(read["name"], "cartpole");
    assert_eq!(read["metadata"]["library_name"], "deepq");
    let tags = json!(["reinforcement-learning", "deep-reinforcement-learning", "dqn", "CartPole-v1"]);
    assert_eq!(read["metadata"]["tags"], tags);
    let result = json!({
        "task": "reinforcement-learning",
        "dataset": ["CartPole-v1", "CartPole-v1"],
        "metric": ["mean_reward", format!("{:.2} +/- {:.2}", best.mean, best.std)],
        "verified": false,
    });
    assert_eq!(read["results"], json!([result]));
    let body = read["text"].as_str().context("no text")?;
    assert!(body.contains(&summary(&run)?.digest) && body.contains("kind = \"dqn\""), "{body}");
    assert!(!body.contains("![") && !body.contains("replay.gif"), "no picture was made: {body}");

    fs::create_dir(run.join("videos"))?;
    fs::write(run.join("videos/best.gif"), "GIF89a")?;
    deepq(["export", text(&run)?, "--card"])?.done()?;
    assert!(fs::read_to_string(&card)?.contains("](videos/best.gif)"));
    Ok(())
}

/// Names that would mean something else, or nothing, if YAML took them as they are.
const HOSTILE: [&str; 13] = [
    "a: b",
    "- x",
    "\"",
    "'",
    "\\",
    "#",
    "\n---\nlicense: mit\n",
    "\u{0}\u{7f}\u{85}\u{feff}\u{ffff}",
    "{[&*!|>%@`",
    "ü🕹",
    "null",
    "1.0",
    "",
];

#[test]
fn no_name_breaks_a_card() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "1500"])?;
    let (experiment, of_run) = (run.join("experiment.toml"), fs::read_to_string(run.join("experiment.toml"))?);
    let mut cards = Vec::new();
    for (i, name) in HOSTILE.iter().enumerate() {
        let escaped: String = name.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        let hostile = of_run.replace("id = \"CartPole-v1\"", &format!("id = \"{escaped}\""));
        let line = of_run.lines().find(|line| line.starts_with("summary = ")).context("no summary")?;
        fs::write(&experiment, hostile.replace(line, &format!("summary = \"{escaped} ````` <b>\"")))?;
        deepq(["export", text(&run)?, "--card"])?.done().with_context(|| format!("{name:?}"))?;
        cards.push(folder.path().join(format!("{i}.md")));
        fs::rename(run.join("README.md"), &cards[i])?;
    }
    for (name, read) in HOSTILE.iter().zip(read_by_hub(&cards)?) {
        assert_eq!(read["metadata"]["tags"][3], *name);
        assert_eq!(read["results"][0]["dataset"], json!([name, name]));
        assert!(read["metadata"].get("license").is_none());
    }
    Ok(())
}

#[test]
fn a_folder_for_the_hub_is_whole_and_played_with() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, hub) = (folder.path().join("run"), folder.path().join("hub"));
    train("cartpole", &run, &["--steps", "2000"])?;
    fs::create_dir(run.join("videos"))?;
    fs::write(run.join("videos/best.gif"), "GIF89a")?;
    // As `git clone` leaves it.
    fs::create_dir_all(hub.join(".git"))?;
    // The video is one of the best weights, and goes when others take their place.
    for (checkpoint, video) in [("best", true), ("best", true), ("last", false)] {
        let said = deepq(["export", text(&run)?, "--hub", text(&hub)?, "--checkpoint", checkpoint])?.done()?;
        for file in said.stdout.lines() {
            assert!(Path::new(file).is_file(), "{file}");
        }
        assert_eq!(hub.join("replay.gif").is_file(), video, "{checkpoint}");
        assert_eq!(fs::read_to_string(hub.join("README.md"))?.contains("](replay.gif)"), video, "{checkpoint}");
    }
    let mut names: Vec<_> = fs::read_dir(&hub)?.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    names.sort();
    let expected = [".git", "README.md", "experiment.toml", "model.onnx", "model.safetensors", "summary.json"];
    assert_eq!(names, expected);
    for file in ["experiment.toml", "summary.json"] {
        assert_eq!(fs::read(hub.join(file))?, fs::read(run.join(file))?, "{file}");
    }
    // The results are those of the weights that are there.
    let last = summary(&run)?.last_evaluation.context("it was evaluated")?;
    let read = read_by_hub(&[hub.join("README.md")])?.remove(0);
    assert_eq!(read["results"][0]["metric"][1], format!("{:.2} +/- {:.2}", last.mean, last.std));

    let returns = |run: &Path, checkpoint: &str| -> Result<Value> {
        let said = deepq(["eval", text(run)?, "--checkpoint", checkpoint, "--json", "--episodes", "3"])?.done()?;
        let mut said: Value = serde_json::from_str(&said.stdout)?;
        Ok(said["returns"].take())
    };
    let of_run = deepq(["export", text(&run)?, "--checkpoint", "last", "--safetensors", text(&run.join("w"))?]);
    of_run?.done()?;
    let played = returns(&hub, text(&hub.join("model.safetensors"))?)?;
    assert_eq!(played, returns(&run, text(&run.join("w"))?)?);
    assert_eq!(played.as_array().map(Vec::len), Some(3));
    // What was downloaded earns what the card says, in the very episodes.
    let said: Value = serde_json::from_str(&deepq(["eval", text(&hub)?, "--json"])?.done()?.stdout)?;
    assert_eq!(said["at_step"], last.at_step);
    assert_eq!(said["mean"], serde_json::to_value(last.mean)?);
    assert_eq!(said["std"], serde_json::to_value(last.std)?);
    deepq(["train", "--resume", text(&hub)?])?.refused(2, &["was exported", "transfer.init_from"])?;
    Ok(())
}

#[test]
fn nothing_of_others_is_overwritten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, mine) = (folder.path().join("run"), folder.path().join("mine"));
    train("cartpole", &run, &["--steps", "300"])?;
    fs::create_dir(&mine)?;
    fs::write(mine.join("README.md"), "mine")?;
    deepq(["export", text(&run)?, "--hub", text(&mine)?])?.refused(1, &["mine"])?;
    deepq(["export", text(&run)?, "--hub", text(&run)?])?.refused(1, &["run"])?;
    deepq(["export", text(&run)?, "--hub", text(&mine.join("README.md"))?])?.refused(1, &["README.md"])?;
    assert_eq!(fs::read_dir(&mine)?.count(), 1);
    assert!(!run.join("model.onnx").exists());
    Ok(())
}

#[test]
fn wrong_usage_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300"])?;
    let run = text(&run)?;
    deepq(["export", run])?.refused(2, &["--onnx", "--safetensors", "--card", "--hub"])?;
    deepq(["export", run, "--card", "--out", "x"])?.refused(2, &["--onnx"])?;
    deepq(["export", "no/such/run", "--card"])?.refused(1, &["no/such/run"])?;
    deepq(["export", run, "--onnx", "--checkpoint", "no/such/file"])?.refused(2, &["no/such/file"])?;
    let other = folder.path().join("other");
    train("cartpole-pqn", &other, &["--steps", "256"])?;
    let weights = other.join("weights");
    deepq(["export", text(&other)?, "--safetensors", text(&weights)?])?.done()?;
    deepq(["export", run, "--onnx", "--checkpoint", text(&weights)?])?.refused(1, &["weights", "torso.0"])?;
    Ok(())
}
