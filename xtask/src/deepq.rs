//! Builds the program `deepq` and becomes it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// A build that takes longer than this is not an idle check, and the user is told what is going on.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Builds `deepq` and runs it with these arguments, in the folder where the user stands.
pub(crate) fn run(workspace: &Workspace, arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let mut deepq = Command::new(build(workspace)?);
    deepq.args(arguments).env("DEEPQ_WORKSPACE", workspace.root());
    // So that it names commands as they were typed.
    deepq.env("DEEPQ_STARTED_BY", "xtask");
    become_program(deepq)
}

/// On Unix this process turns into the program: a signal, from the keyboard or from `kill`, reaches it once and
/// directly, and its exit code is ours.
#[cfg(unix)]
fn become_program(mut program: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(program.exec()).with_context(|| format!("cannot start {}", program.get_program().display()))
}

#[cfg(not(unix))]
fn become_program(mut program: Command) -> Result<ExitCode> {
    let status = program.status().with_context(|| format!("cannot start {}", program.get_program().display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What cargo says of a finished unit, as far as it matters here.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// The profile of programs that are hardly optimised and look at overflow and assertions; see the root's Cargo.toml.
const CHECKED: &str = "checked";

/// Builds `deepq` and gives its path.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    build_in(workspace, "dev", !workspace.deepq().exists())
}

/// Builds `deepq` in the profile `checked` and gives its path.
pub(crate) fn build_checked(workspace: &Workspace) -> Result<PathBuf> {
    build_in(workspace, CHECKED, !workspace.deepq_of(CHECKED).exists())
}

fn build_in(workspace: &Workspace, profile: &str, first: bool) -> Result<PathBuf> {
    let toolchain = Toolchain::provide(workspace)?;
    let mut cargo = workspace.cargo("build");
    toolchain.equip(&mut cargo)?;
    cargo.args(["--package", "deepq", "--bin", "deepq", "--message-format", "json-render-diagnostics"]);
    cargo.args(["--profile", profile]);
    if first {
        eprintln!(
            "Building deepq with the emulator ALE and the tensor library Candle: some minutes, the first time only"
        );
    } else {
        cargo.arg("--quiet");
    }
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;

    let (finished, wait) = channel::<()>();
    let watch = thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) && !first {
            eprintln!("Building deepq: its sources have changed");
        }
    });
    let executable = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Artifact>(&line).ok())
        .filter(|artifact| artifact.target.name == "deepq")
        .filter_map(|artifact| artifact.executable)
        .last();
    let status = child.wait().context("cannot wait for cargo")?;
    drop(finished);
    let _ = watch.join();
    match executable {
        Some(path) if status.success() => Ok(path),
        _ => bail!("deepq could not be built; cargo's messages above say why"),
    }
}
