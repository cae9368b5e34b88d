//! `cargo xtask fuzz`: libFuzzer over everything that reads what somebody else may have written.
//!
//! The targets stand in `fuzz/`, a workspace of its own; each calls a function of `tests/src/hostile.rs`. They need a nightly
//! compiler and cargo-fuzz, which nothing else here does, so that they are asked for and never fetched.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// Megabytes that a target may take: far more than any of them needs for a file of sensible length.
const MEGABYTES: u32 = 2048;

/// Seconds after which an input counts as one that never ends.
const SECONDS: u32 = 60;

/// Files to begin with that lie in the repository anyway, by target.
const SEEDS: &[(&str, &str)] = &[("experiment", "assets/experiments"), ("weights", "crates/nets/tests/pytorch")];

/// A system's folder in memory: the targets write many small files.
const IN_MEMORY: &str = "/dev/shm";

/// `cargo xtask fuzz`.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Fuzz) -> Result<ExitCode> {
    ensure!((0.0..=1e6).contains(&arguments.minutes), "--minutes {}: from 0 to a million", arguments.minutes);
    let known = targets(workspace)?;
    if let Some(unknown) = arguments.targets.iter().find(|target| !known.contains(*target)) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        bail!("there is no target {unknown:?}; the targets are {}", known.join(", "));
    }
    let needs: [(&[&str], &str); 2] = [
        (&["cargo", "--version"], "a nightly compiler: `rustup toolchain install nightly`"),
        (&["cargo", "fuzz", "--version"], "cargo-fuzz: `cargo install --locked cargo-fuzz`"),
    ];
    for (command, what) in needs {
        let found = nightly(command).stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(found.is_ok_and(|status| status.success()), "fuzzing needs {what}");
    }
    let chosen: Vec<&String> =
        known.iter().filter(|name| arguments.targets.is_empty() || arguments.targets.contains(name)).collect();
    let toolchain = Toolchain::provide(workspace)?;
    eprintln!("Building the targets with sanitizers: many minutes the first time");
    let mut build = cargo_fuzz(workspace, &toolchain, "build")?;
    if let [only] = chosen.as_slice() {
        build.arg(only);
    }
    ensure!(build.status().context("cannot start rustup")?.success(), "the targets could not be built");
    let mut found = Vec::new();
    for target in chosen {
        eprintln!("── {target}, {} minutes", arguments.minutes);
        if !fuzz(workspace, &toolchain, target, arguments.minutes)? {
            found.push(target.as_str());
        }
    }
    ensure!(
        found.is_empty(),
        "found something: {}. What it was fed stands above; when it is mended, the file belongs into fuzz/cases, where \
         ordinary tests read it",
        found.join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// The names of all targets.
fn targets(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let folder = workspace.root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries
        .map(|entry| {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).context("a target's name is not UTF-8")?;
            Ok(name.to_owned())
        })
        .collect()
}

/// Runs one target; gives whether it found nothing.
fn fuzz(workspace: &Workspace, toolchain: &Toolchain, target: &str, minutes: f64) -> Result<bool> {
    let corpus = workspace.root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).with_context(|| format!("cannot create {}", corpus.display()))?;
    let mut run = cargo_fuzz(workspace, toolchain, "run")?;
    run.arg(target).arg(corpus).args(begin_with(workspace, target)).arg("--");
    run.arg(format!("-max_total_time={}", (minutes * 60.0).ceil()));
    run.args([format!("-rss_limit_mb={MEGABYTES}"), format!("-timeout={SECONDS}"), "-print_final_stats=1".to_owned()]);
    // Several edits of a checkpoint take some bytes: longer inputs are tried sooner than by default.
    run.arg("-len_control=10");
    Ok(run.status().context("cannot start rustup")?.success())
}

/// Folders with files to begin with.
fn begin_with(workspace: &Workspace, target: &str) -> Vec<PathBuf> {
    let seeds = SEEDS.iter().filter(|(name, _)| *name == target).map(|(_, folder)| workspace.root().join(folder));
    let cases = workspace.root().join("fuzz/cases").join(target);
    seeds.chain([cases]).filter(|folder| folder.is_dir()).collect()
}

fn cargo_fuzz(workspace: &Workspace, toolchain: &Toolchain, subcommand: &str) -> Result<Command> {
    let mut cargo = nightly(&["cargo", "fuzz", subcommand]);
    toolchain.equip(&mut cargo)?;
    cargo.current_dir(workspace.root().join("fuzz"));
    if Path::new(IN_MEMORY).is_dir() && env::var_os("TMPDIR").is_none() {
        cargo.env("TMPDIR", IN_MEMORY);
    }
    Ok(cargo)
}

/// A command of the nightly toolchain. What the cargo that started us has set is that of another one.
fn nightly(command: &[&str]) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly"]).args(command).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    rustup
}
