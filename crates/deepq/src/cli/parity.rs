//! `deepq parity`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use deepq_experiments::parity;

use super::machine::Roms;

const EXAMPLES: &str = "\
Examples:
  deepq parity assets/traces/cartpole.jsonl
  deepq parity assets/traces/*.jsonl --rom-dir ~/my-roms";

/// Arguments of `deepq parity`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Trace files: JSON lines recorded with Gymnasium, as those in assets/traces
    #[arg(required = true, value_name = "TRACE.JSONL")]
    traces: Vec<PathBuf>,
    #[command(flatten)]
    roms: Roms,
}

/// Replays and compares.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let verdict = parity::report(&arguments.traces, &arguments.roms.registry(), &mut io::stdout().lock())?;
    let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
    match (verdict.different, verdict.failed) {
        (0, 0) => {}
        (0, failed) => bail!("{} could not be compared", files(failed)),
        (different, 0) => bail!("{} not equal to the bit", files(different)),
        (different, failed) => {
            bail!("{} not equal to the bit, and {} could not be compared", files(different), files(failed))
        }
    }
    Ok(ExitCode::SUCCESS)
}
