//! The command line.
//!
//! Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted: by one signal a run writes a checkpoint before
//! it ends, by a second one it ends at once.

mod bench;
mod eval;
mod export;
mod interrupt;
mod list;
mod logging;
mod machine;
mod mistakes;
mod naming;
mod number;
mod output;
mod parity;
mod play;
mod plot;
mod record;
mod report;
mod results;
mod seeds;
mod train;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use deepq_experiments::RunError;
use deepq_experiments::config::ConfigError;
use deepq_experiments::listeners::Screen;
use deepq_experiments::recording::RecordingError;
use deepq_report::plot::PlotError;
use deepq_runs::{HistoryError, StorageError};

const FIRST_STEPS: &str = "\
First steps:
  deepq list             what there is to train
  deepq train cartpole   a full run on a small task; it names its folder
  deepq eval FOLDER      play greedily with what it learned
  deepq help train       all options of a command, with examples

Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted.";

/// Value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(name = "deepq", version, arg_required_else_help = true, after_help = FIRST_STEPS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train an experiment, or go on with a run
    Train(train::Arguments),
    /// Evaluate a run's weights by its experiment's protocol
    Eval(eval::Arguments),
    /// Give a run to others: an ONNX model, its weights, a model card
    Export(export::Arguments),
    /// Play with a run's weights and save what it looks like
    Record(record::Arguments),
    /// Draw learning curves of runs as SVG or PNG
    Plot(plot::Arguments),
    /// Write a report about runs, as one HTML page
    Report(report::Arguments),
    /// Play in the terminal, or watch a trained agent play there
    Play(play::Arguments),
    /// Replay episodes recorded with Gymnasium; exit 0 only if every bit is equal
    Parity(parity::Arguments),
    /// Measure speed, side by side with the peers that are installed
    Bench(bench::Arguments),
    /// List experiments, environments, agents and networks
    List(list::Arguments),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let parsed = naming::named(Arguments::command()).try_get_matches();
    let parsed = parsed.and_then(|matches| Arguments::from_arg_matches(&matches));
    let result = match parsed.unwrap_or_else(|error| leave(&error)).command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Play(arguments) => play::run(&arguments),
        Command::Parity(arguments) => parity::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        Screen::new(false).line(&format!("error: {error:#}"));
        ExitCode::from(if is_wrong_usage(&error) { 2 } else { 1 })
    })
}

/// Shows help, or what is wrong with the command line, in lines that fit.
fn leave(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let screen = Screen::new(false);
    let text = error.render();
    screen.write(&if screen.colours() { text.ansi().to_string() } else { text.to_string() });
    std::process::exit(error.exit_code());
}

/// Whether what was asked for is wrong, and not the world.
fn is_wrong_usage(error: &anyhow::Error) -> bool {
    use RunError::{Changed, Config, Exported, GoalReached, OneRun, Recording, Storage, TooFewSteps};
    let of_run = error.downcast_ref::<RunError>().is_some_and(|error| {
        matches!(
            error,
            Config(_)
                | TooFewSteps { .. }
                | Changed { .. }
                | GoalReached { .. }
                | OneRun { .. }
                | Exported { .. }
                | Storage(StorageError::UnknownCheckpoint { .. })
                | Recording(RecordingError::Format { .. })
        )
    });
    let of_plot = error
        .downcast_ref::<PlotError>()
        .is_some_and(|error| matches!(error, PlotError::UnknownTag { .. } | PlotError::Format { .. }));
    let of_history = |error: &HistoryError| matches!(error, HistoryError::Document(_));
    let of_history = error.downcast_ref().is_some_and(of_history)
        || matches!(error.downcast_ref(), Some(PlotError::History(error)) if of_history(error));
    of_run || of_plot || of_history || error.is::<ConfigError>() || error.is::<mistakes::Mistake>()
}
