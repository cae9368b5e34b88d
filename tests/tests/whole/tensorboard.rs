//! TensorBoard itself, from PyPI, reads the event files: tags and values are those of the tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use deepq_tests::{deepq, python, train};
use serde_json::{Value, json};

/// The points of a curve: agent step and value, as TensorBoard keeps it.
type Curves = BTreeMap<String, Vec<(u64, f32)>>;

fn read_by_tensorboard(run: &Path) -> Result<Value> {
    let read = python(Path::new("tensorboard/read_events.py"), "tensorboard", [run])?;
    Ok(serde_json::from_str(&read)?)
}

/// The curves of a table: one for each column but the first, with a point for each cell that is not empty.
fn read_table(path: &Path, prefix: &str, columns: &[&str]) -> Result<Curves> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().context("an empty table")?.split(',').collect();
    ensure!(names[0] == "agent_step", "{names:?}");
    let mut curves = Curves::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        ensure!(cells.len() == names.len(), "{line}");
        for (name, cell) in names.iter().zip(&cells).skip(1) {
            if !cell.is_empty() && (columns.is_empty() || columns.contains(name)) {
                let point = (cells[0].parse()?, cell.parse::<f64>()? as f32);
                curves.entry(format!("{prefix}{name}")).or_default().push(point);
            }
        }
    }
    Ok(curves)
}

/// A run that is stopped, goes on and ends is one row and one text.
#[test]
fn experiments_are_compared_by_their_hyper_parameters() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("runs/one");
    let settings =
        ["--seed", "7", "--set", "evaluation.every=500", "--set", "agent.discount=0.98", "--set", "agent.double=true"];
    train("cartpole", &run, &[&settings[..], &["--steps", "1000"]].concat())?;
    let path = run.to_str().context("the path is not UTF-8")?;
    deepq(["train", "--quiet", "--no-video", "--resume", path, "--steps", "1500"])?.done()?;
    let read = read_by_tensorboard(&folder.path().join("runs"))?;
    ensure!(read["texts"] == json!({}), "the text is the run's: {}", read["texts"]);

    let board = &read["hyper_parameters"];
    ensure!(board["name"] == "cartpole", "{board}");
    // Words, switches and numbers, as the plugin numbers its types.
    for (key, kind) in [("environment.id", 1), ("network.torso.hidden", 1), ("agent.double", 2), ("agent.discount", 3)]
    {
        ensure!(board["types"][key] == kind, "{key}: {}", board["types"]);
    }
    let [row] = board["rows"].as_array().context("no rows")?.as_slice() else { bail!("not one row: {board}") };
    for (key, value) in [
        ("environment.id", json!("CartPole-v1")),
        ("agent.discount", json!(0.98)),
        ("agent.double", json!(true)),
        ("training.seed", json!(7.0)),
    ] {
        ensure!(row["hparams"][key] == value, "{key}: {row}");
    }
    // TensorBoard calls a run by its folder below the one that it was given, and 1 is success.
    ensure!(row["sessions"] == json!([["one", 1]]), "{row}");
    let evaluations = read_table(&run.join("eval.csv"), "", &["mean"])?;
    let (at_step, mean) = evaluations["mean"].last().context("no evaluation")?;
    ensure!(*at_step == 1_500 && row["metrics"]["eval/mean"] == json!([at_step, f64::from(*mean)]), "{row}");
    ensure!(row["metrics"]["charts/episodic_return"][1].as_f64().is_some(), "{row}");

    let texts = &read_by_tensorboard(&run)?["texts"]["experiment/text_summary"];
    let [text] = texts.as_array().context("no text")?.as_slice() else { bail!("not one text: {texts}") };
    let shown = text[0].as_str().context("the text is none")?;
    let shown: Vec<&str> = shown.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let begun = fs::read_to_string(run.join("experiment.toml"))?.replace("steps = 1500", "steps = 1000");
    assert_eq!(shown, begun.lines().collect::<Vec<_>>());
    Ok(())
}

#[test]
fn curves_are_those_of_the_tables() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let set = ["training.histograms_every=1000", "evaluation.record_every=1"];
    train("cartpole", &run, &["--steps", "3000", "--set", set[0], "--set", set[1]])?;
    let read = read_by_tensorboard(&run)?;

    let mut expected = read_table(&run.join("metrics.csv"), "", &[])?;
    let of_evaluations = ["mean", "std", "median", "min", "max", "mean_length"];
    expected.extend(read_table(&run.join("eval.csv"), "eval/", &of_evaluations)?);
    let mut actual = Curves::new();
    for (tag, points) in read["scalars"].as_object().context("no scalars")? {
        let point = |point: &Value| Some((point[0].as_u64()?, point[1].as_f64()? as f32));
        let points = points.as_array().context("no points")?.iter().map(point).collect::<Option<_>>();
        actual.insert(tag.clone(), points.context("a point is not a step and a number")?);
    }
    for tag in ["losses/td_loss", "losses/q_values", "charts/epsilon", "charts/episodic_return", "eval/mean"] {
        assert!(expected.get(tag).is_some_and(|points| points.len() >= 2), "{tag} is missing or too short");
    }
    assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (tag, points) in &expected {
        assert_eq!(&actual[tag], points, "{tag}");
    }

    let videos = read["images"]["eval/episode"].as_array().context("no videos")?;
    let steps: Vec<u64> = videos.iter().filter_map(|video| video[0].as_u64()).collect();
    assert_eq!(steps, [1000, 2000, 3000]);
    for video in videos {
        let [width, height, of_file, and, pictures] = [1, 2, 3, 4, 5].map(|i| video[i].as_u64().unwrap_or_default());
        assert!((width, height) == (of_file, and) && pictures >= 2, "{video}");
    }

    let histograms = read["histograms"].as_object().context("no histograms")?;
    for kind in ["weights/", "gradients/"] {
        let of_kind: Vec<_> = histograms.iter().filter(|(tag, _)| tag.starts_with(kind)).collect();
        assert_eq!(of_kind.len(), 6, "weights and biases of three layers: {:?}", histograms.keys());
        for (tag, points) in of_kind {
            for point in points.as_array().context("no points")? {
                let [min, max, count, in_buckets] = [1, 2, 3, 4].map(|index| point[index].as_f64().unwrap_or(f64::NAN));
                assert!(min <= max && count > 0.0 && count == in_buckets, "{tag}: {point}");
            }
        }
    }
    Ok(())
}
