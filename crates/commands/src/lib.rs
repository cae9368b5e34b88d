//! The commands of `deepq`: what each of them takes, and the words of its help.
//!
//! Two programs read this command line. `deepq` does what it says; `cargo xtask` first fetches and builds what that needs, and
//! refuses what is wrong before it does. So [`Command`] is written once, one file a command, and [`read`] gives either program
//! its own name in all help and examples.
//!
//! This crate knows no environment, no network and no algorithm, so that `cargo xtask` compiles in seconds. What only those know
//! (experiments, environments, devices, instruction sets) is text here, which `deepq` reads before it does anything else.

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod bench;
mod eval;
mod export;
mod list;
mod machine;
pub mod number;
mod parity;
mod play;
mod plot;
mod program_name;
mod record;
mod report;
mod seed_list;
mod train;

use clap::{Parser, Subcommand};

pub use bench::{Bench, Benchmark};
pub use eval::Eval;
pub use export::Export;
pub use list::List;
pub use machine::{Machine, RomFolder};
pub use parity::Parity;
pub use play::Play;
pub use plot::{Plot, XAxis};
pub use record::Record;
pub use report::Report;
pub use seed_list::SeedList;
pub use train::Train;

/// What is shown below the list of commands.
pub const FIRST_STEPS: &str = "\
First steps:
  deepq list             what there is to train
  deepq train cartpole   a full run on a small task; it names its folder
  deepq eval FOLDER      play greedily with what it learned
  deepq help train       all options of a command, with examples

Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted.";

/// Value-based deep reinforcement learning, from CartPole to Atari.
#[derive(Debug, Parser)]
#[command(name = "deepq", version, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command of `deepq`, with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train an experiment, or go on with a run
    Train(Train),
    /// Evaluate a run's weights by its experiment's protocol
    Eval(Eval),
    /// Give a run to others: an ONNX model, its weights, a model card
    Export(Export),
    /// Play with a run's weights and save what it looks like
    Record(Record),
    /// Draw learning curves of runs as SVG or PNG
    Plot(Plot),
    /// Write a report about runs, as one HTML page
    Report(Report),
    /// Play in the terminal, or watch a trained agent play there
    Play(Play),
    /// Replay episodes recorded with Gymnasium; exit 0 only if every bit is equal
    Parity(Parity),
    /// Measure speed, side by side with the peers that are installed
    Bench(Bench),
    /// List experiments, environments, agents and networks
    List(List),
}

/// Reads what this process was started with. `program` is what its user typed, `deepq` or `cargo xtask`: help and examples call
/// it that.
///
/// # Errors
///
/// What is wrong with it, or the help that it asks for; [`clap::Error::exit`] shows either.
pub fn read<A: Parser>(program: &'static str) -> Result<A, clap::Error> {
    let matches = program_name::named(program, A::command()).try_get_matches()?;
    A::from_arg_matches(&matches)
}
