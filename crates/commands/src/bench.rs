//! `deepq bench`.

use clap::{Args, ValueEnum};

use crate::{RomFolder, number};

const EXAMPLES: &str = "\
Examples:
  deepq bench update act --peers             beside PyTorch
  deepq bench update --peers --threads 1,2 --only nature,dueling
  deepq bench envs --peers --json            with every sample
  deepq bench train --peers --steps 2000     beside Stable-Baselines3
  deepq bench replay --transitions 1000000

Peers run in the Python that DEEPQ_PEERS_PYTHON names, else in python3, as far
as they are installed there. Measure on a quiet machine. docs/benchmarks.md
says what is compared with what.";

/// Arguments of `deepq bench`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// What to measure: envs, update, act, train, replay, modurl; all if none is named
    #[arg(value_name = "NAME", value_enum, hide_possible_values = true)]
    pub names: Vec<Benchmark>,
    /// Print everything as JSON, every sample included
    #[arg(long)]
    pub json: bool,
    /// Measure the peers in turn with deepq
    #[arg(long)]
    pub peers: bool,
    /// Rounds of each side
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: u16,
    /// Seconds of a round, where its work is not fixed
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    pub seconds: f64,
    /// Threads of each side, one number or several [default: 1; for several environments together all cores]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Vec<u16>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    pub only: Vec<String>,
    /// train: agent steps that a round measures [default: the workload's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(8..))]
    pub steps: Option<u64>,
    /// replay: transitions of the largest memory
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    pub transitions: u32,
    /// Where ROMs are.
    #[command(flatten)]
    pub roms: RomFolder,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Benchmark {
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

fn seconds(text: &str) -> Result<f64, String> {
    number::within(text, 0.001, 3600.0)
}
