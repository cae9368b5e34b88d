//! The frames of one stream.

use std::ops::Range;

use bytemuck::Pod;

use super::flat::FlatFrames;
use crate::n_step::Outcome;
use crate::{End, NStep, ReplayError, Transition, memory};

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
#[derive(Clone, Debug)]
pub(crate) struct Ring<T> {
    frames: FlatFrames<T>,
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

/// What is known about a frame beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Record {
    /// Of the transition that starts here, if one does.
    action: u32,
    reward: f32,
    follows: Follows,
    /// Frames that the episode has before this one, at most 255: how far back a stack may reach.
    age: u8,
}

/// What follows a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follows {
    /// Nothing yet: the newest frame of a running episode.
    Unknown,
    /// Another frame of the first observation's stack: no transition starts here.
    Start,
    /// Nothing: an episode's final frame.
    Nothing,
    /// A transition.
    Step(End),
}

impl<T: Pod> Ring<T> {
    /// An empty ring of `slots` frames, at least `stack + n`.
    pub(crate) fn new(slots: usize, frame_len: usize, stack: usize, n: usize) -> Result<Self, ReplayError> {
        let mut newest = Vec::new();
        memory::resize(&mut newest, stack * frame_len)?;
        Ok(Self {
            frames: FlatFrames::new(slots, frame_len)?,
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

    pub(crate) fn planned_bytes(slots: usize, frame_len: usize, stack: usize) -> u64 {
        let slot = memory::bytes::<T>(frame_len).saturating_add(size_of::<Record>() as u64);
        let newest = memory::bytes::<T>(frame_len).saturating_mul(stack as u64);
        slot.saturating_mul(slots as u64).saturating_add(newest).saturating_add(size_of::<Self>() as u64)
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

    /// Whether the older frames of `observation` are the newer ones of the newest observation.
    pub(crate) fn follows(&self, observation: &[T]) -> bool {
        let (older, _) = observation.split_at(observation.len() - self.frame_len);
        bytemuck::cast_slice::<T, u8>(older) == bytemuck::cast_slice::<T, u8>(&self.newest[self.frame_len..])
    }

    /// Starts an episode.
    pub(crate) fn begin(&mut self, observation: &[T]) {
        self.newest.copy_from_slice(observation);
        // Older frames that equal the oldest need no slot: stacks are filled up with it.
        let frames = || observation.chunks_exact(self.frame_len).map(bytemuck::cast_slice::<T, u8>);
        let oldest = frames().next();
        let repeated = frames().skip(1).take_while(|&frame| Some(frame) == oldest).count();
        for index in repeated..self.stack {
            let follows = if index + 1 == self.stack { Follows::Unknown } else { Follows::Start };
            let frame = &observation[index * self.frame_len..][..self.frame_len];
            self.append(frame, follows, (index - repeated) as u8);
        }
        self.raise_high(0);
    }

    /// Adds a step to the running episode.
    pub(crate) fn push(&mut self, transition: &Transition<'_, T>) {
        let &Transition { action, reward, next_observation, end } = transition;
        let position = self.written - 1;
        let slot = self.slot(position);
        let age = self.records[slot].age;
        self.records[slot] = Record { action, reward, follows: Follows::Step(end), age };
        self.newest.copy_from_slice(next_observation);
        let frame = &next_observation[next_observation.len() - self.frame_len..];
        let follows = if end.over() { Follows::Nothing } else { Follows::Unknown };
        self.append(frame, follows, age.saturating_add(1));
        self.raise_high(if end == End::Running { 0 } else { position + 1 });
    }

    fn append(&mut self, frame: &[T], follows: Follows, age: u8) {
        let position = self.written;
        self.raise_low((position + 1).saturating_sub(self.slots as u64));
        let record = Record { action: 0, reward: 0.0, follows, age };
        let slot = self.slot(position);
        if slot == self.records.len() {
            self.records.push(record);
        } else {
            self.records[slot] = record;
        }
        self.frames.write(position, frame);
        self.written += 1;
    }

    /// The oldest frame that the stack of a position shows.
    fn first_needed(&self, position: u64) -> u64 {
        position.saturating_sub(u64::from(self.record(position).age).min(self.stack as u64 - 1))
    }

    /// Takes out the positions whose stacks need a frame before `oldest`, while their records are still there.
    fn raise_low(&mut self, oldest: u64) {
        while self.low < self.written && self.first_needed(self.low) < oldest {
            if self.low < self.high && !self.starts_transition(self.low) {
                self.gaps -= 1;
            }
            self.low += 1;
        }
    }

    /// Takes in the positions that are complete: those `n` steps before the newest frame, and all before `stopped`, the
    /// position after a step that stops n-step sums.
    fn raise_high(&mut self, stopped: u64) {
        let high = self.high.max(stopped).max(self.written.saturating_sub(self.n as u64));
        for position in self.high.max(self.low)..high {
            self.gaps += u64::from(!self.starts_transition(position));
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
    pub(crate) fn stack(&self, position: u64, into: &mut [T]) {
        let first = self.first_needed(position);
        let frames = (position - first) as usize + 1;
        let (padding, stack) = into.split_at_mut((self.stack - frames) * self.frame_len);
        self.frames.read(first, stack);
        for frame in padding.chunks_exact_mut(self.frame_len) {
            frame.copy_from_slice(&stack[..self.frame_len]);
        }
    }
}
