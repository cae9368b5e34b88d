//! TensorBoard itself, from PyPI, reads the event files: tags and values are those of the tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepq_tests::{python, train};
use serde_json::Value;

/// The points of a curve: agent step and value, as TensorBoard keeps it.
type Curves = BTreeMap<String, Vec<(u64, f32)>>;

fn read_by_tensorboard(run: &Path) -> Result<Value> {
    let read = python(Path::new("tensorboard/read_events.py"), &["tensorboard==2.21.0"], [run])?;
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
