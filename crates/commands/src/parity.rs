//! `deepq parity`.

use std::path::PathBuf;

use clap::Args;

use crate::RomFolder;

const EXAMPLES: &str = "\
Examples:
  deepq parity assets/traces/cartpole.jsonl
  deepq parity assets/traces/*.jsonl --rom-dir ~/my-roms";

/// Arguments of `deepq parity`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Parity {
    /// Trace files: JSON lines recorded with Gymnasium, as those in assets/traces
    #[arg(required = true, value_name = "TRACE.JSONL")]
    pub traces: Vec<PathBuf>,
    /// Where ROMs are.
    #[command(flatten)]
    pub roms: RomFolder,
}
