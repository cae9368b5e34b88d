//! One build for the program and for the tests.
//!
//! Cargo unites the features of a package over everything that is built together. Where a test's dependency asks for
//! one feature more, the package and all above it are built twice, Candle in minutes, and nothing would say so.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::{Result, bail, ensure};

use super::Passed;
use crate::workspace::Workspace;

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let program = packages(workspace, &["--package", "deepq", "--edges", "normal,build"])?;
    let tests = packages(workspace, &["--workspace", "--edges", "normal,build,dev"])?;
    let twice: Vec<&str> = program.difference(&tests).map(String::as_str).collect();
    if !twice.is_empty() {
        bail!(
            "the tests build these packages with other features than the program: {}; see getrandom in \
             crates/deepq/Cargo.toml",
            twice.join("; ")
        );
    }
    Ok(Passed::Having(format!("{} packages", program.len())))
}

/// Each package with its version and features.
fn packages(workspace: &Workspace, what: &[&str]) -> Result<BTreeSet<String>> {
    let mut cargo = workspace.cargo("tree");
    cargo.args(["--locked", "--prefix", "none", "--no-dedupe", "--format", "{p} with {f}"]).args(what);
    let output = cargo.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo tree failed");
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
