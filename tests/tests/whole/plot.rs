//! Pictures of learning curves show what the tables say, in the same bytes each time.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepq_tests::{deepq, train};

const SHORT: [&str; 4] = ["--steps", "1500", "--set", "evaluation.every=300"];

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

/// The values of an attribute, of all elements of a name that hold `with`.
fn attributes(svg: &str, element: &str, with: &str, attribute: &str) -> Vec<String> {
    let start = format!("<{element} ");
    let elements = svg.split(&start).skip(1).filter_map(|rest| rest.split('>').next());
    let value = |element: &str| Some(element.split(&format!(" {attribute}=\"")).nth(1)?.split('"').next()?.to_owned());
    elements.filter(|element| element.contains(with)).filter_map(|element| value(&format!(" {element}"))).collect()
}

/// The cells of a column.
fn column(table: &Path, name: &str) -> Result<Vec<f64>> {
    let text = fs::read_to_string(table)?;
    let mut lines = text.lines();
    let index = lines.next().and_then(|names| names.split(',').position(|column| column == name));
    let index = index.with_context(|| format!("no column {name}"))?;
    let cells = lines.filter_map(|line| line.split(',').nth(index)).filter(|cell| !cell.is_empty());
    Ok(cells.map(str::parse).collect::<Result<_, _>>()?)
}

/// Whether places on paper are a straight line's of the values, to a unit of the drawing.
fn are_in_place(places: &[f64], values: &[f64]) -> bool {
    let ends = |values: &[f64]| {
        let (low, high) =
            (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max));
        (low, high - low)
    };
    let ((low, span), (top, height)) = (ends(values), ends(places));
    // Down the paper is lower.
    let of = |value: f64| top + height * (1.0 - (value - low) / span);
    places.len() == values.len() && places.iter().zip(values).all(|(place, &value)| (place - of(value)).abs() <= 1.0)
}

#[test]
fn evaluations_are_in_place_and_bytes_are_the_same() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &SHORT)?;
    let said = deepq(["plot", text(&run)?])?.done()?;
    let picture = run.join("curves.svg");
    ensure!(said.stdout.trim() == text(&picture)?, "{}", said.stdout);
    let svg = fs::read_to_string(&picture)?;
    for words in
        ["cartpole on CartPole-v1, seed 1", "training", "evaluation", "agent steps", "mean of the last 50 episodes"]
    {
        ensure!(svg.contains(words), "{words} is missing");
    }
    // The second circle's radius is the legend's too: its entry comes first.
    let places: Vec<f64> =
        attributes(&svg, "circle", "", "cy")[1..].iter().map(|y| y.parse()).collect::<Result<_, _>>()?;
    ensure!(are_in_place(&places, &column(&run.join("eval.csv"), "mean")?), "{places:?}");
    let lines = attributes(&svg, "polyline", "#0072B2", "points");
    let points = lines.iter().map(|points| points.split_whitespace().count()).max();
    ensure!(points == Some(column(&run.join("metrics.csv"), "charts/episodic_return")?.len()), "{points:?}");

    let again = folder.path().join("again.svg");
    deepq(["plot", text(&run)?, "--out", text(&again)?])?.done()?;
    ensure!(fs::read(&again)? == svg.as_bytes());
    let png = folder.path().join("picture.png");
    deepq(["plot", text(&run)?, "--out", text(&png)?, "--tag", "losses/td_loss", "--smooth", "3", "--x", "episodes"])?
        .done()?;
    let png = fs::read(&png)?;
    ensure!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png[16..20] == 1_600u32.to_be_bytes());
    Ok(())
}

#[test]
fn seeds_are_one_curve_and_experiments_are_compared() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (group, alone, out) =
        (folder.path().join("group"), folder.path().join("alone"), folder.path().join("both.svg"));
    deepq(
        [&["train", "cartpole", "--quiet", "--no-video", "--seeds", "1..3", "--out", text(&group)?][..], &SHORT]
            .concat(),
    )?
    .done()?;
    train("cartpole", &alone, &[&SHORT[..], &["--set", "agent.discount=0.9", "--seed", "7"]].concat())?;
    deepq(["plot", text(&group)?])?.done()?;
    let svg = fs::read_to_string(group.join("curves.svg"))?;
    for words in ["3 runs", "Interquartile mean of 3 runs (seeds 1 to 3)", "95 % interval"] {
        ensure!(svg.contains(words), "{words} is missing");
    }
    ensure!(attributes(&svg, "polygon", "#D55E00", "points").len() == 1, "no band");
    deepq(["plot", text(&group)?, text(&alone)?, "--mean", "--title", "Two <discounts>", "--out", text(&out)?])?
        .done()?;
    let svg = fs::read_to_string(&out)?;
    for words in ["Two &lt;discounts&gt;", "cartpole: discount=0.99", "cartpole: discount=0.9\n", "Mean of all runs"] {
        ensure!(svg.contains(words), "{words} is missing in {svg}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_drawn_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "60", "--set", "evaluation.every=0"])?;
    let run = text(&run)?;
    deepq(["plot", run, "--tag", "losses/td_los"])?.refused(2, &["losses/td_los", "did you mean losses/td_loss?"])?;
    deepq(["plot", run, "--out", "curves.pdf"])?.refused(2, &["curves.pdf", ".svg", ".png"])?;
    deepq(["plot", run, "--tag", "eval"])?.refused(1, &["nothing to draw yet", "eval"])?;
    deepq(["plot", text(folder.path())?])?.refused(1, &["is not the folder of a run"])?;
    deepq(["report", "no/such/run"])?.refused(1, &["no/such/run"])?;
    for wrong in [&["plot"][..], &["plot", run, "--smooth", "0"], &["plot", run, "--mean", "--iqm"], &["report"]] {
        deepq(wrong)?.refused(2, &[])?;
    }
    Ok(())
}
