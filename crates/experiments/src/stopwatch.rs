//! Where a run's time goes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deepq_replay::{Batch, Increment, Increments, Mark, Replay, ReplayError, Transition};
use rand_core::Rng;

/// Adds up the time of one kind of work. Clones add to the same sum, on whatever thread they are.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// Does the work and adds its time.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        let nanoseconds = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanoseconds, Ordering::Relaxed);
        result
    }

    /// The sum.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// A replay whose sampling is timed; nothing else about it is different.
pub(crate) struct TimedReplay<T> {
    /// The replay.
    pub(crate) replay: Box<dyn Replay<T>>,
    /// The time of [`Replay::sample`].
    pub(crate) sampling: Stopwatch,
}

impl<T> Replay<T> for TimedReplay<T> {
    fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError> {
        self.replay.begin(stream, observation)
    }

    fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError> {
        self.replay.push(stream, transition)
    }

    fn len(&self) -> usize {
        self.replay.len()
    }

    fn capacity(&self) -> usize {
        self.replay.capacity()
    }

    fn size_in_bytes(&self) -> u64 {
        self.replay.size_in_bytes()
    }

    fn sample(&self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        self.sampling.time(|| self.replay.sample(batch_size, rng, batch))
    }

    fn save(&self, to: &mut dyn io::Write) -> Result<(), ReplayError> {
        self.replay.save(to)
    }

    fn load(&mut self, from: &mut dyn io::Read) -> Result<(), ReplayError> {
        self.replay.load(from)
    }

    fn mark(&self) -> Mark {
        self.replay.mark()
    }

    fn save_since(&self, since: &Mark, to: &mut dyn io::Write) -> Result<Increment, ReplayError> {
        self.replay.save_since(since, to)
    }

    fn needs(&self, increment: &Increment) -> bool {
        self.replay.needs(increment)
    }

    fn restore<'a>(&mut self, increments: &mut Increments<'_, 'a>) -> Result<(), ReplayError> {
        self.replay.restore(increments)
    }
}
