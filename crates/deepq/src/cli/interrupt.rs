//! Ctrl-C, and the SIGTERM that schedulers send.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::Group;
use deepq_experiments::terminal;
use deepq_runs::{Kind, RunFolder, grouped};

use crate::invocation;

/// Exit code of what was interrupted, once or twice: 128 and the number of SIGINT.
const INTERRUPTED: u8 = 130;

/// Exit code for a run that ended because it was asked to.
pub(super) fn exit_code() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

/// How long a program that has the terminal may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// A flag that the first signal sets, which `stopping` answers. The second ends the program at once, of which `ended` speaks.
pub(super) fn flag(
    screen: &Screen,
    stopping: &'static str,
    ended: impl Fn(&Screen) + Send + 'static,
) -> anyhow::Result<Arc<AtomicBool>> {
    flag_saying(screen, move || stopping, ended)
}

fn flag_saying(
    screen: &Screen,
    stopping: impl Fn() -> &'static str + Send + 'static,
    ended: impl Fn(&Screen) + Send + 'static,
) -> anyhow::Result<Arc<AtomicBool>> {
    let (asked, left) = (screen.clone(), screen.clone());
    let end = move || {
        left.leave();
        ended(&left);
    };
    watch(move || asked.line(stopping()), end)
}

/// The same for a run that trains, or for several seeds, in this folder.
pub(super) fn flag_of_training(screen: &Screen, folder: &Path) -> anyhow::Result<Arc<AtomicBool>> {
    let folder = folder.to_owned();
    let stopping = || {
        if DONE.load(Ordering::Relaxed) {
            "Stopping; what was trained is safe. Once more to end at once."
        } else {
            "Stopping after a checkpoint; once more to end at once."
        }
    };
    flag_saying(screen, stopping, move |screen| match goes_on_from(&folder) {
        _ if DONE.load(Ordering::Relaxed) => screen.line("Ended at once; what was trained is safe."),
        Some(from) => to_go_on(screen, &format!("Ended at once, without another checkpoint. {from}:"), &folder),
        None => screen.line("Ended at once, before anything was written."),
    })
}

/// Whether training is over, and what is made of it is under way: signals come once for the process.
static DONE: AtomicBool = AtomicBool::new(false);

/// From here on an interruption costs only what is made of a run.
pub(super) fn done() {
    DONE.store(true, Ordering::Relaxed);
}

/// Says how to make the video that an interruption has cost.
pub(super) fn no_video(screen: &Screen, run: &Path) {
    screen.command(
        "No video of the best weights was made; to make one:",
        &format!("{} record {}", invocation::program_name(), run.display()),
    );
}

/// What a run, or several seeds, can go on from, as far as there is one.
fn goes_on_from(folder: &Path) -> Option<String> {
    if Group::is_one(folder) {
        return Some("Each seed goes on from its last checkpoint".to_owned());
    }
    let steps = RunFolder::look_at(folder).ok()?.checkpoints().steps(Kind::Step).unwrap_or_default();
    Some(match steps.first() {
        Some(step) => format!("The run goes on from step {}, its last checkpoint", grouped(*step)),
        None => "The run has none yet, and starts again".to_owned(),
    })
}

/// Says how to go on with a run or several seeds.
pub(super) fn to_go_on(screen: &Screen, says: &str, folder: &Path) {
    screen.command(says, &format!("{} train --resume {}", invocation::program_name(), folder.display()));
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
