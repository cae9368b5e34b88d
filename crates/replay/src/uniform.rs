//! Replay that stores whole transitions.

mod transitions;
mod waiting;

use std::io;

use bytemuck::Pod;
use rand_core::Rng;

use self::transitions::{Record, Transitions};
use self::waiting::Waiting;
use crate::checked::{CheckedReader, CheckedWriter};
use crate::increment::{Increment, Mark, Restoring};
use crate::settings::Settings;
use crate::{Batch, Increments, Layout, NStep, Replay, ReplayError, ReplayKind, Transition, draw, memory};

/// Uniform replay of whole transitions: the right one for vectors of measurements.
///
/// It holds the newest `capacity` transitions of all streams in one ring, in the order in which they became complete:
/// with n-step returns a transition is complete when its last step is known. Both observations are stored, so that a
/// transition stays whole whatever happens to its neighbours. For stacks of frames
/// [`FrameReplay`](crate::FrameReplay) needs an eighth of the memory.
pub struct UniformReplay<T> {
    capacity: usize,
    layout: Layout,
    n_step: NStep,
    transitions: Transitions<T>,
    /// The steps of each stream that are not complete transitions yet.
    streams: Vec<Waiting<T>>,
}

impl<T: Pod + Send + Sync> UniformReplay<T> {
    /// An empty replay. The layout's stack does not matter here: a stack is one observation like any other.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for impossible values, [`ReplayError::OutOfMemory`] where the operating system refuses
    /// the memory.
    pub fn new(capacity: usize, layout: &Layout, n_step: NStep) -> Result<Self, ReplayError> {
        let bytes = Self::planned_bytes(capacity, layout, &n_step)?;
        let too_large = |_| ReplayError::OutOfMemory { bytes };
        let streams = (0..layout.streams).map(|_| Waiting::new(layout.observation_len, n_step.n()));
        Ok(Self {
            capacity,
            layout: *layout,
            transitions: Transitions::new(capacity, layout.observation_len).map_err(too_large)?,
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
        let transitions = Transitions::<T>::planned_bytes(capacity, layout.observation_len);
        let stream = Waiting::<T>::planned_bytes(layout.observation_len, n_step.n());
        let streams = stream.saturating_mul(layout.streams as u64);
        memory::addressable(transitions.saturating_add(streams).saturating_add(size_of::<Self>() as u64))
    }

    fn stream(&mut self, stream: usize, observation: &[T]) -> Result<&mut Waiting<T>, ReplayError> {
        let streams = self.streams.len();
        let waiting = self.streams.get_mut(stream).ok_or(ReplayError::Stream { stream, streams })?;
        let (expected, found) = (self.layout.observation_len, observation.len());
        if expected == found { Ok(waiting) } else { Err(ReplayError::ObservationLength { expected, found }) }
    }

    fn settings(&self) -> Settings {
        Settings::of::<T>(ReplayKind::Uniform, self.capacity, &self.layout, &self.n_step)
    }

    fn read_increment(&mut self, from: &mut dyn io::Read, restoring: &mut Restoring) -> Result<(), ReplayError> {
        let mut from = CheckedReader::new(from)?;
        self.settings().expect(&mut from)?;
        for range in Increment::read_ranges(&mut from, std::iter::once(self.capacity))? {
            restoring.take(0, &range, self.transitions.written())?;
            self.transitions.load(range, &mut from)?;
        }
        self.streams.iter_mut().try_for_each(|waiting| waiting.load(&mut from))?;
        from.finish()
    }
}

impl<T: Pod + Send + Sync> Replay<T> for UniformReplay<T> {
    fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError> {
        let waiting = self.stream(stream, observation)?;
        if waiting.running() {
            return Err(ReplayError::EpisodeRunning { stream });
        }
        waiting.begin(observation);
        Ok(())
    }

    fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError> {
        let &Transition { action, reward, next_observation, end } = transition;
        if !self.stream(stream, next_observation)?.running() {
            return Err(ReplayError::NoEpisode { stream });
        }
        let waiting = &mut self.streams[stream];
        waiting.push(action, reward, end);
        while waiting.complete(self.n_step.n(), end) {
            let outcome = self.n_step.outcome(waiting.steps());
            let record = Record { action: waiting.action(), reward: outcome.reward, discount: outcome.discount };
            self.transitions.append(record, waiting.observation(), next_observation);
            waiting.leave();
        }
        waiting.arrive(next_observation, end);
        Ok(())
    }

    fn len(&self) -> usize {
        self.transitions.len()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn size_in_bytes(&self) -> u64 {
        let streams = self.streams.iter().map(Waiting::size_in_bytes).sum::<u64>();
        self.transitions.size_in_bytes() + streams + size_of::<Self>() as u64
    }

    fn sample(&self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        if self.is_empty() {
            return Err(ReplayError::Empty);
        }
        let len = self.layout.observation_len;
        batch.resize(batch_size, len)?;
        let rows = batch.observations.chunks_exact_mut(len).zip(batch.next_observations.chunks_exact_mut(len));
        for (row, (into, into_next)) in rows.enumerate() {
            let slot = draw::below(rng, self.transitions.len() as u64) as usize;
            let (record, observation, next_observation) = self.transitions.get(slot);
            into.copy_from_slice(observation);
            into_next.copy_from_slice(next_observation);
            batch.actions[row] = record.action;
            batch.rewards[row] = record.reward;
            batch.discounts[row] = record.discount;
        }
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark { written: vec![self.transitions.written()] }
    }

    fn save_since(&self, since: &Mark, to: &mut dyn io::Write) -> Result<Increment, ReplayError> {
        let until = self.mark();
        let first = since.within(&until)?.into_iter().map(|written| written.max(self.transitions.oldest()));
        let increment = Increment { first: first.collect(), until };
        let mut to = CheckedWriter::new(to)?;
        self.settings().write(&mut to)?;
        increment.write(&mut to)?;
        increment.first.iter().try_for_each(|&first| self.transitions.save(first, &mut to))?;
        self.streams.iter().try_for_each(|waiting| waiting.save(&mut to))?;
        to.finish()?;
        Ok(increment)
    }

    fn needs(&self, increment: &Increment) -> bool {
        increment.until.written.iter().any(|&until| until > self.transitions.oldest())
    }

    fn restore<'a>(&mut self, increments: &mut Increments<'_, 'a>) -> Result<(), ReplayError> {
        let mut restored = Self::new(self.capacity, &self.layout, self.n_step.clone())?;
        let mut restoring = Restoring::new(1);
        for increment in increments {
            restored.read_increment(&mut *increment?, &mut restoring)?;
        }
        restoring.finish(std::iter::once(restored.transitions.oldest()))?;
        *self = restored;
        tracing::debug!(transitions = self.len(), "restored a replay");
        Ok(())
    }
}
