//! The command line, typed.
//!
//! What belongs to `deepq` is parsed here as well, so that wrong usage is told before anything is fetched or built; the
//! program then gets the arguments as they were written.

mod checks;
mod runs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use checks::{Bench, Benchmark, Ci, Fuzz, Parity, Reproduce, Soak, Test};
pub(crate) use runs::{Eval, Export, Play, Plot, Record, Report, Train};

/// deepq: value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "\
First steps:
  cargo xtask list             what there is to train
  cargo xtask train cartpole   a full run on a small task
  cargo xtask train pong       on a big one
  cargo xtask help train       all options of a command, with examples

Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train an experiment, or go on with a run
    Train(Train),
    /// Play greedily with a trained network and report the returns
    Eval(Eval),
    /// Give a run to others: an ONNX model, its weights, a model card
    Export(Export),
    /// Play with a run's weights and save what it looks like
    Record(Record),
    /// Draw learning curves of runs as SVG or PNG
    Plot(Plot),
    /// Write a report about runs, as one HTML page
    Report(Report),
    /// Play in the terminal, or watch a trained agent play there
    Play(Play),
    /// Replay recorded episodes; exit 0 only if every bit is equal
    Parity(Parity),
    /// Measure speed, side by side with the peers that are installed
    Bench(Bench),
    /// Train twice, on different thread counts, and once killed and resumed; exit 0 only if all comes out the same
    Reproduce(Reproduce),
    /// Train random small experiments with faults injected, and check that nothing is lost
    Soak(Soak),
    /// Feed random and damaged files to everything that reads any; needs a nightly compiler and cargo-fuzz
    #[command(after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz replay checkpoint --minutes 1")]
    Fuzz(Fuzz),
    /// List experiments, environments, agents and networks
    List(List),
    /// Fetch or verify ROMs
    Roms(Roms),
    /// Provide all that the tests need, then run them
    Test(Test),
    /// Run what continuous integration runs beside the tests
    Ci(Ci),
}

/// Where the work is done.
#[derive(Args, Debug)]
pub(crate) struct Machine {
    /// auto, cpu, cuda or cuda:N
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Threads [default: as many as the machine has]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) threads: Option<u16>,
    /// Instructions to compute with on the CPU, as portable, avx2, avx512 or neon [default: the fastest of this machine];
    /// results do not depend on it
    #[arg(long, value_name = "ISA")]
    pub(crate) isa: Option<String>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

/// Where the user's own ROMs are.
#[derive(Args, Debug)]
pub(crate) struct RomFolder {
    /// Take the ROMs of Atari games from this folder [else: $DEEPQ_ROM_DIR, then roms/, which is filled when needed]
    #[arg(long, value_name = "DIR")]
    pub(crate) rom_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask list
  cargo xtask list --json")]
pub(crate) struct List {
    /// Print all of it as JSON, every game included
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask roms
  cargo xtask roms pong breakout
  cargo xtask roms --dir ~/my-roms")]
pub(crate) struct Roms {
    /// Games by their ROM's name, as pong or space_invaders; all if none is named
    #[arg(value_name = "GAME")]
    pub(crate) games: Vec<String>,
    /// Take the ROMs from this folder of your own, whatever the files are called, instead of the ale-py package
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for wrong in
            [&["train"][..], &["trian", "pong"], &["train", "pong", "--seed", "x"], &["parity"], &["bench", "speed"]]
        {
            let error = Arguments::try_parse_from(["xtask"].iter().chain(wrong)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
