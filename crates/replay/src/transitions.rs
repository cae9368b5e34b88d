//! A store of whole transitions.

mod ring;
mod waiting;

use bytemuck::Pod;

use self::ring::{Record, Ring};
use self::waiting::Waiting;
use crate::checked::{CheckedReader, CheckedWriter};
use crate::restoring::Restoring;
use crate::settings::Settings;
use crate::store::contents::Contents;
use crate::{Batch, Change, Ids, Increment, Layout, Mark, NStep, ReplayError, ReplayKind, Store, Transition, memory};

/// Keeps whole transitions: the right store for vectors of measurements.
///
/// It holds the newest `capacity` transitions of all streams in one ring, in the order in which they became complete:
/// with n-step returns a transition is complete when its last step is known. Both observations are stored, so that a
/// transition stays whole whatever happens to its neighbours. For stacks of frames
/// [`FrameStore`](crate::FrameStore) needs an eighth of the memory.
///
/// The id of a transition is its number in that order, from 0 on.
pub struct TransitionStore<T> {
    capacity: usize,
    layout: Layout,
    n_step: NStep,
    transitions: Ring<T>,
    /// The steps of each stream that are not complete transitions yet.
    streams: Vec<Waiting<T>>,
}

impl<T: Pod + Send + Sync> TransitionStore<T> {
    /// An empty store. The layout's stack does not matter here: a stack is one observation like any other.
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
            transitions: Ring::new(capacity, layout.observation_len).map_err(too_large)?,
            streams: streams.collect::<Result<_, _>>().map_err(too_large)?,
            n_step,
        })
    }

    /// Bytes that such a store takes when it is full, without making one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn planned_bytes(capacity: usize, layout: &Layout, n_step: &NStep) -> Result<u64, ReplayError> {
        layout.check()?;
        if capacity == 0 {
            return Err(ReplayError::setting("capacity", &capacity, "must be at least 1"));
        }
        let transitions = Ring::<T>::planned_bytes(capacity, layout.observation_len);
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
}

impl<T: Pod + Send + Sync> Ids for TransitionStore<T> {
    fn len(&self) -> usize {
        self.transitions.len()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn contains(&self, id: u64) -> bool {
        self.transitions.contains(id)
    }

    fn places(&self) -> u64 {
        self.transitions.len() as u64
    }

    fn at(&self, place: u64) -> Option<u64> {
        self.transitions.number_in(place)
    }
}

impl<T: Pod + Send + Sync> Store<T> for TransitionStore<T> {
    fn begin(&mut self, stream: usize, observation: &[T], _: &mut dyn FnMut(Change)) -> Result<(), ReplayError> {
        let waiting = self.stream(stream, observation)?;
        if waiting.running() {
            return Err(ReplayError::EpisodeRunning { stream });
        }
        waiting.begin(observation);
        Ok(())
    }

    fn push(
        &mut self,
        stream: usize,
        transition: &Transition<'_, T>,
        tell: &mut dyn FnMut(Change),
    ) -> Result<(), ReplayError> {
        let &Transition { action, reward, next_observation, end } = transition;
        if !self.stream(stream, next_observation)?.running() {
            return Err(ReplayError::NoEpisode { stream });
        }
        let waiting = &mut self.streams[stream];
        waiting.push(action, reward, end);
        while waiting.complete(self.n_step.n(), end) {
            let outcome = self.n_step.outcome(waiting.steps());
            let record = Record { action: waiting.action(), reward: outcome.reward, discount: outcome.discount };
            let id = self.transitions.written();
            if let Some(oldest) = id.checked_sub(self.capacity as u64) {
                tell(Change::Gone(oldest));
            }
            self.transitions.append(record, waiting.observation(), next_observation);
            tell(Change::Available(id));
            waiting.leave();
        }
        waiting.arrive(next_observation, end);
        Ok(())
    }

    fn fill(&self, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        let len = self.layout.observation_len;
        batch.resize(batch.ids.len(), len)?;
        let rows = batch.observations.chunks_exact_mut(len).zip(batch.next_observations.chunks_exact_mut(len));
        for (row, (&id, (into, into_next))) in batch.ids.iter().zip(rows).enumerate() {
            if !self.transitions.contains(id) {
                return Err(ReplayError::Gone { id });
            }
            let (record, observation, next_observation) = self.transitions.get(self.transitions.slot(id));
            into.copy_from_slice(observation);
            into_next.copy_from_slice(next_observation);
            batch.actions[row] = record.action;
            batch.rewards[row] = record.reward;
            batch.discounts[row] = record.discount;
        }
        Ok(())
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn size_in_bytes(&self) -> u64 {
        let streams = self.streams.iter().map(Waiting::size_in_bytes).sum::<u64>();
        self.transitions.size_in_bytes() + streams + size_of::<Self>() as u64
    }

    fn mark(&self) -> Mark {
        Mark { written: vec![self.transitions.written()] }
    }

    fn needs(&self, increment: &Increment) -> bool {
        increment.until.written.iter().any(|&until| until > self.transitions.oldest())
    }
}

impl<T: Pod + Send + Sync> Contents<T> for TransitionStore<T> {
    fn settings(&self) -> Settings {
        Settings::of::<T>(ReplayKind::Uniform, self.capacity, &self.layout, &self.n_step)
    }

    fn since(&self, mark: &Mark) -> Result<Increment, ReplayError> {
        let until = self.mark();
        let first = mark.within(&until)?.into_iter().map(|written| written.max(self.transitions.oldest()));
        Ok(Increment { first: first.collect(), until })
    }

    fn save(&self, increment: &Increment, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        increment.first.iter().try_for_each(|&first| self.transitions.save(first, to))?;
        self.streams.iter().try_for_each(|waiting| waiting.save(to))
    }

    fn empty(&self) -> Result<Box<dyn Store<T>>, ReplayError> {
        Ok(Box::new(Self::new(self.capacity, &self.layout, self.n_step.clone())?))
    }

    fn load(&mut self, from: &mut CheckedReader<'_>, restoring: &mut Restoring) -> Result<(), ReplayError> {
        for range in Increment::read_ranges(from, std::iter::once(self.capacity))? {
            restoring.take(0, &range, self.transitions.written())?;
            self.transitions.load(range, from)?;
        }
        self.streams.iter_mut().try_for_each(|waiting| waiting.load(from))
    }

    fn loaded(&mut self, restoring: &Restoring) -> Result<(), ReplayError> {
        restoring.finish(std::iter::once(self.transitions.oldest()))
    }
}
