//! `deepq report`.

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  deepq report runs/first-pong
  deepq report runs/cartpole-s1to5-20250131-235959  five seeds together
  deepq report runs/dqn-* runs/pqn-* --out ab.html  two compared

A folder is a run's or that of --seeds. The page holds everything that it
shows and needs no network; videos of the runs are in it, if they are small.";

/// Arguments of `deepq report`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The page [default: report.html in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
