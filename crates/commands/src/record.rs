//! `deepq record`.

use std::path::PathBuf;

use clap::Args;

use crate::{Machine, number};

const EXAMPLES: &str = "\
Examples:
  deepq record runs/first-pong
  deepq record runs/first-pong --overlay --network --out pong.gif
  deepq record runs/first-pong --episodes 3 --seed 12345 --out games.mp4
  deepq record runs/first-pong --every 2 --scale 1 --out small.png

The file is a GIF among the run's videos, unless --out names another. The
episodes are those of `deepq eval` with the same seed and checkpoint. A
GIF is exact where a picture brings at most 255 new colours, a PNG always;
MP4 and WebP need the program ffmpeg. Ctrl-C keeps what was played so far.";

/// Arguments of `deepq record`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Record {
    /// The run's folder
    pub run: PathBuf,
    /// Episodes, one after the other in one file
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub episodes: u32,
    /// The root of the episodes' randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    pub seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    pub checkpoint: String,
    /// The file: .gif, .png, .mp4 or .webp [default: RUN/videos/play-STEP.gif]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw step, return and the value of each action beside the game: a bar is as long as the action is better than the
    /// worst
    #[arg(long)]
    pub overlay: bool,
    /// Draw what the network sees beside the game
    #[arg(long)]
    pub network: bool,
    /// Pixels for each pixel of the environment, 0.1 to 8 [default: doubled or halved to a height from 240 to 800]
    #[arg(long, value_name = "X", value_parser = scale)]
    pub scale: Option<f64>,
    /// Show every N-th step [default: all, as far as a GIF can show them: 50 a second]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub every: Option<u32>,
    /// Pictures a second [default: the environment's own speed]
    #[arg(long, value_name = "N", value_parser = fps)]
    pub fps: Option<f64>,
    /// Print the file's name and what is to be seen in it as JSON
    #[arg(long)]
    pub json: bool,
    /// What it computes on.
    #[command(flatten)]
    pub machine: Machine,
}

fn scale(text: &str) -> Result<f64, String> {
    number::within(text, 0.1, 8.0)
}

fn fps(text: &str) -> Result<f64, String> {
    number::within(text, 0.1, 120.0)
}
