//! Ctrl-C, and the SIGTERM that schedulers send.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use deepq_experiments::listeners::Screen;
use deepq_experiments::terminal;

/// Exit code of a run that was interrupted: 128 and the number of SIGINT.
const INTERRUPTED: u8 = 130;

/// Exit code for a run that ended because it was asked to.
pub(super) fn exit_code() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

/// How long a program that has the terminal may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a run that trains or is evaluated says then.
pub(super) const STOPPING: &str = "Stopping after a checkpoint; once more to stop at once.";

/// A flag that the first signal sets, which `stopping` answers. The second ends the program at once.
pub(super) fn flag(screen: &Screen, stopping: &'static str) -> anyhow::Result<Arc<AtomicBool>> {
    let (asked, ended) = (screen.clone(), screen.clone());
    watch(move || asked.line(stopping), move || ended.leave())
}

/// The same while the terminal is taken, which is put back in either case.
pub(super) fn flag_of_terminal() -> anyhow::Result<Arc<AtomicBool>> {
    // Whoever waits for a key of a terminal that is gone never looks at the flag.
    let end = || {
        thread::sleep(PATIENCE);
        terminal::restore();
        std::process::exit(i32::from(INTERRUPTED));
    };
    watch(end, terminal::restore)
}

fn watch(
    first: impl Fn() + Send + 'static,
    before_the_end: impl Fn() + Send + 'static,
) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            before_the_end();
            std::process::exit(i32::from(INTERRUPTED));
        }
        first();
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(stop)
}
