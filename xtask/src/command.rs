//! The command line, typed: the commands of `deepq`, and those that only a checkout has.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use deepq_commands::{FIRST_STEPS, RomFolder, number};

use crate::ci::Check;

/// What the user types.
pub(crate) const PROGRAM: &str = "cargo xtask";

/// deepq: value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What the program does. It is parsed here as well, so that wrong usage is told before anything is fetched or built; the
    /// program then gets the arguments as they were written.
    #[command(flatten)]
    Deepq(deepq_commands::Command),
    /// Train twice, on different thread counts, and once killed and resumed; exit 0 only if all comes out the same
    Reproduce(Reproduce),
    /// Train random small experiments with faults injected, and check that nothing is lost
    Soak(Soak),
    /// Feed random and damaged files to everything that reads any; needs a nightly compiler and cargo-fuzz
    Fuzz(Fuzz),
    /// Fetch or verify ROMs
    Roms(Roms),
    /// Provide all that the tests need, then run them
    Test(Test),
    /// Run what continuous integration runs beside the tests
    Ci(Ci),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask reproduce
  cargo xtask reproduce cartpole --kills 5 --json")]
pub(crate) struct Reproduce {
    /// An experiment's name or file; cartpole, lunarlander and pong-smoke are trained shortly, others whole [default: these
    /// three]
    pub(crate) experiment: Option<String>,
    /// How often a run is killed and resumed
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) kills: usize,
    /// The root of all randomness [default: the experiment's training.seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Agent steps of a run
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// Override a key of the experiment, as checkpoint.every=100
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Compare also with a program that was built hardly optimised, with overflow and assertions looked at, also in C++
    #[arg(long)]
    pub(crate) checked: bool,
    /// Print what was compared as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask soak --minutes 30
  cargo xtask soak --seed 42")]
pub(crate) struct Soak {
    /// Minutes after which no new run begins
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) minutes: f64,
    /// Draws the experiments and the faults [default: from the clock; it is printed]
    #[arg(long, value_name = "N", value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask fuzz
  cargo xtask fuzz replay checkpoint --minutes 1")]
pub(crate) struct Fuzz {
    /// What to fuzz, as fuzz/fuzz_targets has it; all, one after another, if none is named
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Minutes of each target
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) minutes: f64,
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

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test -p deepq-replay")]
pub(crate) struct Test {
    /// Further arguments for cargo test
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CARGO-TEST-ARGUMENT")]
    pub(crate) cargo_test: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask ci
  cargo xtask ci format clippy")]
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
        for wrong in
            [&["train"][..], &["trian", "pong"], &["train", "pong", "--seed", "x"], &["parity"], &["bench", "speed"]]
        {
            let error = Arguments::try_parse_from(["xtask"].iter().chain(wrong)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
