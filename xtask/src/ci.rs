//! `cargo xtask ci`: what continuous integration runs beside the tests.

mod features;
mod house;
mod layers;
mod packaged;
mod packages;
mod reproducibility;

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::command;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// One of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// rustfmt would change nothing
    Format,
    /// Each crate depends only on the layers below it
    Layers,
    /// Packages say what a registry needs, name an honest licence, and use all their dependencies
    Packages,
    /// The program and the tests are built from the same packages with the same features
    Features,
    /// No ROMs under version control, no clocks below the experiments, no files without a name of their own
    House,
    /// clippy finds nothing
    Clippy,
    /// Environments without Box2D build and pass their tests without a C++ compiler
    WithoutCpp,
    /// Each crate that is published can be taken from its package alone
    Packaged,
    /// The documentation builds without a warning
    Docs,
    /// cargo-deny accepts licences, bans and sources
    Licences,
    /// Short runs come out the same on different thread counts, and when they are killed and resumed
    Reproducibility,
}

/// What a check that found nothing wrong has to say.
enum Passed {
    /// It looked at everything.
    Whole,
    /// It looked at this.
    Having(String),
    /// It could not run here, for this reason.
    Skipped(String),
}

/// Runs all checks, or those that were named, and fails if one of them does; a failed one does not hide the next.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Ci) -> Result<ExitCode> {
    let all: Vec<Check> = Check::value_variants().to_vec();
    let checks = if arguments.checks.is_empty() { &all } else { &arguments.checks };
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    for &check in checks {
        eprintln!("── {check}");
        let start = Instant::now();
        let verdict = match check.run(workspace) {
            Ok(Passed::Whole) => "passed".to_owned(),
            Ok(Passed::Having(what)) => format!("passed: {what}"),
            Ok(Passed::Skipped(why)) => {
                skipped.push(check.to_string());
                format!("SKIPPED: {why}")
            }
            Err(error) => {
                failed.push(check.to_string());
                format!("FAILED: {error:#}")
            }
        };
        eprintln!("   {verdict} ({:.0} s)", start.elapsed().as_secs_f64());
    }
    let ran = checks.len() - failed.len() - skipped.len();
    let note = if skipped.is_empty() { String::new() } else { format!("; skipped: {}", skipped.join(", ")) };
    ensure!(failed.is_empty(), "ci: {ran} checks passed, failed: {}{note}", failed.join(", "));
    eprintln!("ci: {ran} checks passed{note}");
    Ok(ExitCode::SUCCESS)
}

impl Check {
    fn run(self, workspace: &Workspace) -> Result<Passed> {
        match self {
            Self::Format => successful(workspace.cargo("fmt").args(["--all", "--check"])),
            Self::Layers => layers::check(workspace),
            Self::Packages => packages::check(workspace),
            Self::Features => features::check(workspace),
            Self::House => house::check(workspace),
            Self::Clippy => {
                let mut clippy = workspace.cargo("clippy");
                Toolchain::provide(workspace)?.equip(&mut clippy)?;
                successful(clippy.args(["--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
            }
            Self::WithoutCpp => {
                let mut test = workspace.cargo("test");
                // Whoever asked for one would find none.
                test.args(["--quiet", "--package", "deepq-envs", "--no-default-features", "--lib", "--tests"]);
                successful(test.env("CXX", "no-compiler"))
            }
            Self::Packaged => packaged::check(workspace),
            Self::Docs => {
                let mut doc = workspace.cargo("doc");
                Toolchain::provide(workspace)?.equip(&mut doc)?;
                doc.args(["--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
                successful(&mut doc)
            }
            Self::Licences => licences(workspace),
            Self::Reproducibility => reproducibility::check(workspace),
        }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

fn successful(command: &mut Command) -> Result<Passed> {
    let program = command.get_program().display().to_string();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    ensure!(status.success(), "its messages stand above");
    Ok(Passed::Whole)
}

/// Advisories are not asked for here: they change without a change of ours and need the network.
fn licences(workspace: &Workspace) -> Result<Passed> {
    let mut version = workspace.cargo("deny");
    if !version
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Ok(Passed::Skipped("cargo-deny is not installed; `cargo install --locked cargo-deny`".to_owned()));
    }
    successful(workspace.cargo("deny").args(["--workspace", "check", "licenses", "bans", "sources"]))
}
