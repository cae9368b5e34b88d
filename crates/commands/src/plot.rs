//! `deepq plot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  deepq plot runs/first-pong
  deepq plot runs/first-pong --out pong.png --tag losses/td_loss
  deepq plot runs/cartpole-s1to5-20250131-235959  five seeds as one curve
  deepq plot runs/dqn-* runs/pqn-* --out both.svg experiments compared

A folder is a run's or that of --seeds. Runs of the same experiment become
one curve: their interquartile mean, with its 95 % interval as a band. Without
--tag returns are drawn, those of training and those of evaluations.";

/// Arguments of `deepq plot`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Plot {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The picture, .svg or .png [default: curves.svg in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A column of metrics.csv, as losses/td_loss, or one of eval.csv, as eval/median; eval is eval/mean
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Rows that a point is the mean of [default: 50 for returns and lengths of episodes, 1 for all else]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub smooth: Option<u32>,
    /// Several runs become their mean
    #[arg(long, conflicts_with = "iqm")]
    pub mean: bool,
    /// Several runs become their interquartile mean, as they do without this
    #[arg(long)]
    pub iqm: bool,
    /// What the curves are drawn over
    #[arg(long, value_enum, default_value = "steps", value_name = "steps|episodes", hide_possible_values = true)]
    pub x: XAxis,
    /// The title [default: what is drawn]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}

/// What curves are drawn over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum XAxis {
    /// Agent steps
    Steps,
    /// Ended episodes of training
    Episodes,
}
