//! Commands that make runs, or do something with them.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{Machine, RomFolder};
use crate::number;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask train cartpole
  cargo xtask train pong --steps 20000 --out runs/first-pong
  cargo xtask train --resume runs/first-pong --steps 40000
  cargo xtask train cartpole --seeds 1..5 --jobs 2

Ctrl-C writes a checkpoint and ends; --resume goes on exactly there. Ctrl-C once
more ends at once; --resume then goes on from the last checkpoint. Either way
the exit code is 130.", group = ArgGroup::new("several").args(["seeds", "resume"]))]
pub(crate) struct Train {
    /// An experiment's name, as `cargo xtask list` shows it, or a TOML file
    #[arg(required_unless_present = "resume")]
    pub(crate) experiment: Option<String>,
    /// Go on exactly where this run stopped, or those of several seeds
    #[arg(long, value_name = "RUN", conflicts_with_all = ["experiment", "seed", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// The root of all randomness [default: the experiment's training.seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Train from each of these seeds, a run each, in one folder: 1..5 (with both ends), 3,7,11, or 3 (that seed, not three)
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, conflicts_with_all = ["resume", "seed"])]
    pub(crate) seeds: Option<String>,
    /// Runs at the same time, of several seeds [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "several")]
    pub(crate) jobs: Option<u16>,
    /// Agent steps of the whole run [default: the experiment's training.steps]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) steps: Option<u64>,
    /// Train in this environment instead of the experiment's own
    #[arg(long, value_name = "ID", conflicts_with = "resume")]
    pub(crate) env: Option<String>,
    /// Override a key of the experiment, as agent.discount=0.98
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The run's own folder [default: runs/EXPERIMENT-sSEED-TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Record no game of the best weights at the end
    #[arg(long)]
    pub(crate) no_video: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask eval runs/first-pong
  cargo xtask eval runs/first-pong --checkpoint last --episodes 100 --json")]
pub(crate) struct Eval {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Episodes [default: the experiment's evaluation.episodes]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) episodes: Option<u32>,
    /// The root of the evaluation's randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// Print the figures and the episodes' returns as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask export runs/first-pong --onnx", group = ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Export {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// The network with its weights as an ONNX model
    #[arg(long, group = "what")]
    pub(crate) onnx: bool,
    /// The weights alone, named as PyTorch names them
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) safetensors: Option<PathBuf>,
    /// The model card, the run's README.md
    #[arg(long, group = "what")]
    pub(crate) card: bool,
    /// A folder to upload to the Hugging Face Hub as it is: card, model, weights, experiment, summary and, where there is one,
    /// the picture of an episode
    #[arg(long, value_name = "DIR", group = "what")]
    pub(crate) hub: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// The file for --onnx [default: model.onnx in the run's folder]
    #[arg(long, value_name = "FILE", requires = "onnx")]
    pub(crate) out: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) roms: RomFolder,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask record runs/first-pong --overlay")]
pub(crate) struct Record {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Episodes, one after the other in one file [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) episodes: Option<u32>,
    /// The root of the episodes' randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE")]
    pub(crate) checkpoint: Option<String>,
    /// The file: .gif, .png, .mp4 or .webp [default: RUN/videos/play-STEP.gif]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw step, return and the value of each action beside the game
    #[arg(long)]
    pub(crate) overlay: bool,
    /// Draw what the network sees beside the game
    #[arg(long)]
    pub(crate) network: bool,
    /// Pixels for each pixel of the environment, 0.1 to 8 [default: doubled or halved to a height from 240 to 800]
    #[arg(long, value_name = "X")]
    pub(crate) scale: Option<f64>,
    /// Show every N-th step [default: all, as far as a GIF can show them: 50 a second]
    #[arg(long, value_name = "N")]
    pub(crate) every: Option<u32>,
    /// Pictures a second [default: the environment's own speed]
    #[arg(long, value_name = "N")]
    pub(crate) fps: Option<f64>,
    /// Print the file's name and what is to be seen in it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask plot runs/first-pong
  cargo xtask plot runs/cartpole-s1to5 runs/cartpole-pqn-s1to5 --tag eval --out compared.png")]
pub(crate) struct Plot {
    /// Folders of runs, or of several seeds: those of one experiment become one curve
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// The picture, .svg or .png [default: curves.svg in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A column of metrics.csv, as losses/td_loss, or one of eval.csv, as eval/median; eval is eval/mean
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Rows that a point is the mean of [default: 50 for returns and lengths of episodes, 1 for all else]
    #[arg(long, value_name = "N")]
    pub(crate) smooth: Option<u32>,
    /// Several runs become their mean
    #[arg(long, conflicts_with = "iqm")]
    pub(crate) mean: bool,
    /// Several runs become their interquartile mean, as they do without this
    #[arg(long)]
    pub(crate) iqm: bool,
    /// What the curves are drawn over [default: steps]
    #[arg(long, value_name = "steps|episodes")]
    pub(crate) x: Option<String>,
    /// The title [default: what is drawn]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask report runs/first-pong
  cargo xtask report runs/pong-s1to3 runs/pong-fast-s1to3 --out compared.html")]
pub(crate) struct Report {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// The page [default: report.html in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask play PongNoFrameskip-v4
  cargo xtask play --watch runs/first-pong --speed 2")]
pub(crate) struct Play {
    /// An environment's id or an experiment's name, as `cargo xtask list` shows them, or an experiment's TOML file
    #[arg(required_unless_present = "watch")]
    pub(crate) environment: Option<String>,
    /// Watch this run's agent play, by its experiment's protocol
    #[arg(long, value_name = "RUN", conflicts_with_all = ["environment", "set"])]
    pub(crate) watch: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE", requires = "watch")]
    pub(crate) checkpoint: Option<String>,
    /// The seed of the first episode [default: another one each time]; with --watch the root of all randomness [default:
    /// the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub(crate) seed: Option<u64>,
    /// Override a key of the experiment, as environment.frame_skip=2
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// How many times as fast as the game's own speed [default: 1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) speed: Option<f64>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}
