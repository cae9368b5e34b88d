//! Other processes, without programs that a small machine may lack.

use std::process::Child;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use sysinfo::{ProcessStatus, ProcessesToUpdate, System};

/// Sends a signal to a program that was started.
///
/// # Errors
///
/// If it has ended and was waited for.
pub fn send(signal: Signal, child: &Child) -> Result<()> {
    kill_process(Pid::from_child(child), signal).with_context(|| format!("cannot send {signal:?}"))
}

/// Whether a process runs, by its number in decimal digits. One that has ended and that nobody has asked about does not.
///
/// # Errors
///
/// If that is no number.
pub fn is_running(process: &str) -> Result<bool> {
    let number: sysinfo::Pid = process.trim().parse().with_context(|| format!("{process:?} is no process"))?;
    let mut system = System::new()?;
    system.refresh_processes(ProcessesToUpdate::Some(&[number]), true);
    Ok(system.process(number).is_some_and(|process| process.status() != ProcessStatus::Zombie))
}
