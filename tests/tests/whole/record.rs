//! `deepq record` writes a file that is whole, or says why not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use deepq_tests::{deepq, deepq_alone, train};
use serde_json::Value;

/// What a GIF ends with.
const TRAILER: u8 = 0x3b;

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

#[test]
fn a_recording_shows_the_episodes_of_the_evaluation() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300"])?;
    let printed = deepq(["record", text(&run)?, "--episodes", "2"])?.done()?.stdout;
    assert_eq!(printed.trim(), text(&run.join("videos/play-000000300.gif"))?);
    ensure!(fs::read(printed.trim())?.ends_with(&[TRAILER]));

    let json = |command: &str, more: &[&str]| -> Result<Value> {
        let arguments = [&[command, text(&run)?, "--episodes", "2", "--seed", "5", "--json"], more].concat();
        Ok(serde_json::from_str(&deepq(arguments)?.done()?.stdout)?)
    };
    let out = folder.path().join("two.png");
    let recorded = json("record", &["--overlay", "--network", "--every", "3", "--out", text(&out)?])?;
    assert_eq!(recorded["returns"], json("eval", &[])?["returns"]);
    assert_eq!(recorded["bytes"].as_u64(), Some(fs::metadata(&out)?.len()));
    assert_eq!(recorded["interrupted"], false);
    Ok(())
}

#[test]
fn what_cannot_be_recorded_is_said_and_nothing_is_left() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300"])?;
    let run = text(&run)?;
    let out = |name: &str| -> Result<String> { Ok(text(&folder.path().join(name))?.to_owned()) };
    deepq(["record", run, "--out", &out("game.avi")?])?.refused(2, &["game.avi", ".gif", ".mp4"])?;
    deepq(["record", run, "--out", &out("game")?])?.refused(2, &["game", ".gif"])?;
    deepq(["record", run, "--out", &out("no/such/game.gif")?])?.refused(1, &["no/such"])?;
    deepq(["record", &out("nothing")?])?.refused(1, &["nothing"])?;
    deepq(["record", run, "--scale", "0"])?.refused(2, &["--scale", "0.1 to 8"])?;
    deepq(["record", run, "--fps", "x"])?.refused(2, &["--fps"])?;
    deepq_alone(["record", run, "--out", &out("game.mp4")?])?.refused(1, &["ffmpeg", ".gif"])?;
    let names = fs::read_dir(folder.path())?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
    assert_eq!(names, ["run"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_interrupted_recording_keeps_what_was_played() -> Result<()> {
    use std::io::{BufRead as _, BufReader};

    use deepq_tests::processes::send;
    use deepq_tests::start;
    use rustix::process::Signal;

    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300"])?;
    let out = folder.path().join("endless.gif");
    let mut child = start(["record", text(&run)?, "--episodes", "1000000", "--json", "--out", text(&out)?])?;
    // It says how far it is once it has played for a while.
    let mut lines = BufReader::new(child.stderr.take().context("standard error is a pipe")?).lines();
    let first = lines.next().context("it ended")??;
    ensure!(first.starts_with("episode "), "{first}");
    send(Signal::INT, &child)?;
    let rest = lines.collect::<Result<Vec<_>, _>>()?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(130), "{rest:?}");
    let recorded: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(recorded["interrupted"], true);
    ensure!(recorded["pictures"].as_u64() > Some(10), "{recorded}");
    ensure!(fs::read(&out)?.ends_with(&[TRAILER]));
    Ok(())
}
