//! `deepq eval`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use deepq_experiments::RunError;
use deepq_experiments::evaluation::EvaluationError;
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::{self, EvaluationRequest};
use deepq_runs::{EvaluationFigures, grouped};

use super::machine::Machine;
use super::{interrupt, logging, number, output};

const EXAMPLES: &str = "\
Examples:
  deepq eval runs/first-pong             the best evaluation's weights
  deepq eval runs/first-pong --checkpoint last --episodes 100 --json
  deepq eval runs/first-pong --seed 123  other episodes than training's

Without --episodes and --seed the evaluation that training made at the
checkpoint's step is made again, and gives the same returns.";

const STOPPING: &str = "Stopping; once more to end at once.";

/// Arguments of `deepq eval`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The run's folder
    run: PathBuf,
    /// Episodes [default: the experiment's evaluation.episodes]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    episodes: Option<u32>,
    /// The root of the evaluation's randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    checkpoint: String,
    /// Print the figures and the episodes' returns as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// Evaluates.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let screen = Screen::new(false);
    logging::start(&screen);
    let settings = arguments
        .machine
        .settings(&screen, interrupt::flag(&screen, STOPPING, |screen| screen.line("Ended at once."))?)?;
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
        output::print(&format!("{json}\n"))?;
    } else {
        let EvaluationFigures { mean, std, min, max, median, episodes, at_step } = figures;
        let line = format!(
            "{episodes} episodes with the weights of step {}: mean {mean:.2} ± {std:.2}, median {median:.2}, min {min:.2}, \
             max {max:.2}",
            grouped(at_step)
        );
        output::print(&format!("{}\n", output::fitting(&line, 2)))?;
    }
    Ok(ExitCode::SUCCESS)
}
