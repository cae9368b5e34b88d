//! `deepq train`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::{Machine, SeedList, number};

const EXAMPLES: &str = "\
Examples:
  deepq train cartpole
  deepq train pong --steps 20000 --out runs/first-pong
  deepq train cartpole --set agent.discount=0.98
  deepq train pong --env BreakoutNoFrameskip-v4 on another game
  deepq train mine.toml                         an experiment of your own
  deepq train --resume runs/pong --steps 40000  go on, and further
  deepq train cartpole --seeds 1..5 --jobs 2    five runs together
  deepq train --resume runs/five --jobs 2       go on with all of them

A run is a folder: experiment.toml as it was run, metrics.csv, eval.csv,
TensorBoard events, checkpoints, log.txt and summary.json. Ctrl-C writes a
checkpoint and ends; --resume goes on exactly there. Ctrl-C once more ends at
once; --resume then goes on from the last checkpoint. Either way the exit code
is 130.

The display shows the mean return of the last 100 training episodes, fewer at
the beginning; evaluations are greedy games of their own.";

/// Arguments of `deepq train`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("several").args(["seeds", "resume"]))]
pub struct Train {
    /// An experiment's name, as `deepq list` shows it, or a TOML file
    #[arg(required_unless_present = "resume")]
    pub experiment: Option<String>,
    /// Go on exactly where this run stopped, or those of several seeds
    #[arg(long, value_name = "RUN", conflicts_with_all = ["experiment", "seed", "out"])]
    pub resume: Option<PathBuf>,
    /// The root of all randomness [default: the experiment's training.seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub seed: Option<u64>,
    /// Train from each of these seeds, a run each, in one folder: 1..5 (with both ends), 3,7,11, or 3 (that seed, not three)
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, conflicts_with_all = ["resume", "seed"])]
    pub seeds: Option<SeedList>,
    /// Runs at the same time, of several seeds [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "several", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Agent steps of the whole run [default: the experiment's training.steps]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub steps: Option<u64>,
    /// Train in this environment instead of the experiment's own
    #[arg(long, value_name = "ID", conflicts_with = "resume")]
    pub env: Option<String>,
    /// Override a key of the experiment, as agent.discount=0.98
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run's own folder, or that of all seeds [default: runs/EXPERIMENT-sSEED-TIME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Bytes of replay from which on a checkpoint writes only what is new of it
    #[arg(long, value_name = "BYTES", hide = true)]
    pub increments_from: Option<u64>,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
    /// Record no game of the best weights at the end
    #[arg(long)]
    pub no_video: bool,
    /// What it computes on.
    #[command(flatten)]
    pub machine: Machine,
}
