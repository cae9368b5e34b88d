//! `deepq eval`.

use std::path::PathBuf;

use clap::Args;

use crate::{Machine, number};

const EXAMPLES: &str = "\
Examples:
  deepq eval runs/first-pong             the best evaluation's weights
  deepq eval runs/first-pong --checkpoint last --episodes 100 --json
  deepq eval runs/first-pong --seed 123  other episodes than training's

Without --episodes and --seed the evaluation that training made at the
checkpoint's step is made again, and gives the same returns.";

/// Arguments of `deepq eval`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Eval {
    /// The run's folder
    pub run: PathBuf,
    /// Episodes [default: the experiment's evaluation.episodes]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub episodes: Option<u32>,
    /// The root of the evaluation's randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    pub checkpoint: String,
    /// Print the figures and the episodes' returns as JSON
    #[arg(long)]
    pub json: bool,
    /// What it computes on.
    #[command(flatten)]
    pub machine: Machine,
}
