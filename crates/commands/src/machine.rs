//! Options that several commands have: what a run computes on, and where ROMs are.

use std::path::PathBuf;

use clap::Args;

/// Where ROMs are.
#[derive(Args, Clone, Debug)]
pub struct RomFolder {
    /// Take the ROMs of Atari games from this folder alone [default: $DEEPQ_ROM_DIR, then roms/ of the workspace]
    #[arg(long, value_name = "DIR")]
    pub rom_dir: Option<PathBuf>,
}

/// What every command that plays needs.
#[derive(Args, Clone, Debug)]
pub struct Machine {
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: String,
    /// Threads [default: as many as the machine has]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Instructions to compute with on the CPU, as portable, avx2, avx512 or neon [default: the fastest of this machine];
    /// results do not depend on it
    #[arg(long, value_name = "ISA")]
    pub isa: Option<String>,
    /// Where ROMs are.
    #[command(flatten)]
    pub roms: RomFolder,
}
