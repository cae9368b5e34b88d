//! Somebody plays, or watches an agent, in a terminal, which is afterwards as it was before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use anyhow::Result;
use deepq_tests::terminal::{Keyboard, Terminal};
use deepq_tests::{deepq, train};
use rustix::process::Signal;
use vt100::{Color, Screen};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

/// The number after a word.
fn number(screen: &Screen, word: &str) -> Option<f64> {
    let contents = screen.contents();
    contents.split_once(&format!("{word} "))?.1.split_whitespace().next()?.parse().ok()
}

fn says(word: &str) -> impl Fn(&Screen) -> Option<()> {
    move |screen| screen.contents().contains(word).then_some(())
}

/// Whether the last step's action is this one.
fn does(screen: &Screen, action: &str) -> bool {
    screen.contents().lines().any(|line| line.split("  ").next().is_some_and(|first| first.trim() == action))
}

/// The columns and rows from the first to the last cell that has a colour.
fn picture(screen: &Screen) -> Option<(u16, u16)> {
    let (rows, columns) = screen.size();
    let coloured = |row, column| screen.cell(row, column).is_some_and(|cell| cell.bgcolor() != Color::Default);
    let used = |row: &u16| (0..columns.get()).filter(|&column| coloured(*row, column)).count();
    let widest = (0..rows.get()).map(|row| used(&row)).max()?;
    let high = (0..rows.get()).filter(|row| used(row) > 0).count();
    (widest > 0).then_some((u16::try_from(widest).ok()?, u16::try_from(high).ok()?))
}

#[test]
fn somebody_plays_cartpole() -> Result<()> {
    let terminal = Terminal::start(SMALL, Keyboard::Plain, ["play", "CartPole-v1", "--seed", "1", "--speed", "0.05"])?;
    // 600 x 400 pixels on 80 x 24 characters, of which the last three rows are text: 63 x 42 half blocks.
    terminal.until("picture", |screen| picture(screen).filter(|size| *size == (63, 21)))?;
    terminal.until("half block", says("▀"))?;
    terminal.until("keys", says("← left  → right"))?;
    terminal.write("p")?;
    terminal.until("pause", says("paused"))?;
    terminal.resize(LARGE)?;
    terminal.until("larger picture", |screen| picture(screen).filter(|size| *size == (141, 47)))?;
    terminal.resize((10, 4))?;
    terminal.until("tiny picture", |screen| picture(screen).filter(|size| size.1 == 1))?;
    terminal.resize(SMALL)?;
    terminal.until("picture", |screen| picture(screen).filter(|size| *size == (63, 21)))?;
    terminal.write("rp")?;
    terminal.until("first step", |screen| (number(screen, "step")? == 0.0).then_some(()))?;
    terminal.write("p\x1b[C")?;
    terminal.until("push to the right", |screen| does(screen, "right").then_some(()))?;
    // Whoever does nothing more drops the pole; the next episode begins with Enter.
    terminal.until("end", says("over"))?;
    terminal.until("next episode", |screen| {
        let _ = terminal.write("\r");
        (number(screen, "episode")? == 3.0).then_some(())
    })?;
    terminal.write("q")?;
    let (code, said) = terminal.end()?;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("seed 1: 1 episode, return "), "{said}");
    Ok(())
}

#[test]
fn a_game_of_turns_waits_for_the_player() -> Result<()> {
    let terminal = Terminal::start(SMALL, Keyboard::Plain, ["play", "CliffWalking-v1"])?;
    terminal.until("start", |screen| (number(screen, "step")? == 0.0).then_some(()))?;
    for step in 1..=3 {
        terminal.write("w")?;
        terminal.until("step", |screen| (number(screen, "step")? == f64::from(step)).then_some(()))?;
    }
    // Action 1 is right, over the cliff one falls to the start.
    terminal.write("rd")?;
    terminal.until("fall", |screen| (number(screen, "return")? == -100.0).then_some(()))?;
    terminal.write("\x1b")?;
    assert_eq!(terminal.end()?.0, 0);
    Ok(())
}

#[test]
fn a_key_is_held_until_it_is_let_go_where_the_terminal_tells() -> Result<()> {
    let arguments = ["play", "MountainCar-v0", "--speed", "3"];
    let terminal = Terminal::start(SMALL, Keyboard::TellsReleases, arguments)?;
    terminal.until("beginning", says("a key for an action begins"))?;
    assert_eq!(terminal.until("step", |screen| number(screen, "step"))?, 0.0);
    terminal.write("\x1b[1;1:1C")?;
    let begin = terminal.until("key", |screen| does(screen, "right").then(|| number(screen, "step"))?)?;
    // A key that is only pushed is held for 200 milliseconds: 18 steps.
    terminal.until("later step", |screen| {
        assert!(does(screen, "right"), "the key is still held:\n{}", screen.contents());
        (number(screen, "step")? > begin + 60.0).then_some(())
    })?;
    terminal.write("\x1b[1;1:3C")?;
    terminal.until("rest", |screen| does(screen, "none").then_some(()))?;
    terminal.write("\x1b[43u")?;
    terminal.until("speed", says("speed 6"))?;
    terminal.write("\x1b[113u")?;
    assert_eq!(terminal.end()?.0, 0);
    Ok(())
}

#[test]
fn the_terminal_is_put_back_after_an_interruption() -> Result<()> {
    for signal in [None, Some(Signal::TERM), Some(Signal::HUP)] {
        let terminal = Terminal::start(SMALL, Keyboard::TellsReleases, ["play", "Acrobot-v1"])?;
        terminal.until("picture", picture)?;
        match signal {
            None => terminal.write("\x03")?,
            Some(signal) => terminal.signal(signal)?,
        }
        assert_eq!(terminal.end()?.0, 130, "{signal:?}");
    }
    Ok(())
}

/// Run by the next test in a terminal of its own.
#[test]
#[ignore = "it panics, as it should"]
fn panic_in_a_terminal() {
    let _terminal = deepq_experiments::terminal::Terminal::take().unwrap();
    panic!("of fright");
}

#[test]
fn the_terminal_is_put_back_before_a_panic_is_told() -> Result<()> {
    let test = std::env::current_exe()?;
    // A backtrace would push the message out of sight.
    let arguments = [
        "RUST_BACKTRACE=0",
        &test.to_string_lossy(),
        "--exact",
        "play::panic_in_a_terminal",
        "--ignored",
        "--nocapture",
    ];
    let terminal = Terminal::start_program(Path::new("env"), SMALL, Keyboard::TellsReleases, arguments)?;
    let (code, said) = terminal.end()?;
    assert!(code == 101 && said.contains("of fright"), "{code}: {said}");
    Ok(())
}

#[test]
fn somebody_watches_an_agent() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300", "--set", "evaluation.every=100"])?;
    let run = run.to_string_lossy().into_owned();
    let terminal = Terminal::start(LARGE, Keyboard::Plain, ["play", "--watch", &run, "--speed", "0.5"])?;
    terminal.until("Q-values", says("Q-values"))?;
    let lower = |screen: &Screen| ["left ▁", "right ▁"].iter().any(|bar| screen.contents().contains(bar)).then_some(());
    terminal.until("bar of the lower value", lower)?;
    terminal.write(" ")?;
    terminal.until("pause", says("paused"))?;
    let step = terminal.until("step", |screen| number(screen, "step"))?;
    terminal.write("n")?;
    terminal.until("next step", |screen| (number(screen, "step")? == step + 1.0).then_some(()))?;
    terminal.write("+")?;
    terminal.until("speed", says("speed 1 "))?;
    terminal.write("++++++ ")?;
    terminal.until("second episode", |screen| (number(screen, "episode")? >= 2.0).then_some(()))?;
    terminal.write("q")?;
    let (code, said) = terminal.end()?;
    assert_eq!(code, 0, "{said}");

    // The first episode is that of the evaluation: its return is among those that `eval` gives.
    let said = said.split_once("return").map(|(_, returns)| returns.trim_start_matches(['s', ' '])).unwrap_or_default();
    let first: String = said.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let evaluation: serde_json::Value = serde_json::from_str(&deepq(["eval", &run, "--json"])?.done()?.stdout)?;
    assert_eq!(Some(first.parse()?), evaluation["returns"][0].as_f64());
    Ok(())
}

#[test]
fn what_cannot_be_played_is_told() -> Result<()> {
    deepq(["play", "CartPole-v1"])?.refused(1, &["terminal"])?;
    deepq(["play", "--watch", "no/such/run"])?.refused(1, &["terminal"])?;
    deepq(["play", "CartPoel-v1"])?.refused(2, &["CartPoel-v1", "\"CartPole-v1\""])?;
    for wrong in [
        &["play"][..],
        &["play", "x", "--watch", "y"],
        &["play", "x", "--checkpoint", "y"],
        &["play", "x", "--speed", "0"],
    ] {
        deepq(wrong)?.refused(2, &[])?;
    }
    let terminal = Terminal::start(SMALL, Keyboard::Plain, ["play", "--watch", "no/such/run"])?;
    let (code, said) = terminal.end()?;
    assert!(code == 1 && said.contains("no/such/run"), "{said}");
    Ok(())
}
