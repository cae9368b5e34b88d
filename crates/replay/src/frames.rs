//! A store that keeps each frame of a stack once.

mod flat;
mod log;
mod packed;
mod packing;
mod patch;
mod record;
mod ring;
mod store;

use std::ops::Range;

use bytemuck::Pod;

use self::packing::Heading;
use self::ring::Ring;
use crate::checked::{CheckedReader, CheckedWriter};
use crate::restoring::Restoring;
use crate::settings::Settings;
use crate::store::contents::Contents;
use crate::{
    Batch, Change, Compression, Ids, Increment, Layout, Mark, NStep, ReplayError, ReplayKind, Store, Transition, memory,
};

/// Keeps each frame of stacked observations once and puts stacks together when they are drawn: for Atari an eighth of the
/// memory that whole transitions take, to the same rows.
///
/// An observation is a stack of frames, oldest first, of which the store keeps the newest; the older ones are those of
/// the observation before, which is checked. At an episode's start the stack is filled up with its oldest frame, as
/// Gymnasium's `FrameStackObservation` does with `padding_type="reset"`; a first observation whose older frames differ from
/// that (zeros, frames of no-ops) takes a slot for each frame that differs, and is given back as it was.
///
/// The final frame of an episode is kept, whether it was terminated or truncated, so that each transition has its next
/// observation. No stack reaches over an episode's start, or over the write head into frames that have been
/// overwritten. A lost life is no such border: the game goes on, and so do its stacks.
///
/// Each stream has a ring of its own, with an equal share of the capacity, which is counted in frames: a transition
/// takes one, an episode's end one more.
///
/// With [`Compression::Lz4`] frames are packed without loss, most of them as what changed since the frame before. The
/// rows are the same, and so are the bytes of a saved replay, which are packed in any case.
///
/// Frames have ids, and a transition has that of the frame from which it starts: `id % capacity` is its slot, those of the
/// first stream's ring first, and `id / capacity` says how often the ring had been filled before.
pub struct FrameStore<T = u8> {
    capacity: usize,
    layout: Layout,
    n_step: NStep,
    compression: Compression,
    rings: Vec<Ring<T>>,
}

impl<T: Pod + Send + Sync> FrameStore<T> {
    /// The largest stack.
    pub const MAX_STACK: usize = 255;

    /// An empty store.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for impossible values: an observation that cannot be divided into `stack` frames, or a
    /// capacity that leaves a stream fewer than `stack + n` frames. [`ReplayError::OutOfMemory`] where the operating
    /// system refuses the memory.
    pub fn new(capacity: usize, layout: &Layout, n_step: NStep, compression: Compression) -> Result<Self, ReplayError> {
        let bytes = Self::planned_bytes(capacity, layout, &n_step, compression)?;
        let ring = |slots| Ring::new(slots, layout, n_step.n(), compression);
        let rings: Result<_, _> = Self::shares(capacity, layout).map(ring).collect();
        let rings = rings.map_err(|_| ReplayError::OutOfMemory { bytes })?;
        Ok(Self { capacity, layout: *layout, n_step, compression, rings })
    }

    /// Bytes that such a store takes at most, without making one: without compression what it takes when it is full,
    /// with compression what it would take if no frame could be made smaller.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn planned_bytes(
        capacity: usize,
        layout: &Layout,
        n_step: &NStep,
        compression: Compression,
    ) -> Result<u64, ReplayError> {
        Self::bytes_with(capacity, layout, n_step, compression, 1)
    }

    /// Bytes that such a store of Atari frames is likely to take when it is full, without making one: with compression a
    /// little more than a sixteenth of [`planned_bytes`](Self::planned_bytes). Six games took between an 88th (Breakout)
    /// and a 24th (Ms. Pac-Man).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn expected_bytes(
        capacity: usize,
        layout: &Layout,
        n_step: &NStep,
        compression: Compression,
    ) -> Result<u64, ReplayError> {
        Self::bytes_with(capacity, layout, n_step, compression, 16)
    }

    /// Bytes when frames are packed to one part in `shrink`.
    fn bytes_with(
        capacity: usize,
        layout: &Layout,
        n_step: &NStep,
        compression: Compression,
        shrink: usize,
    ) -> Result<u64, ReplayError> {
        let frame_bytes = Self::check(capacity, layout, n_step, compression)?;
        let packed_bytes = match compression {
            Compression::None => None,
            Compression::Lz4 => Some(frame_bytes / shrink),
        };
        let rings = Self::shares(capacity, layout).map(|slots| Ring::<T>::planned_bytes(slots, layout, packed_bytes));
        memory::addressable(rings.fold(size_of::<Self>() as u64, u64::saturating_add))
    }

    /// Refuses settings that are impossible or do not fit each other; gives the bytes of a frame.
    fn check(capacity: usize, layout: &Layout, n_step: &NStep, compression: Compression) -> Result<usize, ReplayError> {
        layout.check()?;
        let &Layout { observation_len, stack, streams } = layout;
        if !(1..=Self::MAX_STACK).contains(&stack) {
            return Err(ReplayError::setting("stack", &stack, format!("must be 1 to {}", Self::MAX_STACK)));
        }
        if observation_len % stack != 0 {
            let reason = format!("an observation of {observation_len} elements does not consist of so many frames");
            return Err(ReplayError::setting("stack", &stack, reason));
        }
        let frame_bytes = (observation_len / stack).saturating_mul(size_of::<T>());
        if compression == Compression::Lz4 && frame_bytes > Heading::LONGEST {
            let reason = format!("frames of {frame_bytes} bytes are too long for it");
            return Err(ReplayError::setting("compression", &"lz4", reason));
        }
        let needed = stack + n_step.n();
        if capacity / streams < needed {
            let reason = format!(
                "each of {streams} streams needs room for at least {needed} frames, a stack of {stack} and {} steps",
                n_step.n()
            );
            return Err(ReplayError::setting("capacity", &capacity, reason));
        }
        Ok(frame_bytes)
    }

    /// Frames of each stream: equal shares, the first streams one more where it does not come out even.
    fn shares(capacity: usize, layout: &Layout) -> impl Iterator<Item = usize> {
        let streams = layout.streams;
        (0..streams).map(move |stream| capacity / streams + usize::from(stream < capacity % streams))
    }

    fn ring(&mut self, stream: usize, observation: &[T]) -> Result<&mut Ring<T>, ReplayError> {
        let streams = self.rings.len();
        let ring = self.rings.get_mut(stream).ok_or(ReplayError::Stream { stream, streams })?;
        let (expected, found) = (self.layout.observation_len, observation.len());
        if expected == found { Ok(ring) } else { Err(ReplayError::ObservationLength { expected, found }) }
    }

    /// The ids of a stream's frames; there must be such a stream.
    fn numbers(&self, stream: usize) -> Numbers {
        let first_slot = self.rings[..stream].iter().map(|ring| ring.slots() as u64).sum();
        Numbers { capacity: self.capacity as u64, first_slot, slots: self.rings[stream].slots() as u64 }
    }

    /// The transition of an id, if it is there: its ring and the position in it.
    fn find(&self, id: u64) -> Option<(&Ring<T>, u64)> {
        let (round, mut slot) = (id / self.capacity as u64, id % self.capacity as u64);
        for ring in &self.rings {
            let slots = ring.slots() as u64;
            if slot < slots {
                let position = round * slots + slot;
                return ring.can_sample(position).then_some((ring, position));
            }
            slot -= slots;
        }
        None
    }

    /// For each ring the positions among which those that can be sampled lie.
    fn candidates(&self) -> impl Iterator<Item = (usize, Range<u64>)> {
        self.rings.iter().map(Ring::candidates).enumerate()
    }
}

/// How the frames of one stream are numbered among those of all.
#[derive(Clone, Copy)]
struct Numbers {
    capacity: u64,
    /// Slots of the rings before this one.
    first_slot: u64,
    slots: u64,
}

impl Numbers {
    /// The id of a position in the ring.
    fn id(&self, position: u64) -> u64 {
        position / self.slots * self.capacity + self.first_slot + position % self.slots
    }
}

impl<T: Pod + Send + Sync> Ids for FrameStore<T> {
    fn len(&self) -> usize {
        self.rings.iter().map(Ring::len).sum()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn contains(&self, id: u64) -> bool {
        self.find(id).is_some()
    }

    fn places(&self) -> u64 {
        self.candidates().map(|(_, range)| range.end - range.start).sum()
    }

    fn at(&self, mut place: u64) -> Option<u64> {
        for (stream, range) in self.candidates() {
            let len = range.end - range.start;
            if place < len {
                let position = range.start + place;
                let starts = self.rings[stream].starts_transition(position);
                return starts.then(|| self.numbers(stream).id(position));
            }
            place -= len;
        }
        None
    }
}

impl<T: Pod + Send + Sync> Store<T> for FrameStore<T> {
    fn begin(&mut self, stream: usize, observation: &[T], tell: &mut dyn FnMut(Change)) -> Result<(), ReplayError> {
        let ring = self.ring(stream, observation)?;
        if ring.running() {
            return Err(ReplayError::EpisodeRunning { stream });
        }
        let numbers = self.numbers(stream);
        self.rings[stream].begin(observation, &mut |change| tell(change.map(|position| numbers.id(position))))
    }

    fn push(
        &mut self,
        stream: usize,
        transition: &Transition<'_, T>,
        tell: &mut dyn FnMut(Change),
    ) -> Result<(), ReplayError> {
        let ring = self.ring(stream, transition.next_observation)?;
        if !ring.running() {
            return Err(ReplayError::NoEpisode { stream });
        }
        if !ring.follows(transition.next_observation) {
            return Err(ReplayError::NotAStack { stream });
        }
        let numbers = self.numbers(stream);
        self.rings[stream].push(transition, &mut |change| tell(change.map(|position| numbers.id(position))))
    }

    fn fill(&self, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        let len = self.layout.observation_len;
        batch.resize(batch.ids.len(), len)?;
        let rows = batch.observations.chunks_exact_mut(len).zip(batch.next_observations.chunks_exact_mut(len));
        for (row, (&id, (observation, next_observation))) in batch.ids.iter().zip(rows).enumerate() {
            let (ring, position) = self.find(id).ok_or(ReplayError::Gone { id })?;
            let (action, outcome) = ring.transition(position, &self.n_step);
            ring.stack(position, observation, &mut batch.scratch)?;
            ring.stack_after(position, outcome.steps as u64, observation, next_observation, &mut batch.scratch)?;
            batch.actions[row] = action;
            batch.rewards[row] = outcome.reward;
            batch.discounts[row] = outcome.discount;
        }
        Ok(())
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn size_in_bytes(&self) -> u64 {
        self.rings.iter().map(Ring::size_in_bytes).sum::<u64>() + size_of::<Self>() as u64
    }

    fn mark(&self) -> Mark {
        Mark { written: self.rings.iter().map(Ring::written).collect() }
    }

    fn needs(&self, increment: &Increment) -> bool {
        self.rings.iter().zip(&increment.until.written).any(|(ring, &until)| until > ring.oldest())
    }
}

impl<T: Pod + Send + Sync> Contents<T> for FrameStore<T> {
    fn settings(&self) -> Settings {
        Settings::of::<T>(ReplayKind::Frames, self.capacity, &self.layout, &self.n_step)
    }

    fn since(&self, mark: &Mark) -> Result<Increment, ReplayError> {
        let until = self.mark();
        let first = self.rings.iter().zip(mark.within(&until)?).map(|(ring, written)| ring.first_since(written));
        Ok(Increment { first: first.collect(), until })
    }

    fn save(&self, increment: &Increment, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        self.rings.iter().zip(&increment.first).try_for_each(|(ring, &first)| ring.save(first, to))
    }

    fn empty(&self) -> Result<Box<dyn Store<T>>, ReplayError> {
        Ok(Box::new(Self::new(self.capacity, &self.layout, self.n_step.clone(), self.compression)?))
    }

    fn load(&mut self, from: &mut CheckedReader<'_>, restoring: &mut Restoring) -> Result<(), ReplayError> {
        let ranges = Increment::read_ranges(from, self.rings.iter().map(Ring::slots))?;
        for (index, (ring, range)) in self.rings.iter_mut().zip(ranges).enumerate() {
            restoring.take(index, &range, ring.written().saturating_sub(1))?;
            ring.load(range, from)?;
        }
        Ok(())
    }

    fn loaded(&mut self, restoring: &Restoring) -> Result<(), ReplayError> {
        restoring.finish(self.rings.iter().map(Ring::oldest))?;
        self.rings.iter_mut().try_for_each(Ring::loaded)
    }
}
