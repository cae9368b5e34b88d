//! `deepq report`.

use std::process::ExitCode;

use deepq_commands::Report;
use deepq_experiments::config;
use deepq_experiments::listeners::Screen;
use deepq_report::html::{self, REPORT};
use deepq_runs::history;

use super::plot::default_out;
use super::{logging, stdout};

/// Writes the page.
pub(super) fn run(arguments: &Report) -> anyhow::Result<ExitCode> {
    logging::start(&Screen::new(false));
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&arguments.runs, REPORT));
    html::write(&history::read(&arguments.runs)?, &config::published, &out)?;
    stdout::print(&format!("{}\n", out.display()))?;
    Ok(ExitCode::SUCCESS)
}
