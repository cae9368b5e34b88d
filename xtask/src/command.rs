//! The command line, typed.
//!
//! What belongs to `deepq` is parsed here as well, so that wrong usage is told before anything is fetched or built; the
//! program then gets the arguments as they were written.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::ci::Check;

/// deepq: value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
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
    /// Replay recorded episodes; exit 0 only if every bit is equal
    Parity(Parity),
    /// List experiments, environments and networks
    List(List),
    /// Fetch or verify ROMs
    Roms(Roms),
    /// Provide all that the tests need, then run them
    Test(Test),
    /// Run what continuous integration runs beside the tests
    Ci(Ci),
}

#[derive(Args, Debug)]
pub(crate) struct Train {
    /// The experiment's name, as `cargo xtask list` shows it, or a TOML file
    #[arg(required_unless_present = "resume")]
    pub(crate) experiment: Option<String>,
    /// Go on exactly where this run stopped
    #[arg(long, value_name = "RUN", conflicts_with = "experiment")]
    pub(crate) resume: Option<PathBuf>,
    /// The root of all random numbers
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Train this many agent steps instead of the experiment's
    #[arg(long)]
    pub(crate) steps: Option<u64>,
    /// auto, cpu, cuda or cuda:N
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Worker threads; results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Override a key of the experiment, as agent.discount=0.98
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The run's own folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Take ROMs from this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) rom_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Play this many episodes
    #[arg(long)]
    pub(crate) episodes: Option<usize>,
    /// The root of all random numbers
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// best, last or a file
    #[arg(long)]
    pub(crate) checkpoint: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Take ROMs from this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) rom_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Parity {
    /// Trace files: JSON lines recorded with Gymnasium
    #[arg(required = true, value_name = "TRACE.JSONL")]
    pub(crate) traces: Vec<PathBuf>,
    /// Take ROMs from this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) rom_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct List {}

#[derive(Args, Debug)]
pub(crate) struct Roms {
    /// Games by their ROM's name, as pong or space_invaders; all if none is named
    #[arg(value_name = "GAME")]
    pub(crate) games: Vec<String>,
    /// Take the ROMs from this folder of your own, whatever the files are called, instead of the ale-py package
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Test {
    /// Further arguments for cargo test
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CARGO-TEST-ARGUMENT")]
    pub(crate) cargo_test: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Ci {
    /// Only these checks
    pub(crate) checks: Vec<Check>,
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
        for wrong in [&["train"][..], &["trian", "pong"], &["train", "pong", "--seed", "x"], &["parity"]] {
            let error = Arguments::try_parse_from(["xtask"].iter().chain(wrong)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
