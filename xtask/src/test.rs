//! `cargo xtask test`: all that the tests need, then the tests.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::toolchain::Toolchain;
use crate::workspace::Workspace;
use crate::{command, deepq, roms};

/// Provides ROMs, CMake and the program `deepq`, which the tests of the whole run, and then calls `cargo test`. What
/// cargo prints last is the last thing printed.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Test) -> Result<ExitCode> {
    roms::provide_all(workspace)?;
    deepq::build(workspace)?;
    let mut cargo = workspace.cargo("test");
    Toolchain::provide(workspace)?.equip(&mut cargo)?;
    let chosen = arguments.cargo_test.iter().any(|argument| argument == "-p" || argument.starts_with("--package"));
    if !chosen {
        cargo.arg("--workspace");
    }
    let status = cargo.args(&arguments.cargo_test).status().context("cannot start cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
