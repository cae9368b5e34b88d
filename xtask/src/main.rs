//! The project's command line.
//!
//! `cargo xtask <command>` brings what a command needs and the machine lacks (CMake and the Atari ROMs, both from PyPI),
//! builds the program `deepq` and runs it with the same arguments. It knows the command line (`deepq-commands`) and nothing
//! else: no environment, no network, no agent; that is why it compiles in seconds.
//!
//! Exit codes: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted.

mod bench;
mod ci;
mod command;
mod deepq;
mod draw;
mod fuzz;
mod games;
mod python;
mod reproduce;
mod roms;
mod soak;
mod test;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use command::{Arguments, Command, PROGRAM};
use workspace::Workspace;

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

fn main() -> ExitCode {
    let arguments: Arguments = deepq_commands::read(PROGRAM).unwrap_or_else(|error| error.exit());
    run(&arguments.command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Deepq(command) => {
            roms::provide(&workspace, &games::needed(command, &workspace)?)?;
            if let deepq_commands::Command::Bench(arguments) = command {
                bench::prepare(&workspace, arguments)?;
            }
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
