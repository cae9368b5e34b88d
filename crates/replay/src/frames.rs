//! Replay that stores each frame of a stack once.

mod flat;
mod log;
mod packed;
mod packing;
mod patch;
mod record;
mod ring;
mod store;

use std::io;

use bytemuck::Pod;
use rand_core::Rng;

use self::packing::Heading;
use self::ring::Ring;

pub(crate) use self::packed::Scratch;
use crate::checked::{CheckedReader, CheckedWriter};
use crate::increment::{Increment, Mark, Restoring};
use crate::settings::Settings;
use crate::{Batch, Compression, Increments, Layout, NStep, Replay, ReplayError, ReplayKind, Transition, draw, memory};

/// Replay of stacked frames that keeps each frame once and puts stacks together when they are sampled: for Atari an
/// eighth of the memory that whole transitions take, to the same samples.
///
/// An observation is a stack of frames, oldest first, of which the replay keeps the newest; the older ones are those of
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
/// samples are the same, and so are the bytes of a saved replay, which are packed in any case.
pub struct FrameReplay<T = u8> {
    capacity: usize,
    layout: Layout,
    n_step: NStep,
    compression: Compression,
    rings: Vec<Ring<T>>,
}

impl<T: Pod + Send + Sync> FrameReplay<T> {
    /// The largest stack.
    pub const MAX_STACK: usize = 255;

    /// An empty replay.
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

    /// Bytes that such a replay takes at most, without making one: without compression what it takes when it is full,
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

    /// Bytes that such a replay of Atari frames is likely to take when it is full, without making one: with compression a
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

    fn settings(&self) -> Settings {
        Settings::of::<T>(ReplayKind::Frames, self.capacity, &self.layout, &self.n_step)
    }

    fn read_increment(&mut self, from: &mut dyn io::Read, restoring: &mut Restoring) -> Result<(), ReplayError> {
        let mut from = CheckedReader::new(from)?;
        self.settings().expect(&mut from)?;
        let ranges = Increment::read_ranges(&mut from, self.rings.iter().map(Ring::slots))?;
        for (index, (ring, range)) in self.rings.iter_mut().zip(ranges).enumerate() {
            restoring.take(index, &range, ring.written().saturating_sub(1))?;
            ring.load(range, &mut from)?;
        }
        from.finish()
    }

    /// A transition of any stream, uniformly: the ring and the position in it. There must be one.
    fn draw(&self, rng: &mut dyn Rng, candidates: u64) -> (&Ring<T>, u64) {
        loop {
            let mut number = draw::below(rng, candidates);
            for ring in &self.rings {
                let range = ring.candidates();
                let len = range.end - range.start;
                if number < len {
                    let position = range.start + number;
                    if ring.starts_transition(position) {
                        return (ring, position);
                    }
                    break;
                }
                number -= len;
            }
        }
    }
}

impl<T: Pod + Send + Sync> Replay<T> for FrameReplay<T> {
    fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError> {
        let ring = self.ring(stream, observation)?;
        if ring.running() {
            return Err(ReplayError::EpisodeRunning { stream });
        }
        ring.begin(observation)
    }

    fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError> {
        let ring = self.ring(stream, transition.next_observation)?;
        if !ring.running() {
            return Err(ReplayError::NoEpisode { stream });
        }
        if !ring.follows(transition.next_observation) {
            return Err(ReplayError::NotAStack { stream });
        }
        ring.push(transition)
    }

    fn len(&self) -> usize {
        self.rings.iter().map(Ring::len).sum()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn size_in_bytes(&self) -> u64 {
        self.rings.iter().map(Ring::size_in_bytes).sum::<u64>() + size_of::<Self>() as u64
    }

    fn sample(&self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        if self.is_empty() {
            return Err(ReplayError::Empty);
        }
        let len = self.layout.observation_len;
        batch.resize(batch_size, len)?;
        let candidates = self.rings.iter().map(|ring| ring.candidates().end - ring.candidates().start).sum();
        let rows = batch.observations.chunks_exact_mut(len).zip(batch.next_observations.chunks_exact_mut(len));
        for (row, (observation, next_observation)) in rows.enumerate() {
            let (ring, position) = self.draw(rng, candidates);
            let (action, outcome) = ring.transition(position, &self.n_step);
            ring.stack(position, observation, &mut batch.scratch)?;
            ring.stack_after(position, outcome.steps as u64, observation, next_observation, &mut batch.scratch)?;
            batch.actions[row] = action;
            batch.rewards[row] = outcome.reward;
            batch.discounts[row] = outcome.discount;
        }
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark { written: self.rings.iter().map(Ring::written).collect() }
    }

    fn save_since(&self, since: &Mark, to: &mut dyn io::Write) -> Result<Increment, ReplayError> {
        let until = self.mark();
        let first = self.rings.iter().zip(since.within(&until)?).map(|(ring, written)| ring.first_since(written));
        let increment = Increment { first: first.collect(), until };
        let mut to = CheckedWriter::new(to)?;
        self.settings().write(&mut to)?;
        increment.write(&mut to)?;
        self.rings.iter().zip(&increment.first).try_for_each(|(ring, &first)| ring.save(first, &mut to))?;
        to.finish()?;
        Ok(increment)
    }

    fn needs(&self, increment: &Increment) -> bool {
        self.rings.iter().zip(&increment.until.written).any(|(ring, &until)| until > ring.oldest())
    }

    fn restore<'a>(&mut self, increments: &mut Increments<'_, 'a>) -> Result<(), ReplayError> {
        let mut restored = Self::new(self.capacity, &self.layout, self.n_step.clone(), self.compression)?;
        let mut restoring = Restoring::new(restored.rings.len());
        for increment in increments {
            restored.read_increment(&mut *increment?, &mut restoring)?;
        }
        restoring.finish(restored.rings.iter().map(Ring::oldest))?;
        restored.rings.iter_mut().try_for_each(Ring::loaded)?;
        *self = restored;
        tracing::debug!(transitions = self.len(), "restored a replay");
        Ok(())
    }
}
