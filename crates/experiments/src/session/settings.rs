//! What a run needs beside its experiment.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use deepq_envs::Registry;
use deepq_nets::DeviceChoice;

use crate::RunError;
use crate::listeners::Screen;

/// What a run needs beside its experiment; no result depends on it.
#[derive(Clone)]
pub struct Settings {
    /// The environments there are.
    pub registry: Registry,
    /// Where the networks live.
    pub device: DeviceChoice,
    /// Threads of the pool; as many as the machine has where it is not given.
    pub threads: Option<usize>,
    /// A replay memory of at least so many bytes is written to checkpoints in increments: only what is new. A smaller one is
    /// written whole, so that each checkpoint stands for itself.
    pub increments_from: u64,
    /// The screen.
    pub screen: Screen,
    /// Set from outside to ask the run to end with a checkpoint.
    pub stop: Arc<AtomicBool>,
    /// Whether other runs are in the process: the most memory that it held is then no figure of this one.
    pub shares_process: bool,
    /// Called when the run has its folder.
    pub on_start: Arc<dyn Fn() + Send + Sync>,
    /// Called on each of the run's own threads, before anything else happens there.
    pub on_thread: Arc<dyn Fn() + Send + Sync>,
}

impl Default for Settings {
    /// The environments of [`deepq_envs`], the best device, all threads, increments from 64 MiB on, and nothing on the screen.
    fn default() -> Self {
        Self {
            registry: Registry::standard(),
            device: DeviceChoice::default(),
            threads: None,
            increments_from: 64 << 20,
            screen: Screen::new(true),
            stop: Arc::default(),
            shares_process: false,
            on_start: Arc::new(|| {}),
            on_thread: Arc::new(|| {}),
        }
    }
}

impl Settings {
    /// Does something in a pool of threads of its own, of which it is told how many there are.
    pub(super) fn in_pool<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> Result<T, RunError> {
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
        let on_thread = Arc::clone(&self.on_thread);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(move |_| on_thread()).build();
        let pool = pool.map_err(|error| RunError::Threads { threads, reason: error.to_string() })?;
        Ok(pool.install(|| work(threads)))
    }
}
