//! What the crates say through `tracing`: warnings on the screen, more of it in the run's `log.txt`.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use deepq_experiments::listeners::Screen;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The log file, which is known only once the run has a folder: what is said before waits.
#[derive(Clone)]
pub(super) struct LogFile {
    state: Arc<Mutex<State>>,
}

enum State {
    Waiting(Vec<u8>),
    Open(File),
}

impl LogFile {
    /// Writes to this file from now on, what waited first. A log that cannot be written stops no run.
    pub(super) fn open(&self, path: &Path) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match OpenOptions::new().create(true).append(true).open(path) {
            Ok(mut file) => {
                if let State::Waiting(waiting) = &*state {
                    let _ = file.write_all(waiting);
                }
                *state = State::Open(file);
            }
            Err(error) => eprintln!("warning: cannot write {}: {error}", path.display()),
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Waiting(waiting) => waiting.write(bytes),
            State::Open(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Writes above the progress bar.
#[derive(Clone)]
struct OnScreen(Screen);

impl Write for OnScreen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for OnScreen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Listens to what the crates say: on the screen what `RUST_LOG` asks for (else warnings), in the file what the run did.
pub(super) fn start(screen: &Screen) -> LogFile {
    let file = LogFile { state: Arc::new(Mutex::new(State::Waiting(Vec::new()))) };
    let asked = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let shown = fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(OnScreen(screen.clone()))
        .with_filter(asked);
    let written = fmt::layer()
        .with_ansi(false)
        .with_writer(file.clone())
        .with_filter(EnvFilter::new("warn,deepq=debug,deepq_experiments=debug,deepq_agents=info,deepq_nets=info"));
    // Only tests that start it twice could fail here.
    let _ = tracing_subscriber::registry().with(shown).with(written).try_init();
    file
}
