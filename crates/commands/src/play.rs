//! `deepq play`.

use std::path::PathBuf;

use clap::Args;

use crate::{Machine, number};

const EXAMPLES: &str = "\
Examples:
  deepq play CartPole-v1
  deepq play ALE/Breakout-v5 --seed 7
  deepq play PongNoFrameskip-v4 --set environment.difficulty=1
  deepq play lunarlander               as this experiment is evaluated
  deepq play --watch runs/first-pong   the agent plays
  deepq play --watch runs/first-pong --checkpoint last --speed 4

Keys: arrows or W, A, S, D and the space bar, or an action's number; r
restarts, p pauses, h lets keys be held until the next one, for terminals that
do not tell when a key is let go; q, Esc or Ctrl-C ends. Who watches has space
to pause, n for one step, + and - for the speed.";

/// Arguments of `deepq play`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Play {
    /// An environment's id or an experiment's name, as `deepq list` shows them, or an experiment's TOML file
    #[arg(required_unless_present = "watch")]
    pub environment: Option<String>,
    /// Watch this run's agent play, by its experiment's protocol
    #[arg(long, value_name = "RUN", conflicts_with_all = ["environment", "set"])]
    pub watch: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE", requires = "watch")]
    pub checkpoint: Option<String>,
    /// The seed of the first episode [default: another one each time]; with --watch the root of all randomness
    /// [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub seed: Option<u64>,
    /// Override a key of the experiment, as environment.frame_skip=2
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// How many times as fast as the game's own speed
    #[arg(long, value_name = "X", default_value = "1", allow_negative_numbers = true, value_parser = number::positive)]
    pub speed: f64,
    /// What it computes on.
    #[command(flatten)]
    pub machine: Machine,
}
