//! The project's command line.
//!
//! `cargo xtask <command>` brings what a command needs and the machine lacks (CMake and the Atari ROMs, both from PyPI),
//! builds the program `deepq` and runs it with the same arguments. It knows the command line and nothing else: no
//! environment, no network, no agent; that is why it compiles in seconds.
//!
//! Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted.

mod bench;
mod ci;
mod command;
mod deepq;
mod draw;
mod fuzz;
mod games;
mod number;
mod python;
mod reproduce;
mod roms;
mod soak;
mod test;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use command::{Arguments, Command};
use workspace::Workspace;

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    run(&command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Train(_)
        | Command::Eval(_)
        | Command::Record(_)
        | Command::Export(_)
        | Command::Play(_)
        | Command::Parity(_)
        | Command::List(_) => {
            roms::provide(&workspace, &games::needed(command, &workspace)?)?;
            deepq::run(&workspace, std::env::args_os().skip(1))
        }
        Command::Plot(_) | Command::Report(_) => deepq::run(&workspace, std::env::args_os().skip(1)),
        Command::Bench(arguments) => {
            roms::provide(&workspace, &games::needed(command, &workspace)?)?;
            bench::prepare(&workspace, arguments)?;
            deepq::run(&workspace, std::env::args_os().skip(1))
        }
        Command::Reproduce(arguments) => reproduce::run(&workspace, arguments),
        Command::Soak(arguments) => soak::run(&workspace, arguments),
        Command::Fuzz(arguments) => fuzz::run(&workspace, arguments),
        Command::Roms(arguments) => roms::run(&workspace, arguments),
        Command::Test(arguments) => test::run(&workspace, arguments),
        Command::Ci(arguments) => ci::run(&workspace, arguments),
    }
}
