//! The command line.
//!
//! Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted: by one signal a run writes a checkpoint before
//! it ends, by a second one it ends at once.

mod artifacts;
mod bench;
mod eval;
mod export;
mod interrupt;
mod list;
mod logging;
mod machine;
mod parity;
mod play;
mod plot;
mod record;
mod report;
mod roms;
mod stdout;
mod train;
mod train_seeds;
mod usage_error;

use std::process::ExitCode;

use deepq_commands::{Arguments, Command};
use deepq_experiments::RunError;
use deepq_experiments::config::ConfigError;
use deepq_experiments::listeners::Screen;
use deepq_experiments::recording::RecordingError;
use deepq_report::plot::PlotError;
use deepq_runs::{HistoryError, StorageError};

use crate::invocation;

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let arguments: Arguments = deepq_commands::read(invocation::program_name()).unwrap_or_else(|error| leave(&error));
    let result = match arguments.command {
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
    of_run || of_plot || of_history || error.is::<ConfigError>() || error.is::<usage_error::UsageError>()
}
