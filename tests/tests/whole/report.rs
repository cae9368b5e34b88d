//! A report, in a real browser: its figures are those of the run, its curves can be read and zoomed, and nothing in it does
//! harm.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use deepq_tests::browser::Browser;
use deepq_tests::{deepq, train};
use serde_json::{Value, json};

const SHORT: [&str; 4] = ["--steps", "1500", "--set", "evaluation.every=300"];

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

fn report(runs: &[&Path], out: &Path) -> Result<()> {
    let runs = runs.iter().map(|run| text(run)).collect::<Result<Vec<_>>>()?;
    let said = deepq([&["report"][..], &runs, &["--out", text(out)?]].concat())?.done()?;
    ensure!(said.stdout.trim() == text(out)?, "{}", said.stdout);
    Ok(())
}

/// The exact numbers in the cells of a table, row by row.
fn rows(browser: &mut Browser, table: &str) -> Result<Vec<Vec<f64>>> {
    let cells = "[...row.querySelectorAll('td data')].map(data => Number(data.value))";
    let rows = browser.evaluate(&format!("[...document.querySelectorAll('{table} tbody tr')].map(row => {cells})"))?;
    Ok(serde_json::from_value(rows)?)
}

const FIGURES: [&str; 7] = ["mean", "std", "median", "min", "max", "episodes", "at_step"];

fn of_summary(run: &Path, evaluation: &str) -> Result<Vec<f64>> {
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json"))?)?;
    FIGURES.iter().map(|figure| summary[evaluation][figure].as_f64().context(*figure)).collect()
}

/// The rows of `eval.csv`, in the order of the figures.
fn of_table(run: &Path) -> Result<Vec<Vec<f64>>> {
    let text = fs::read_to_string(run.join("eval.csv"))?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().context("an empty table")?.split(',').collect();
    let column = |figure: &str| {
        let name = if figure == "at_step" { "agent_step" } else { figure };
        names.iter().position(|column| *column == name).context(name.to_owned())
    };
    let columns = FIGURES.iter().map(|figure| column(figure)).collect::<Result<Vec<_>>>()?;
    let row = |line: &str| -> Result<Vec<f64>> {
        let cells: Vec<&str> = line.split(',').collect();
        Ok(columns.iter().map(|&column| cells[column].parse()).collect::<Result<_, _>>()?)
    };
    lines.map(row).collect()
}

/// Whether the page is no wider than the screen, and a picture of it for people: under the tests' folder.
fn looks_right(browser: &mut Browser, page: &Path, name: &str) -> Result<()> {
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        browser.screen(width, 900, dark)?;
        browser.open(page)?;
        let too_wide = browser.evaluate("document.documentElement.scrollWidth - innerWidth")?;
        ensure!(too_wide.as_i64().is_some_and(|pixels| pixels <= 0), "{too_wide} pixels too wide at {width}");
        let brightness = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])";
        let is_dark = browser.evaluate(brightness)?.as_i64().is_some_and(|red| red < 128);
        ensure!(is_dark == dark, "dark: {is_dark}");
        let picture = browser.picture(width, 2_400)?;
        let file = format!("{name}-{width}-{}.png", if dark { "dark" } else { "light" });
        fs::write(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(file), &picture)?;
        // What is empty compresses to next to nothing.
        ensure!(picture.len() > 30_000, "an empty page at {width}");
    }
    Ok(())
}

#[test]
fn figures_are_those_of_the_run_and_curves_can_be_read_and_zoomed() -> Result<()> {
    let Some(mut browser) = Browser::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let summary = train("cartpole", &run, &SHORT)?;
    deepq(["report", text(&run)?])?.done()?;
    let page = run.join("report.html");
    browser.screen(1280, 900, false)?;
    browser.open(&page)?;

    let best_and_last = [of_summary(&run, "best_evaluation")?, of_summary(&run, "last_evaluation")?];
    ensure!(rows(&mut browser, "#evaluations")? == best_and_last);
    let table = of_table(&run)?;
    ensure!(table.len() == 5 && rows(&mut browser, "#all-evaluations")? == table);
    let shown = browser.evaluate("document.body.innerText")?;
    let shown = shown.as_str().context("no text")?;
    for words in [summary.digest.as_str(), "all 1,500 agent steps done", "cargo xtask train cartpole", "--seed 1"] {
        ensure!(shown.contains(words), "{words} is missing");
    }
    let points = browser.evaluate("JSON.parse(document.getElementById('curves').textContent)[0].curves[1].points")?;
    let points: Vec<[f64; 2]> = serde_json::from_value(points)?;
    ensure!(points == table.iter().map(|row| [row[6], row[0]]).collect::<Vec<_>>(), "{points:?}");

    // Over the third evaluation's point the curve says its mean.
    let place = |browser: &mut Browser, index: usize| -> Result<(f64, f64)> {
        let point = format!("document.querySelectorAll('.returns circle')[{index}].getBoundingClientRect()");
        let place = browser.evaluate(&format!("(box => [box.x + box.width / 2, box.y + box.height / 2])({point})"))?;
        Ok((place[0].as_f64().context("no point")?, place[1].as_f64().context("no point")?))
    };
    let (x, y) = place(&mut browser, 2)?;
    browser.mouse("mouseMoved", x, y)?;
    let said = browser.evaluate("document.querySelector('.returns .readout').innerText")?;
    let [mean, at] = [table[2][0], table[2][6]];
    let spoken = format!("`evaluation ${{({mean}).toLocaleString('en', {{ maximumSignificantDigits: 6 }})}}`");
    let spoken = browser.evaluate(&spoken)?;
    let said = said.as_str().context("nothing is said")?;
    ensure!(spoken.as_str().is_some_and(|mean| said.contains(mean)) && said.contains("at 900"), "{said} at {at}");

    // Dragged from the second point to the fourth, they become the ends.
    let view = |browser: &mut Browser| -> Result<Vec<f64>> {
        let view = browser.evaluate("document.querySelector('.returns svg').dataset.view.split(' ').map(Number)")?;
        Ok(serde_json::from_value(view)?)
    };
    ensure!(view(&mut browser)? == [0.0, 1_500.0]);
    let (from, to) = (place(&mut browser, 1)?, place(&mut browser, 3)?);
    browser.mouse("mousePressed", from.0, from.1)?;
    browser.mouse("mouseMoved", (from.0 + to.0) / 2.0, from.1)?;
    browser.mouse("mouseMoved", to.0, from.1)?;
    browser.mouse("mouseReleased", to.0, from.1)?;
    let zoomed = view(&mut browser)?;
    ensure!((zoomed[0] - 600.0).abs() < 5.0 && (zoomed[1] - 1_200.0).abs() < 5.0, "{zoomed:?}");
    browser.evaluate("document.querySelector('.returns .whole').click()")?;
    ensure!(view(&mut browser)? == [0.0, 1_500.0]);

    looks_right(&mut browser, &page, "run")?;
    ensure!(browser.complaints().is_empty(), "{:?}", browser.complaints());
    Ok(())
}

#[test]
fn seeds_say_together_what_their_summary_says_also_without_scripts() -> Result<()> {
    let Some(mut browser) = Browser::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    deepq(
        [&["train", "cartpole", "--quiet", "--no-video", "--seeds", "1..3", "--out", text(&group)?][..], &SHORT]
            .concat(),
    )?
    .done()?;
    let page = folder.path().join("three.html");
    report(&[&group], &page)?;
    browser.call("Emulation.setScriptExecutionDisabled", &json!({"value": true}))?;
    browser.open(&page)?;
    let figures: Value = serde_json::from_str(&fs::read_to_string(group.join("seeds.json"))?)?;
    let mut expected = vec![3.0];
    for evaluation in ["best_evaluation", "last_evaluation"] {
        let of = |value: &Value| value.as_f64().context("no figure");
        let Value::Object(figures) = &figures[evaluation] else { anyhow::bail!("no {evaluation}") };
        expected.extend([
            of(&figures["interquartile_mean"])?,
            of(&figures["interval"][0])?,
            of(&figures["interval"][1])?,
        ]);
    }
    expected.push(1_500.0);
    let shown = rows(&mut browser, "#comparison")?;
    ensure!(shown == [expected.clone()], "{shown:?} is not {expected:?}");
    ensure!(rows(&mut browser, "#runs")?.len() == 3);
    // Without scripts the curves are pictures.
    let widths = "[...document.querySelectorAll('figure.chart svg')].map(svg => svg.getBoundingClientRect().width)";
    let widths: Vec<f64> = serde_json::from_value(browser.evaluate(widths)?)?;
    ensure!(widths.len() >= 6 && widths.iter().all(|&width| width > 100.0), "{widths:?}");
    browser.call("Emulation.setScriptExecutionDisabled", &json!({"value": false}))?;
    looks_right(&mut browser, &page, "seeds")?;
    ensure!(browser.complaints().is_empty(), "{:?}", browser.complaints());
    Ok(())
}

#[test]
fn its_command_makes_the_run_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (run, again) = (folder.path().join("run"), folder.path().join("again"));
    let summary = train("cartpole", &run, &[&SHORT[..], &["--seed", "9", "--set", "agent.discount=0.95"]].concat())?;
    deepq(["report", text(&run)?])?.done()?;
    let page = fs::read_to_string(run.join("report.html"))?;
    // The experiment's own comments name a command too.
    let commands = page.split("id=\"commands\"").nth(1).context("no commands")?;
    let command =
        commands.split("cargo xtask train ").nth(1).and_then(|rest| rest.lines().next()).context("no command")?;
    let words: Vec<&str> = command.split(' ').collect();
    let made = train(words[0], &again, &words[1..])?;
    ensure!(made.digest == summary.digest && made.best_evaluation == summary.best_evaluation, "{command}");
    ensure!(page.contains(&made.digest));
    Ok(())
}

#[test]
fn names_that_are_scripts_do_no_harm() -> Result<()> {
    let Some(mut browser) = Browser::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("<b onclick=hack()>");
    let hostile = r#"</script><script>document.title="hacked"</script><!--<img src=x onerror=document.title='hacked'>"#;
    train("cartpole", &run, &["--steps", "300"])?;
    // Training takes no such name, but whoever writes the files can.
    let file = run.join("experiment.toml");
    let experiment = fs::read_to_string(&file)?;
    let changed = experiment.lines().map(|line| match line.split_once(" = ") {
        Some((key @ ("name" | "summary"), _)) => format!("{key} = {}\n", json!(hostile)),
        _ => format!("{line}\n"),
    });
    fs::write(&file, changed.collect::<String>())?;
    let mut summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json"))?)?;
    for key in ["digest", "protocol", "isa", "device"] {
        summary[key] = json!(hostile);
    }
    fs::write(run.join("summary.json"), summary.to_string())?;
    let page = folder.path().join("page.html");
    report(&[&run, &run], &page)?;
    browser.open(&page)?;
    let counts = "[document.scripts.length, document.images.length, document.querySelectorAll('b[onclick]').length]";
    ensure!(browser.evaluate(counts)? == json!([2, 0, 0]));
    ensure!(browser.evaluate("document.querySelector('h1').textContent")? == hostile);
    ensure!(browser.evaluate("document.title")? == format!("{hostile} · deepq"));
    deepq(["plot", text(&run)?])?.done()?;
    // A picture is XML: a browser shows an error where it is none.
    browser.open(&run.join("curves.svg"))?;
    let kinds = "[document.documentElement.nodeName, document.querySelectorAll('parsererror, script').length]";
    ensure!(browser.evaluate(kinds)? == json!(["svg", 0]));
    ensure!(browser.complaints().is_empty(), "{:?}", browser.complaints());
    Ok(())
}

#[test]
fn a_page_has_what_there_is() -> Result<()> {
    let Some(mut browser) = Browser::start()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "8", "--set", "evaluation.every=0"])?;
    fs::remove_file(run.join("summary.json"))?;
    // The smallest GIF there is: one transparent pixel.
    let gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    fs::create_dir_all(run.join("videos"))?;
    fs::write(run.join("videos/play.gif"), gif)?;
    fs::write(run.join("videos/long.gif"), vec![0; 9 << 20])?;
    let page = folder.path().join("page.html");
    report(&[&run], &page)?;
    browser.open(&page)?;
    let shown = browser.evaluate("document.body.innerText")?;
    let shown = shown.as_str().context("no text")?;
    for words in ["not finished: ", "of 8 agent steps so far", "--resume", "Not in this page: 9.0 MiB"] {
        ensure!(shown.contains(words), "{words} is missing in {shown}");
    }
    ensure!(browser.evaluate("[...document.images].map(image => image.naturalWidth)")? == json!([1]));
    ensure!(fs::metadata(&page)?.len() < 1 << 20);
    ensure!(browser.complaints().is_empty(), "{:?}", browser.complaints());
    Ok(())
}
