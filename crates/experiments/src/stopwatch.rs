//! Where a run's time goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deepq_replay::SampleHook;

/// Adds up the time of one kind of work. Clones add to the same sum, on whatever thread they are.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// Does the work and adds its time.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.add(begun.elapsed());
        result
    }

    fn add(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The sum.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Adds the time that a replay takes for its samples.
pub(crate) struct SamplingWatch {
    sampling: Stopwatch,
    /// When the sample that is under way began.
    begun: Option<Instant>,
}

impl SamplingWatch {
    /// Adds to a stopwatch.
    pub(crate) fn new(sampling: Stopwatch) -> Self {
        Self { sampling, begun: None }
    }
}

impl SampleHook for SamplingWatch {
    fn before(&mut self) {
        self.begun = Some(Instant::now());
    }

    fn after(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.sampling.add(begun.elapsed());
        }
    }
}
