//! `deepq report`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use deepq_experiments::config;
use deepq_experiments::listeners::Screen;
use deepq_report::html::{self, REPORT};
use deepq_runs::history;

use super::plot::default_out;
use super::{logging, output};

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
pub(super) struct Arguments {
    /// Folders of runs, or of several seeds
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The page [default: report.html in the run's folder; for several, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the page.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    logging::start(&Screen::new(false));
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&arguments.runs, REPORT));
    html::write(&history::read(&arguments.runs)?, &config::published, &out)?;
    output::print(&format!("{}\n", out.display()))?;
    Ok(ExitCode::SUCCESS)
}
