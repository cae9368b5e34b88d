//! Commands that test, measure and check.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RomFolder;
use crate::ci::Check;
use crate::number;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask parity assets/traces/*.jsonl")]
pub(crate) struct Parity {
    /// Trace files: JSON lines recorded with Gymnasium, as those in assets/traces
    #[arg(required = true, value_name = "TRACE.JSONL")]
    pub(crate) traces: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask bench update act --peers
  cargo xtask bench envs --json > envs.json")]
pub(crate) struct Bench {
    /// What to measure; all if none is named
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<Benchmark>,
    /// Print everything as JSON, every sample included
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure the peers in turn with deepq, as far as they are installed: $DEEPQ_PEERS_PYTHON, else python3
    #[arg(long)]
    pub(crate) peers: bool,
    /// Rounds of each side [default: 5]
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u16>,
    /// Seconds of a round, where its work is not fixed [default: 1]
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// Threads of each side, one number or several [default: 1; for several environments together all cores]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) threads: Vec<u16>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// train: agent steps that a round measures [default: the workload's own]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// replay: transitions of the largest memory [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) transitions: Option<u32>,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Benchmark {
    /// Environments with random actions: one, and several together
    Envs,
    /// One double-DQN update
    Update,
    /// One observation to its greedy action
    Act,
    /// Whole training runs
    Train,
    /// Replay memories of Atari play
    Replay,
    /// The DQN workload that ModuRL publishes, with ModuRL beside it
    Modurl,
}

impl Bench {
    /// Environments for which ROMs are needed.
    pub(crate) fn games(&self) -> Vec<String> {
        let play = [Benchmark::Envs, Benchmark::Train, Benchmark::Replay];
        let plays = self.names.is_empty() || self.names.iter().any(|name| play.contains(name));
        let games = ["PongNoFrameskip-v4", "BreakoutNoFrameskip-v4"];
        games.into_iter().filter(|_| plays).map(str::to_owned).collect()
    }
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
