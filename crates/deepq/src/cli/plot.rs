//! `deepq plot`.

use std::path::PathBuf;
use std::process::ExitCode;

use deepq_commands::Plot;
use deepq_experiments::listeners::Screen;
use deepq_report::plot::{self, CURVES, Format, PlotRequest, XAxis};
use deepq_report::statistics::Center;
use deepq_runs::history;

use super::{logging, stdout};

/// Draws.
pub(super) fn run(arguments: &Plot) -> anyhow::Result<ExitCode> {
    logging::start(&Screen::new(false));
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&arguments.runs, CURVES));
    // Before anything is read.
    Format::of(&out)?;
    let request = PlotRequest {
        tag: arguments.tag.clone(),
        smooth: arguments.smooth.map(|rows| rows as usize),
        center: if arguments.mean { Center::Mean } else { Center::InterquartileMean },
        x: match arguments.x {
            deepq_commands::XAxis::Steps => XAxis::Steps,
            deepq_commands::XAxis::Episodes => XAxis::Episodes,
        },
        title: arguments.title.clone(),
    };
    let chart = plot::learning_curves(&history::read(&arguments.runs)?, &request)?;
    plot::write(&chart, &out)?;
    stdout::print(&format!("{}\n", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A file of this name in the run's folder; of several runs, in the folder where the user stands.
pub(super) fn default_out(runs: &[PathBuf], name: &str) -> PathBuf {
    match runs {
        [run] => run.join(name),
        _ => PathBuf::from(name),
    }
}
