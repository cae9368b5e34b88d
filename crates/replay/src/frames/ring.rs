//! The frames of one stream.

use std::ops::Range;

use bytemuck::Pod;

use super::record::{Follows, Record};
use super::store::{Frames, SavedFrames};
use crate::checked::{CheckedReader, CheckedWriter};
use crate::n_step::Outcome;
use crate::scratch::Scratch;
use crate::{Change, Compression, End, Layout, NStep, ReplayError, Transition, memory};

/// The newest frames of one stream, and what happened after each.
///
/// Frames are numbered by *position*, from 0 on and for ever; position `p` lies in slot `p % slots` until position
/// `p + slots` takes its place. Positions that can be sampled are kept as a range, never searched for:
///
/// - the stack of a position needs the frames from [`first_needed`](Self::first_needed) on, which never decreases with
///   the position, so the positions whose stacks are still whole are those from `low` on;
/// - if the steps of a position are all known, so are those of the positions before, so the complete ones are those
///   below `high`;
/// - what lies in `low..high` and starts no transition (final frames, frames before an episode's first observation) is
///   counted in `gaps`.
pub(crate) struct Ring<T> {
    frames: Frames<T>,
    records: Vec<Record>,
    slots: usize,
    frame_len: usize,
    stack: usize,
    n: usize,
    /// Positions ever written; the newest is `written - 1`.
    written: u64,
    low: u64,
    high: u64,
    gaps: u64,
    /// The newest observation whole, which the next one must follow.
    newest: Vec<T>,
}

impl<T: Pod> Ring<T> {
    /// An empty ring of `slots` frames, at least `stack + n`.
    pub(crate) fn new(slots: usize, layout: &Layout, n: usize, compression: Compression) -> Result<Self, ReplayError> {
        let &Layout { observation_len, stack, .. } = layout;
        let frame_len = observation_len / stack;
        let mut newest = Vec::new();
        memory::resize(&mut newest, observation_len)?;
        Ok(Self {
            frames: Frames::new(slots, frame_len, compression)?,
            records: memory::reserve(slots)?,
            slots,
            frame_len,
            stack,
            n,
            written: 0,
            low: 0,
            high: 0,
            gaps: 0,
            newest,
        })
    }

    pub(crate) fn planned_bytes(slots: usize, layout: &Layout, packed_bytes: Option<usize>) -> u64 {
        let frames = Frames::<T>::planned_bytes(slots, layout.observation_len / layout.stack, packed_bytes);
        let records = memory::bytes::<Record>(slots);
        let newest = memory::bytes::<T>(layout.observation_len);
        frames.saturating_add(records).saturating_add(newest).saturating_add(size_of::<Self>() as u64)
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        self.frames.size_in_bytes()
            + memory::bytes::<Record>(self.records.len())
            + memory::bytes::<T>(self.newest.len())
            + size_of::<Self>() as u64
    }

    fn slot(&self, position: u64) -> usize {
        (position % self.slots as u64) as usize
    }

    fn record(&self, position: u64) -> &Record {
        &self.records[self.slot(position)]
    }

    /// Positions ever written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The oldest position that is still there.
    pub(crate) fn oldest(&self) -> u64 {
        self.written.saturating_sub(self.slots as u64)
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// Whether an episode is running.
    pub(crate) fn running(&self) -> bool {
        self.written > 0 && self.record(self.written - 1).follows == Follows::Unknown
    }

    /// Positions among which those that can be sampled lie.
    pub(crate) fn candidates(&self) -> Range<u64> {
        self.low.min(self.high)..self.high
    }

    /// Transitions that can be sampled.
    pub(crate) fn len(&self) -> usize {
        (self.high.saturating_sub(self.low) - self.gaps) as usize
    }

    pub(crate) fn starts_transition(&self, position: u64) -> bool {
        matches!(self.record(position).follows, Follows::Step(_))
    }

    /// Whether a transition that can be sampled starts at a position.
    pub(crate) fn can_sample(&self, position: u64) -> bool {
        self.candidates().contains(&position) && self.starts_transition(position)
    }

    /// Whether the older frames of `observation` are the newer ones of the newest observation.
    pub(crate) fn follows(&self, observation: &[T]) -> bool {
        let (older, _) = observation.split_at(observation.len() - self.frame_len);
        bytemuck::cast_slice::<T, u8>(older) == bytemuck::cast_slice::<T, u8>(&self.newest[self.frame_len..])
    }

    /// Starts an episode; tells of the positions that come and go.
    pub(crate) fn begin(&mut self, observation: &[T], tell: &mut dyn FnMut(Change)) -> Result<(), ReplayError> {
        // Older frames that equal the oldest need no slot: stacks are filled up with it.
        let frames = || observation.chunks_exact(self.frame_len).map(bytemuck::cast_slice::<T, u8>);
        let oldest = frames().next();
        let repeated = frames().skip(1).take_while(|&frame| Some(frame) == oldest).count();
        self.frames.reserve(self.stack - repeated)?;
        self.newest.copy_from_slice(observation);
        for index in repeated..self.stack {
            let follows = if index + 1 == self.stack { Follows::Unknown } else { Follows::Start };
            let frame = &observation[index * self.frame_len..][..self.frame_len];
            self.append(frame, follows, (index - repeated) as u8, tell);
        }
        self.raise_high(0, tell);
        Ok(())
    }

    /// Adds a step to the running episode; tells of the positions that come and go.
    pub(crate) fn push(
        &mut self,
        transition: &Transition<'_, T>,
        tell: &mut dyn FnMut(Change),
    ) -> Result<(), ReplayError> {
        self.frames.reserve(1)?;
        let &Transition { action, reward, next_observation, end } = transition;
        let position = self.written - 1;
        let slot = self.slot(position);
        let age = self.records[slot].age;
        self.records[slot] = Record { action, reward, follows: Follows::Step(end), age };
        self.newest.copy_from_slice(next_observation);
        let frame = &next_observation[next_observation.len() - self.frame_len..];
        let follows = if end.is_over() { Follows::Nothing } else { Follows::Unknown };
        self.append(frame, follows, age.saturating_add(1), tell);
        self.raise_high(if end == End::RUNNING { 0 } else { position + 1 }, tell);
        Ok(())
    }

    fn append(&mut self, frame: &[T], follows: Follows, age: u8, tell: &mut dyn FnMut(Change)) {
        self.raise_low((self.written + 1).saturating_sub(self.slots as u64), tell);
        self.write(Record { action: 0, reward: 0.0, follows, age }, frame);
    }

    fn write(&mut self, record: Record, frame: &[T]) {
        let slot = self.slot(self.written);
        if slot == self.records.len() {
            self.records.push(record);
        } else {
            self.records[slot] = record;
        }
        self.frames.write(frame);
        self.written += 1;
    }

    /// The oldest frame that the stack of a position shows.
    fn first_needed(&self, position: u64) -> u64 {
        position.saturating_sub(u64::from(self.record(position).age).min(self.stack as u64 - 1))
    }

    /// Takes out the positions whose stacks need a frame before `oldest`, while their records are still there.
    fn raise_low(&mut self, oldest: u64, tell: &mut dyn FnMut(Change)) {
        while self.low < self.written && self.first_needed(self.low) < oldest {
            if self.low < self.high {
                if self.starts_transition(self.low) {
                    tell(Change::Gone(self.low));
                } else {
                    self.gaps -= 1;
                }
            }
            self.low += 1;
        }
    }

    /// Takes in the positions that are complete: those `n` steps before the newest frame, and all before `stopped`, the
    /// position after a step that stops n-step sums.
    fn raise_high(&mut self, stopped: u64, tell: &mut dyn FnMut(Change)) {
        let high = self.high.max(stopped).max(self.written.saturating_sub(self.n as u64));
        for position in self.high.max(self.low)..high {
            if self.starts_transition(position) {
                tell(Change::Available(position));
            } else {
                self.gaps += 1;
            }
        }
        self.high = high;
    }

    /// The action and the outcome of the transition that starts at a position that can be sampled.
    pub(crate) fn transition(&self, position: u64, n_step: &NStep) -> (u32, Outcome) {
        let steps = (position..self.written).map_while(|position| {
            let record = self.record(position);
            match record.follows {
                Follows::Step(end) => Some((record.reward, end)),
                _ => None,
            }
        });
        (self.record(position).action, n_step.outcome(steps))
    }

    /// Puts the stack together that the agent saw at a position.
    pub(crate) fn stack(&self, position: u64, into: &mut [T], scratch: &mut Scratch) -> Result<(), ReplayError> {
        let first = self.first_needed(position);
        let (padding, frames) = self.parts(first, position, into);
        self.frames.read(first, None, frames, scratch)?;
        self.fill(padding, frames);
        Ok(())
    }

    /// Puts the stack together that the agent saw some steps after a position of the same episode, whose own stack is
    /// `earlier`: frames that are in both are copied from there.
    pub(crate) fn stack_after(
        &self,
        position: u64,
        steps: u64,
        earlier: &[T],
        into: &mut [T],
        scratch: &mut Scratch,
    ) -> Result<(), ReplayError> {
        let first = self.first_needed(position + steps);
        if first > position {
            return self.stack(position + steps, into, scratch);
        }
        let (padding, frames) = self.parts(first, position + steps, into);
        let (shared, new) = frames.split_at_mut((position + 1 - first) as usize * self.frame_len);
        shared.copy_from_slice(&earlier[earlier.len() - shared.len()..]);
        let before = &shared[shared.len() - self.frame_len..];
        self.frames.read(position + 1, Some(before), new, scratch)?;
        self.fill(padding, frames);
        Ok(())
    }

    /// The parts of a stack that shows the positions from `first` to `last`: what is filled up, and those frames.
    fn parts<'a>(&self, first: u64, last: u64, stack: &'a mut [T]) -> (&'a mut [T], &'a mut [T]) {
        stack.split_at_mut((self.stack - (last - first) as usize - 1) * self.frame_len)
    }

    /// Fills a stack up with its oldest frame.
    fn fill(&self, padding: &mut [T], frames: &[T]) {
        for frame in padding.chunks_exact_mut(self.frame_len) {
            frame.copy_from_slice(&frames[..self.frame_len]);
        }
    }

    /// The first position that an increment has to hold, for what came after `written`: the frame that was the newest then
    /// has got its transition since.
    pub(crate) fn first_since(&self, written: u64) -> u64 {
        written.saturating_sub(1).max(self.oldest())
    }

    /// Writes the positions from `first` on.
    pub(crate) fn save(&self, first: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        (first..self.written).try_for_each(|position| self.record(position).write(to))?;
        self.frames.save(first, to)
    }

    /// Goes on with the positions of a saved range, no longer than the ring, which must not start before the newest one.
    /// Until [`loaded`](Self::loaded) they are not there for sampling.
    pub(crate) fn load(&mut self, range: Range<u64>, from: &mut CheckedReader<'_>) -> Result<(), ReplayError> {
        if range.start > self.written {
            // A range that does not start at 0 comes from a ring that had wrapped around: every slot is in use.
            self.records.resize(self.slots, Record::BLANK);
            self.frames.restart(range.start);
            self.written = range.start;
        }
        let mut records = memory::reserve((range.end - range.start) as usize)?;
        for _ in range.clone() {
            records.push(Record::read(from)?);
        }
        let mut saved = SavedFrames::new(self.frame_len)?;
        for (position, record) in range.zip(records) {
            let frame = saved.read(from)?;
            if position == self.written {
                self.frames.reserve(1)?;
                self.write(record, frame);
                continue;
            }
            // The newest frame, once more, now with what followed it.
            let newest = &mut self.newest[..self.frame_len];
            self.frames.read(position, None, newest, &mut Scratch::default())?;
            if bytemuck::cast_slice::<T, u8>(newest) != bytemuck::cast_slice::<T, u8>(frame) {
                return Err(ReplayError::damaged("an increment does not go on where the one before ended"));
            }
            let slot = self.slot(position);
            self.records[slot] = record;
        }
        Ok(())
    }

    /// Makes sure that the loaded positions make sense together, and takes them into use.
    pub(crate) fn loaded(&mut self) -> Result<(), ReplayError> {
        let oldest = self.oldest();
        let possible = (oldest..self.written).all(|position| {
            let record = self.record(position);
            let next = (position + 1 < self.written).then(|| self.record(position + 1));
            u64::from(record.age) <= position && record.precedes(next)
        });
        if !possible {
            return Err(ReplayError::damaged("its episodes make no sense"));
        }
        (self.low, self.high, self.gaps) = (oldest, oldest, 0);
        // Nobody is told: samplers have a state of their own to go on from.
        self.raise_low(oldest, &mut |_| {});
        let stops =
            |position: &u64| matches!(self.record(*position).follows, Follows::Step(end) if end != End::RUNNING);
        let recent = self.written.saturating_sub(self.n as u64).max(oldest)..self.written;
        self.raise_high(recent.rev().find(stops).map_or(0, |position| position + 1), &mut |_| {});
        if let Some(newest) = self.written.checked_sub(1) {
            let mut observation = std::mem::take(&mut self.newest);
            self.stack(newest, &mut observation, &mut Scratch::default())?;
            self.newest = observation;
        }
        Ok(())
    }
}
