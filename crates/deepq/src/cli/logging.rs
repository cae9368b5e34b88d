//! What the crates say through `tracing`: warnings on the screen, more of it in the run's `log.txt`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deepq_experiments::listeners::Screen;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

thread_local! {
    /// The seed whose run the thread works for, where there are several.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What the thread says from now on belongs to the run of this seed.
pub(super) fn belongs_to(seed: u64) {
    SEED.set(Some(seed));
}

/// The log files: one, and one for each seed where there are several. They are known only once a run has a folder: what is
/// said before waits.
#[derive(Clone, Default)]
pub(super) struct LogFiles {
    of_seeds: Arc<Mutex<BTreeMap<Option<u64>, LogFile>>>,
}

/// What is said before a file is there is some lines; where there is never one, no more is kept than this.
const MOST_WAITING: usize = 64 * 1024;

enum LogFile {
    Waiting(Vec<u8>),
    /// Opened for each line, so that a thousand seeds do not take a thousand open files.
    At(PathBuf),
}

impl LogFiles {
    /// What the thread says goes to this file from now on, what waited first. A log that cannot be written stops no run.
    pub(super) fn open(&self, path: &Path) {
        let file = self.lock().insert(SEED.get(), LogFile::At(path.to_owned()));
        if let Some(LogFile::Waiting(waiting)) = file
            && let Err(error) = append(path, &waiting)
        {
            eprintln!("warning: cannot write {}: {error}", path.display());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Option<u64>, LogFile>> {
        self.of_seeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
}

impl Write for LogFiles {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.lock().entry(SEED.get()).or_insert_with(|| LogFile::Waiting(Vec::new())) {
            LogFile::Waiting(waiting) if waiting.len() < MOST_WAITING => waiting.extend_from_slice(bytes),
            LogFile::Waiting(_) => {}
            LogFile::At(path) => append(path, bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFiles {
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
        self.0.write(&String::from_utf8_lossy(bytes));
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
pub(super) fn start(screen: &Screen) -> LogFiles {
    let file = LogFiles::default();
    let asked = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let shown = fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(screen.colours())
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
