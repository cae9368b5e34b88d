//! Promises of the whole, tested through the public surface: the program `deepq` as its users meet it.
//!
//! This library builds the program once and runs it; the tests stand in `tests/tests/whole`, one file a promise.
//!
//! ```no_run
//! let list = deepq_tests::deepq(["list"])?.done()?;
//! assert!(list.stdout.contains("cartpole"));
//! # anyhow::Ok(())
//! ```

#[cfg(unix)]
pub mod browser;
pub mod gymnasium;
pub mod hostile;
pub mod keys;
#[cfg(unix)]
pub mod processes;
mod python;
#[cfg(unix)]
pub mod terminal;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use deepq_runs::Summary;

pub use python::{documented, python};

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What a run of the program ended with.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// This, if the program did what it was asked.
    ///
    /// # Errors
    ///
    /// If the exit code is not 0.
    pub fn done(self) -> Result<Self> {
        ensure!(self.code == 0, "exit code {}: {}", self.code, self.stderr);
        Ok(self)
    }

    /// This, if the program refused with this exit code and a message that holds each of `words`.
    ///
    /// # Errors
    ///
    /// If it did something else, or panicked.
    pub fn refused(self, code: i32, words: &[&str]) -> Result<Self> {
        let Self { code: actual, stderr, .. } = &self;
        ensure!(*actual == code, "exit code {actual} instead of {code}: {stderr}");
        ensure!(!stderr.contains("panicked"), "it panicked: {stderr}");
        ensure!(stderr.lines().any(|line| line.starts_with("error: ")), "no message begins with error: {stderr}");
        for word in words {
            ensure!(stderr.contains(word), "the message does not speak of {word}: {stderr}");
        }
        Ok(self)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        #[cfg(not(unix))]
        let signal: Option<i32> = None;
        Self {
            code: output.status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default()),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs `deepq` with these arguments, to its end.
///
/// # Errors
///
/// If the program cannot be built or started.
pub fn deepq<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Said> {
    Ok(start(arguments)?.wait_with_output()?.into())
}

/// Runs `deepq` as `cargo xtask` does.
///
/// # Errors
///
/// If the program cannot be built or started.
pub fn deepq_by_xtask<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Said> {
    let mut command = command(arguments)?;
    Ok(command.env("DEEPQ_STARTED_BY", "xtask").output().context("cannot start deepq")?.into())
}

/// Runs `deepq` where no ROMs are but those that the arguments name.
///
/// # Errors
///
/// If the program cannot be built or started.
pub fn deepq_without_roms<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Said> {
    let nothing = tempfile::tempdir()?;
    let mut command = command(arguments)?;
    command.env("DEEPQ_WORKSPACE", nothing.path()).env_remove("DEEPQ_ROM_DIR").current_dir(nothing.path());
    Ok(command.output().context("cannot start deepq")?.into())
}

/// Runs `deepq` where no other program is.
///
/// # Errors
///
/// If the program cannot be built or started.
pub fn deepq_alone<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Said> {
    let nothing = tempfile::tempdir()?;
    let mut command = command(arguments)?;
    command.env("PATH", nothing.path());
    Ok(command.output().context("cannot start deepq")?.into())
}

/// Starts `deepq` with these arguments, without a terminal.
///
/// # Errors
///
/// If the program cannot be built or started.
pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Child> {
    command(arguments)?.spawn().context("cannot start deepq")
}

fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.args(arguments).env("DEEPQ_WORKSPACE", workspace()).env_remove("DEEPQ_STARTED_BY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// Trains an experiment into `out`, with further arguments.
///
/// # Errors
///
/// If that fails, or there is no summary afterwards.
pub fn train(experiment: &str, out: &Path, arguments: &[&str]) -> Result<Summary> {
    let out_argument = out.to_str().context("the folder's name is not UTF-8")?;
    let all = ["train", experiment, "--quiet", "--no-video", "--out", out_argument]
        .into_iter()
        .chain(arguments.iter().copied());
    deepq(all)?.done()?;
    summary(out)
}

/// What a run's `summary.json` says.
///
/// # Errors
///
/// If it cannot be read.
pub fn summary(run: &Path) -> Result<Summary> {
    let path = run.join("summary.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Every file below a folder, with its contents.
///
/// # Errors
///
/// If one of them cannot be read.
pub fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(contents(&path)?);
        } else {
            files.insert(path.clone(), std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// The root of the checkout.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder of a game's ROM, which `cargo xtask test` provides.
///
/// # Errors
///
/// If it is not there.
pub fn rom(game: &str) -> Result<PathBuf> {
    let folder = env::var_os("DEEPQ_ROM_DIR").map_or_else(|| workspace().join("roms"), PathBuf::from);
    let rom = folder.join(game).with_extension("bin");
    ensure!(rom.exists(), "{} is missing: this test needs it; `cargo xtask roms` fetches it", rom.display());
    Ok(rom)
}

/// The command that runs an example.
///
/// # Errors
///
/// If it cannot be built.
pub fn example(name: &str) -> Result<Command> {
    let mut command = Command::new(build(Target::Example(name))?);
    command.stdin(Stdio::null());
    Ok(command)
}

/// Where programs and packages lie that tests fetch: beside what cargo builds.
///
/// # Errors
///
/// If the test does not lie in a target folder.
pub fn tools() -> Result<PathBuf> {
    Ok(Layout::find()?.target.join("tools"))
}

/// The program, built once in the profile of the tests.
///
/// # Errors
///
/// If it cannot be built.
pub fn program() -> Result<&'static Path> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PROGRAM.get_or_init(|| build(Target::Program("deepq", "deepq")).map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(error) => bail!("{error}"),
    }
}

/// Where cargo put the running test, and so where it puts the program.
struct Layout {
    target: PathBuf,
    profile: String,
}

impl Layout {
    /// A test is `<target>/<profile>/deps/<name>-<hash>`.
    fn find() -> Result<Self> {
        let test = env::current_exe()?;
        let profile = test.ancestors().nth(2).context("the test lies in no target folder")?;
        let name = profile.file_name().and_then(OsStr::to_str).context("the target folder has no profile")?;
        let target = profile.parent().context("the test lies in no target folder")?;
        Ok(Self { target: target.into(), profile: if name == "debug" { "dev".into() } else { name.into() } })
    }
}

/// What `cargo xtask` says to these arguments.
///
/// # Errors
///
/// If it cannot be built or started.
pub fn xtask<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Said> {
    let xtask = build(Target::Program("xtask", "xtask"))?;
    Ok(Command::new(xtask).args(arguments).stdin(Stdio::null()).output().context("cannot start xtask")?.into())
}

/// What cargo can build.
#[derive(Clone, Copy)]
enum Target<'a> {
    /// Of this package.
    Program(&'a str, &'a str),
    Example(&'a str),
}

fn build(what: Target<'_>) -> Result<PathBuf> {
    let Layout { target, profile } = Layout::find()?;
    // Examples have what `cargo test --workspace` built them with, or all below them would be built once more.
    let (packages, kind, name) = match what {
        Target::Program(package, name) => (vec!["--package", package], "--bin", name),
        Target::Example(name) => (vec!["--workspace"], "--example", name),
    };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace()).args(["build", "--quiet"]).args(packages).args([kind, name]);
    cargo.args(["--profile", &profile]).arg("--target-dir").arg(&target);
    let output = cargo.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "{name} could not be built: {}", String::from_utf8_lossy(&output.stderr));
    let mut folder = target.join(if profile == "dev" { "debug" } else { &profile });
    if matches!(what, Target::Example(_)) {
        folder.push("examples");
    }
    Ok(folder.join(name).with_extension(env::consts::EXE_EXTENSION))
}
