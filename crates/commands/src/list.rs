//! `deepq list`.

use clap::Args;

use crate::RomFolder;

const EXAMPLES: &str = "\
Examples:
  deepq list
  deepq list --json | jq -r '.experiments[].name'";

/// Arguments of `deepq list`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Print all of it as JSON, every game included
    #[arg(long)]
    pub json: bool,
    /// Where ROMs are.
    #[command(flatten)]
    pub roms: RomFolder,
}
