//! `deepq eval`.

use std::process::ExitCode;

use deepq_commands::Eval;
use deepq_experiments::RunError;
use deepq_experiments::evaluation::EvaluationError;
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::{self, EvaluationRequest};
use deepq_runs::{EvaluationFigures, grouped};

use super::machine::Machine;
use super::{interrupt, logging, stdout};

const STOPPING: &str = "Stopping; once more to end at once.";

/// Evaluates.
pub(super) fn run(arguments: &Eval) -> anyhow::Result<ExitCode> {
    let machine = Machine::read(&arguments.machine)?;
    let screen = Screen::new(false);
    logging::start(&screen);
    let settings =
        machine.settings(&screen, interrupt::flag(&screen, STOPPING, |screen| screen.line("Ended at once."))?)?;
    let request = EvaluationRequest {
        checkpoint: arguments.checkpoint.as_str().into(),
        episodes: arguments.episodes.map(|episodes| episodes as usize),
        seed: arguments.seed,
    };
    let evaluation = match session::evaluate(&arguments.run, &request, &settings) {
        Err(RunError::Evaluation(EvaluationError::Interrupted)) => return Ok(interrupt::exit_code()),
        evaluation => evaluation?,
    };
    let figures = EvaluationFigures::from(&evaluation);
    if arguments.json {
        let mut json = serde_json::to_value(&figures)?;
        json["returns"] = serde_json::to_value(&evaluation.returns)?;
        stdout::print(&format!("{json}\n"))?;
    } else {
        let EvaluationFigures { mean, std, min, max, median, episodes, at_step } = figures;
        let line = format!(
            "{episodes} episodes with the weights of step {}: mean {mean:.2} ± {std:.2}, median {median:.2}, min {min:.2}, \
             max {max:.2}",
            grouped(at_step)
        );
        stdout::print(&format!("{}\n", stdout::fitting(&line, 2)))?;
    }
    Ok(ExitCode::SUCCESS)
}
