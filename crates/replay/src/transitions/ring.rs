//! A ring of whole transitions.

use std::ops::Range;

use bytemuck::Pod;

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{ReplayError, memory};

/// The newest transitions, numbered from 0 on and for ever: number `i` lies in slot `i % capacity`.
#[derive(Clone, Debug)]
pub(crate) struct Ring<T> {
    capacity: usize,
    observation_len: usize,
    /// For each slot the observation and the next observation.
    observations: Vec<T>,
    records: Vec<Record>,
    /// Transitions ever stored.
    written: u64,
}

/// What a transition is beside its observations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) action: u32,
    pub(crate) reward: f32,
    pub(crate) discount: f32,
}

impl<T: Pod> Ring<T> {
    pub(crate) fn new(capacity: usize, observation_len: usize) -> Result<Self, ReplayError> {
        let observations = memory::reserve(2 * capacity * observation_len)?;
        Ok(Self { capacity, observation_len, observations, records: memory::reserve(capacity)?, written: 0 })
    }

    pub(crate) fn planned_bytes(capacity: usize, observation_len: usize) -> u64 {
        let rows = memory::bytes::<T>(observation_len).saturating_mul(2);
        rows.saturating_add(size_of::<Record>() as u64).saturating_mul(capacity as u64)
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        memory::bytes::<T>(self.observations.len()) + memory::bytes::<Record>(self.records.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Transitions ever stored.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The number of the oldest transition that is still there.
    pub(crate) fn oldest(&self) -> u64 {
        self.written.saturating_sub(self.capacity as u64)
    }

    /// Stores a transition in place of the oldest one.
    pub(crate) fn append(&mut self, record: Record, observation: &[T], next_observation: &[T]) {
        let slot = self.slot(self.written);
        let len = self.observation_len;
        if slot == self.records.len() {
            self.records.push(record);
            self.observations.extend_from_slice(observation);
            self.observations.extend_from_slice(next_observation);
        } else {
            self.records[slot] = record;
            let (first, second) = self.observations[2 * slot * len..][..2 * len].split_at_mut(len);
            first.copy_from_slice(observation);
            second.copy_from_slice(next_observation);
        }
        self.written += 1;
    }

    /// Whether a number is that of a transition that is still there.
    pub(crate) fn contains(&self, number: u64) -> bool {
        (self.oldest()..self.written).contains(&number)
    }

    /// The number of the transition in a slot, if there is one.
    pub(crate) fn number_in(&self, slot: u64) -> Option<u64> {
        let (capacity, oldest) = (self.capacity as u64, self.oldest());
        if slot >= self.records.len() as u64 {
            return None;
        }
        // The first one from the oldest on that lies there.
        let round = oldest - oldest % capacity;
        let number = round + slot;
        Some(if number < oldest { number + capacity } else { number })
    }

    /// The slot of a transition.
    pub(crate) fn slot(&self, number: u64) -> usize {
        (number % self.capacity as u64) as usize
    }

    /// What lies in a slot: the record, the observation and the next observation.
    pub(crate) fn get(&self, slot: usize) -> (Record, &[T], &[T]) {
        let len = self.observation_len;
        let (observation, next_observation) = self.observations[2 * slot * len..][..2 * len].split_at(len);
        (self.records[slot], observation, next_observation)
    }

    /// Writes the transitions from number `first` on.
    pub(crate) fn save(&self, first: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        for number in first..self.written {
            let (record, observation, next_observation) = self.get(self.slot(number));
            to.u32(record.action)?;
            to.f32(record.reward)?;
            to.f32(record.discount)?;
            to.slice(observation)?;
            to.slice(next_observation)?;
        }
        Ok(())
    }

    /// Goes on with the transitions of a saved range, which must not start before [`written`](Self::written).
    pub(crate) fn load(&mut self, range: Range<u64>, from: &mut CheckedReader<'_>) -> Result<(), ReplayError> {
        if range.start > self.written {
            // A range that does not start at 0 comes from a ring that had wrapped around: every slot is in use.
            self.records.resize(self.capacity, Record { action: 0, reward: 0.0, discount: 0.0 });
            self.observations.resize(2 * self.capacity * self.observation_len, T::zeroed());
            self.written = range.start;
        }
        let mut rows = Vec::new();
        memory::resize(&mut rows, 2 * self.observation_len)?;
        for _ in range {
            let record = Record { action: from.u32()?, reward: from.f32()?, discount: from.f32()? };
            from.slice(&mut rows)?;
            let (observation, next_observation) = rows.split_at(self.observation_len);
            self.append(record, observation, next_observation);
        }
        Ok(())
    }
}
