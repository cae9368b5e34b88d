//! `deepq parity`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use deepq_experiments::parity;

use super::Roms;

/// Arguments of `deepq parity`.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Trace files: JSON lines recorded with Gymnasium, as those in assets/traces
    #[arg(required = true, value_name = "TRACE.JSONL")]
    traces: Vec<PathBuf>,
    #[command(flatten)]
    roms: Roms,
}

/// Replays and compares.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let equal = parity::report(&arguments.traces, &arguments.roms.registry(), &mut io::stdout().lock())?;
    ensure!(equal, "not every bit is equal");
    Ok(ExitCode::SUCCESS)
}
