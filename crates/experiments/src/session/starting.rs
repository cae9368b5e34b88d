//! Says what is waited for where environments take long to start.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::assembly::Assembly;
use crate::listeners::Screen;

/// What takes less time is not worth a word.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time from one word to the next.
const AGAIN: Duration = Duration::from_secs(5);

/// Makes environments of an assembly. Where that takes long the screen says how far it is.
pub(super) fn with_progress<T>(assembly: &Assembly<'_>, screen: &Screen, make: impl FnOnce() -> T) -> T {
    let (done, wait) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut patience = PATIENCE;
            while wait.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                let (started, all) = assembly.started();
                let id = &assembly.experiment.environment.id;
                screen.note(&format!("Starting environments of {id}: {started} of {all} so far"));
                patience = AGAIN;
            }
        });
        let made = make();
        drop(done);
        made
    })
}
