//! `deepq plot`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use deepq_experiments::listeners::Screen;
use deepq_report::plot::{self, CURVES, Format, PlotRequest, XAxis};
use deepq_report::statistics::Center;
use deepq_runs::history;

use super::{logging, output};

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
pub(super) struct Arguments {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The picture, .svg or .png [default: curves.svg in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A column of metrics.csv, as losses/td_loss, or one of eval.csv, as eval/median; eval is eval/mean
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Rows that a point is the mean of [default: 50 for returns and lengths of episodes, 1 for all else]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    smooth: Option<u32>,
    /// Several runs become their mean
    #[arg(long, conflicts_with = "iqm")]
    mean: bool,
    /// Several runs become their interquartile mean, as they do without this
    #[arg(long)]
    iqm: bool,
    /// What the curves are drawn over
    #[arg(long, value_enum, default_value = "steps", value_name = "steps|episodes", hide_possible_values = true)]
    x: Over,
    /// The title [default: what is drawn]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// What curves are drawn over.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Over {
    /// Agent steps
    Steps,
    /// Ended episodes of training
    Episodes,
}

/// Draws.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    logging::start(&Screen::new(false));
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&arguments.runs, CURVES));
    // Before anything is read.
    Format::of(&out)?;
    let request = PlotRequest {
        tag: arguments.tag.clone(),
        smooth: arguments.smooth.map(|rows| rows as usize),
        center: if arguments.mean { Center::Mean } else { Center::InterquartileMean },
        x: match arguments.x {
            Over::Steps => XAxis::Steps,
            Over::Episodes => XAxis::Episodes,
        },
        title: arguments.title.clone(),
    };
    let chart = plot::learning_curves(&history::read(&arguments.runs)?, &request)?;
    plot::write(&chart, &out)?;
    output::print(&format!("{}\n", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A file of this name in the run's folder; of several runs, in the folder where the user stands.
pub(super) fn default_out(runs: &[PathBuf], name: &str) -> PathBuf {
    match runs {
        [run] => run.join(name),
        _ => PathBuf::from(name),
    }
}
