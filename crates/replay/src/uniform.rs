//! Replay that stores whole transitions.

use bytemuck::Pod;
use rand_core::Rng;

use crate::n_step::Outcome;
use crate::{Batch, End, Layout, NStep, Replay, ReplayError, Transition, draw, memory};

/// Uniform replay of whole transitions: the right one for vectors of measurements.
///
/// It holds the newest `capacity` transitions of all streams in one ring, in the order in which they became complete:
/// with n-step returns a transition is complete when its last step is known. Both observations are stored, so that a
/// transition stays whole whatever happens to its neighbours. For stacks of frames
/// [`FrameReplay`](crate::FrameReplay) needs an eighth of the memory.
#[derive(Clone, Debug)]
pub struct UniformReplay<T> {
    capacity: usize,
    observation_len: usize,
    n_step: NStep,
    /// For each slot of the ring the observation and the next observation.
    observations: Vec<T>,
    records: Vec<Record>,
    /// Transitions ever stored; the next one goes to slot `written % capacity`.
    written: u64,
    streams: Vec<Stream<T>>,
}

/// What a slot holds beside its observations.
#[derive(Clone, Copy, Debug)]
struct Record {
    action: u32,
    reward: f32,
    discount: f32,
}

/// The steps of a stream that are not complete transitions yet: a ring of `n + 1` observations, each but the newest with
/// the step that followed it.
#[derive(Clone, Debug)]
struct Stream<T> {
    observations: Vec<T>,
    steps: Vec<(u32, f32, End)>,
    /// Slot of the oldest waiting step.
    oldest: usize,
    /// Steps waiting: 0 to n - 1 between two calls.
    waiting: usize,
    /// Whether an episode is running, so that the newest observation is one.
    running: bool,
}

impl<T: Pod + Send + Sync> UniformReplay<T> {
    /// An empty replay. The layout's stack does not matter here: a stack is one observation like any other.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for impossible values, [`ReplayError::OutOfMemory`] where the operating system refuses
    /// the memory.
    pub fn new(capacity: usize, layout: &Layout, n_step: NStep) -> Result<Self, ReplayError> {
        let size = Self::planned_bytes(capacity, layout, &n_step)?;
        let too_large = |_| ReplayError::OutOfMemory { bytes: size };
        let streams = (0..layout.streams).map(|_| Stream::new(layout.observation_len, n_step.n()));
        Ok(Self {
            capacity,
            observation_len: layout.observation_len,
            observations: memory::reserve(2 * capacity * layout.observation_len).map_err(too_large)?,
            records: memory::reserve(capacity).map_err(too_large)?,
            written: 0,
            streams: streams.collect::<Result<_, _>>().map_err(too_large)?,
            n_step,
        })
    }

    /// Bytes that such a replay takes when it is full, without making one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn planned_bytes(capacity: usize, layout: &Layout, n_step: &NStep) -> Result<u64, ReplayError> {
        layout.check()?;
        if capacity == 0 {
            return Err(ReplayError::setting("capacity", &capacity, "must be at least 1"));
        }
        let row = memory::bytes::<T>(layout.observation_len);
        let slot = row.saturating_mul(2).saturating_add(size_of::<Record>() as u64);
        let step = row.saturating_add(size_of::<(u32, f32, End)>() as u64);
        let stream = (n_step.n() as u64 + 1).saturating_mul(step).saturating_add(size_of::<Stream<T>>() as u64);
        let ring = slot.saturating_mul(capacity as u64);
        memory::addressable(ring.saturating_add(stream.saturating_mul(layout.streams as u64)))
    }

    fn stream(&mut self, stream: usize) -> Result<&mut Stream<T>, ReplayError> {
        let streams = self.streams.len();
        self.streams.get_mut(stream).ok_or(ReplayError::Stream { stream, streams })
    }

    /// Moves the oldest waiting step of a stream, with the ones it is summed up with, into the ring.
    fn store(&mut self, stream: usize, next_observation: &[T]) {
        let waiting = &mut self.streams[stream];
        let Outcome { reward, discount, .. } = self.n_step.outcome(waiting.steps());
        let record = Record { action: waiting.steps[waiting.oldest].0, reward, discount };
        let row = waiting.row(0, self.observation_len);
        let observation = &waiting.observations[row];
        let slot = (self.written % self.capacity as u64) as usize;
        if slot == self.records.len() {
            self.observations.extend_from_slice(observation);
            self.observations.extend_from_slice(next_observation);
            self.records.push(record);
        } else {
            let rows = &mut self.observations[2 * slot * self.observation_len..][..2 * self.observation_len];
            let (first, second) = rows.split_at_mut(self.observation_len);
            first.copy_from_slice(observation);
            second.copy_from_slice(next_observation);
            self.records[slot] = record;
        }
        self.written += 1;
        waiting.oldest = (waiting.oldest + 1) % waiting.steps.len();
        waiting.waiting -= 1;
    }
}

impl<T: Pod> Stream<T> {
    fn new(observation_len: usize, n: usize) -> Result<Self, ReplayError> {
        let mut observations = Vec::new();
        memory::resize(&mut observations, (n + 1) * observation_len)?;
        Ok(Self { observations, steps: vec![(0, 0.0, End::Running); n + 1], oldest: 0, waiting: 0, running: false })
    }

    /// Where the observation lies that is `later` steps after the oldest waiting one.
    fn row(&self, later: usize, observation_len: usize) -> std::ops::Range<usize> {
        let slot = (self.oldest + later) % self.steps.len();
        slot * observation_len..(slot + 1) * observation_len
    }

    /// Rewards and ends of the waiting steps, oldest first.
    fn steps(&self) -> impl Iterator<Item = (f32, End)> {
        (0..self.waiting).map(|later| {
            let (_, reward, end) = self.steps[(self.oldest + later) % self.steps.len()];
            (reward, end)
        })
    }
}

impl<T: Pod + Send + Sync> Replay<T> for UniformReplay<T> {
    fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError> {
        let expected = self.observation_len;
        let waiting = self.stream(stream)?;
        if observation.len() != expected {
            return Err(ReplayError::ObservationLength { expected, found: observation.len() });
        }
        if waiting.running {
            return Err(ReplayError::EpisodeRunning { stream });
        }
        waiting.running = true;
        let row = waiting.row(0, expected);
        waiting.observations[row].copy_from_slice(observation);
        Ok(())
    }

    fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError> {
        let expected = self.observation_len;
        let n = self.n_step.n();
        let &Transition { action, reward, next_observation, end } = transition;
        let waiting = self.stream(stream)?;
        if next_observation.len() != expected {
            return Err(ReplayError::ObservationLength { expected, found: next_observation.len() });
        }
        if !waiting.running {
            return Err(ReplayError::NoEpisode { stream });
        }
        let newest = (waiting.oldest + waiting.waiting) % waiting.steps.len();
        waiting.steps[newest] = (action, reward, end);
        waiting.waiting += 1;
        waiting.running = !end.over();
        let row = waiting.row(waiting.waiting, expected);
        waiting.observations[row].copy_from_slice(next_observation);

        let complete = match (end, waiting.waiting) {
            (End::Running, waiting) => usize::from(waiting == n),
            (_, waiting) => waiting,
        };
        for _ in 0..complete {
            self.store(stream, next_observation);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.records.len()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn size_in_bytes(&self) -> u64 {
        let ring = memory::bytes::<T>(self.observations.len()) + memory::bytes::<Record>(self.records.len());
        let stream = |stream: &Stream<T>| {
            memory::bytes::<T>(stream.observations.len())
                + memory::bytes::<(u32, f32, End)>(stream.steps.len())
                + size_of::<Stream<T>>() as u64
        };
        ring + self.streams.iter().map(stream).sum::<u64>()
    }

    fn sample(&self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        if self.records.is_empty() {
            return Err(ReplayError::Empty);
        }
        let len = self.observation_len;
        batch.resize(batch_size, len)?;
        let rows = batch.observations.chunks_exact_mut(len).zip(batch.next_observations.chunks_exact_mut(len));
        for (row, (observation, next_observation)) in rows.enumerate() {
            let slot = draw::below(rng, self.records.len() as u64) as usize;
            let (first, second) = self.observations[2 * slot * len..][..2 * len].split_at(len);
            observation.copy_from_slice(first);
            next_observation.copy_from_slice(second);
            let record = self.records[slot];
            batch.actions[row] = record.action;
            batch.rewards[row] = record.reward;
            batch.discounts[row] = record.discount;
        }
        Ok(())
    }
}
