//! Who waits in a terminal sees how far a run is, in lines that fit; who does not gets no control characters.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deepq_tests::processes::send;
use deepq_tests::{Said, deepq, program, start, workspace};
use rustix::process::Signal;

/// Runs the program in a terminal of so many columns; what it drew is its standard output.
fn in_terminal(columns: &str, colours: bool, arguments: &[&str]) -> Result<Said> {
    let mut python = Command::new("python3");
    python
        .args(["-I", "-S"])
        .arg(workspace().join("tests/terminal/run.py"))
        .arg(columns)
        .arg(program()?)
        .args(arguments);
    python.env("TERM", "xterm-256color").env_remove("RUST_LOG").env_remove("NO_COLOR");
    if !colours {
        python.env("NO_COLOR", "1");
    }
    Ok(python.output().context("Python 3 is needed for a terminal")?.into())
}

/// A terminal as far as the display uses it: what stands in each row, without colours.
#[derive(Default)]
struct Terminal {
    rows: Vec<String>,
    row: usize,
    column: usize,
    /// Everything that was drawn after each change of the width, line by line as it was written.
    written: BTreeMap<usize, Vec<String>>,
}

impl Terminal {
    /// Reads what was drawn in a terminal that begins with so many columns.
    fn read(columns: usize, drawn: &str) -> Result<Self> {
        let mut terminal = Self { rows: vec![String::new()], ..Self::default() };
        let mut width = columns;
        let mut line = String::new();
        let mut rest = drawn.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\x0c' => {
                    let said: String = rest.by_ref().take_while(|&c| c != '\x0c').collect();
                    width = said.strip_prefix("resized ").context("a form feed")?.parse()?;
                }
                '\x1b' => {
                    ensure!(rest.next() == Some('['), "an unknown escape");
                    let mut numbers = String::new();
                    let command = loop {
                        let c = rest.next().context("an escape without end")?;
                        if c.is_ascii_alphabetic() {
                            break c;
                        }
                        numbers.push(c);
                    };
                    match command {
                        'A' => terminal.row = terminal.row.saturating_sub(numbers.parse()?),
                        'J' | 'K' => {
                            let kept = terminal.rows[terminal.row].chars().take(terminal.column).collect();
                            terminal.rows[terminal.row] = kept;
                            if command == 'J' {
                                terminal.rows.truncate(terminal.row + 1);
                            }
                        }
                        'm' => {}
                        other => anyhow::bail!("an unknown escape {other}"),
                    }
                }
                '\r' => {
                    terminal.end_line(width, &mut line);
                    terminal.column = 0;
                }
                '\n' => {
                    terminal.row += 1;
                    if terminal.row == terminal.rows.len() {
                        terminal.rows.push(String::new());
                    }
                }
                c => {
                    line.push(c);
                    let row = &mut terminal.rows[terminal.row];
                    let (before, after) = (row.chars().take(terminal.column), row.chars().skip(terminal.column + 1));
                    *row = before.chain([c]).chain(after).collect();
                    terminal.column += 1;
                }
            }
        }
        terminal.end_line(width, &mut line);
        Ok(terminal)
    }

    fn end_line(&mut self, width: usize, line: &mut String) {
        if !line.is_empty() {
            self.written.entry(width).or_default().push(std::mem::take(line));
        }
    }
}

/// Lines of the display, not what passes by.
fn of_display(line: &&String) -> bool {
    line.contains(" % ") && line.contains("steps") || line.contains("epsilon") || line.starts_with("evaluation ")
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

#[test]
fn the_display_fits_every_terminal() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for columns in [40, 80, 200] {
        let run = folder.path().join(columns.to_string());
        let arguments =
            ["train", "cartpole", "--steps", "20000", "--set", "evaluation.every=2000", "--out", text(&run)?];
        let said = in_terminal(&columns.to_string(), columns == 200, &arguments)?.done()?;
        let terminal = Terminal::read(columns, &said.stdout)?;
        let lines = &terminal.written[&columns];
        let display: Vec<&String> = lines.iter().filter(of_display).collect();
        ensure!(display.len() >= 3, "{columns}: {lines:?}");
        for line in display {
            ensure!(line.chars().count() <= columns, "{columns}: {line}");
        }
        for words in ["100 %", "mean return", "evaluation ", "digest"] {
            ensure!(terminal.rows.iter().any(|row| row.contains(words)), "{words}: {:?}", terminal.rows);
        }
        // Whatever is said fits, and an evaluation stands below the other.
        for line in lines.iter().filter(|line| !line.contains('/')) {
            ensure!(line.chars().count() < columns || !line.trim().contains(' '), "{columns}: {line}");
        }
        let evaluations: Vec<&String> = lines.iter().filter(|line| line.starts_with("step ")).collect();
        ensure!(evaluations.len() == 10, "{columns}: {evaluations:?}");
        for line in &evaluations {
            let place = |line: &str| line.find("evaluation").zip(line.find('±')).zip(Some(line.find("min")));
            ensure!(place(line) == place(evaluations[0]), "{columns}: {evaluations:#?}");
        }
        // The bar of the end stands there once, and what was drawn before it is gone.
        ensure!(terminal.rows.iter().filter(|row| row.contains("epsilon")).count() == 1, "{:?}", terminal.rows);
        ensure!(said.stdout.contains("\x1b[36m") == (columns == 200), "NO_COLOR is followed, and colours are there");
    }
    Ok(())
}

#[test]
fn the_display_follows_the_terminal() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let arguments =
        ["train", "cartpole", "--steps", "1_000_000_000", "--set", "evaluation.every=0", "--out", text(&run)?];
    let said = in_terminal("120,50,90", true, &arguments)?;
    ensure!(said.code == 130, "exit code {}: {}", said.code, said.stdout);
    let terminal = Terminal::read(120, &said.stdout)?;
    for columns in [50, 90] {
        // What was drawn at the moment of the change may be the one before.
        let lines = &terminal.written.get(&columns).with_context(|| format!("the run ended before {columns}"))?;
        let display: Vec<&String> = lines.iter().skip(4).filter(of_display).collect();
        ensure!(!display.is_empty(), "{columns}: {lines:?}");
        for line in display {
            ensure!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
    Ok(())
}

#[test]
fn several_seeds_have_a_line_each() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let group = folder.path().join("group");
    let arguments = ["train", "cartpole", "--seeds", "1..3", "--jobs", "2", "--out", text(&group)?];
    let said = in_terminal("80", false, &arguments)?.done()?;
    let terminal = Terminal::read(80, &said.stdout)?;
    for seed in ["seed 1 ", "seed 2 ", "seed 3 "] {
        let ends = terminal.rows.iter().filter(|row| row.starts_with(seed) && row.contains("100 %"));
        ensure!(ends.count() == 1, "{seed}: {:?}", terminal.rows);
    }
    let written = &terminal.written[&80];
    for line in written.iter().filter(|line| !line.contains('/')) {
        ensure!(line.chars().count() < 80, "{line}");
    }
    // The bars of the ends are of one length.
    let ends = terminal.rows.iter().filter(|row| row.contains("100 %"));
    let bars: Vec<usize> = ends.map(|row| row.chars().filter(|&c| c == '━').count()).collect();
    ensure!(bars.len() == 3 && bars[0] >= 8 && bars.iter().all(|bar| *bar == bars[0]), "{:?}", terminal.rows);
    let head = terminal.rows.iter().find(|row| row.starts_with("seed ") && row.contains("best evaluation"));
    ensure!(head.is_some_and(|head| head.ends_with("last evaluation")), "{:?}", terminal.rows);
    Ok(())
}

#[test]
fn episodes_are_told_where_they_end_a_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let arguments = ["train", "reinforce-cartpole", "--set", "training.episodes=40", "--out", text(&run)?];
    let said = deepq(arguments)?.done()?;
    ensure!(said.stderr.contains("100 %  40 of 40 episodes"), "{}", said.stderr);
    ensure!(!said.stderr.contains(['\x1b', '\r']), "control characters without a terminal: {}", said.stderr);
    let quiet =
        deepq(["train", "cartpole", "--steps", "500", "--quiet", "--out", text(&folder.path().join("quiet"))?])?;
    ensure!(quiet.done()?.stderr.is_empty(), "a quiet run says nothing");
    Ok(())
}

#[test]
fn a_second_interruption_says_what_the_run_goes_on_from() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let arguments = [
        "train",
        "cartpole",
        "--steps",
        "1_000_000_000",
        "--set",
        "evaluation.every=0",
        "--set",
        "checkpoint.every=1000",
        "--out",
        text(&run)?,
    ];
    let child = start(arguments)?;
    let begun = Instant::now();
    while !run.join("checkpoints/step-000001000").is_dir() && !run.join("checkpoints/step-000002000").is_dir() {
        ensure!(begun.elapsed() < Duration::from_secs(120), "no checkpoint");
        thread::sleep(Duration::from_millis(5));
    }
    // Held while both arrive, so that the second is not too late.
    for signal in [Signal::STOP, Signal::INT, Signal::TERM, Signal::CONT] {
        send(signal, &child)?;
    }
    let said = Said::from(child.wait_with_output()?);
    ensure!(said.code == 130, "exit code {}: {}", said.code, said.stderr);
    for words in ["Stopping after a checkpoint", "Ended at once", "goes on from step ", "train --resume "] {
        ensure!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    Ok(())
}
