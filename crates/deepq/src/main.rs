//! The program `deepq`: experiments from the command line.

mod cli;
mod invocation;

use std::process::ExitCode;

/// The system's allocator gives big blocks back to the kernel each time; this one keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
