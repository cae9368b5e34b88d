//! `deepq parity`.

use std::io;
use std::process::ExitCode;

use anyhow::bail;
use deepq_commands::Parity;
use deepq_experiments::parity;

use super::roms;

/// Replays and compares.
pub(super) fn run(arguments: &Parity) -> anyhow::Result<ExitCode> {
    let verdict = parity::report(&arguments.traces, &roms::registry(&arguments.roms), &mut io::stdout().lock())?;
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
