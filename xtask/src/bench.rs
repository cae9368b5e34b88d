//! What `cargo xtask bench` needs beside `deepq`: ModuRL, a Rust library to measure it against.

use anyhow::{Context, Result};
use deepq_commands::{Bench, Benchmark};

use crate::workspace::Workspace;

/// Builds the programs in `benches/modurl`, if they are to be measured. They form a workspace of their own; cargo gets
/// their packages from crates.io. A machine on which they cannot be built still measures `deepq`.
pub(crate) fn prepare(workspace: &Workspace, arguments: &Bench) -> Result<()> {
    let named = arguments.names.contains(&Benchmark::Modurl);
    let alone = named && arguments.names.len() == 1;
    if !alone && !(arguments.peers && (named || arguments.names.is_empty())) {
        return Ok(());
    }
    let target = workspace.benches();
    if !target.exists() {
        eprintln!("Building ModuRL, to be measured beside deepq: some minutes, the first time only");
    }
    let mut cargo = workspace.cargo("build");
    cargo.args(["--quiet", "--release", "--locked", "--manifest-path"]);
    cargo.arg(workspace.root().join("benches/modurl/Cargo.toml")).arg("--target-dir").arg(target);
    if !cargo.status().context("cannot start cargo")?.success() {
        eprintln!("warning: ModuRL could not be built; cargo's messages above say why");
    }
    Ok(())
}
