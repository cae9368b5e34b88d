//! Frames as they are.

use bytemuck::Pod;

use crate::checked::CheckedWriter;
use crate::{ReplayError, memory};

/// A ring of frames, one after another in memory.
///
/// All of it is reserved when it is made, and a page is touched only when its first frame comes: a replay that is larger
/// than memory is refused at once, one that stays half empty costs half.
#[derive(Clone, Debug)]
pub(crate) struct FlatFrames<T> {
    frames: Vec<T>,
    frame_len: usize,
    slots: usize,
}

impl<T: Pod> FlatFrames<T> {
    pub(crate) fn new(slots: usize, frame_len: usize) -> Result<Self, ReplayError> {
        Ok(Self { frames: memory::reserve(slots * frame_len)?, frame_len, slots })
    }

    fn slot(&self, position: u64) -> usize {
        (position % self.slots as u64) as usize
    }

    /// Stores the frame of a position, in place of the one that lies `slots` positions before. Positions come in order.
    pub(crate) fn write(&mut self, position: u64, frame: &[T]) {
        let start = self.slot(position) * self.frame_len;
        if start == self.frames.len() {
            self.frames.extend_from_slice(frame);
        } else {
            self.frames[start..start + self.frame_len].copy_from_slice(frame);
        }
    }

    /// Makes every slot one that is in use, as in a ring that has wrapped around.
    pub(crate) fn fill(&mut self) {
        self.frames.resize(self.slots * self.frame_len, T::zeroed());
    }

    /// Copies the frames from a position on, as many as `into` has room for.
    pub(crate) fn read(&self, first: u64, into: &mut [T]) {
        let start = self.slot(first) * self.frame_len;
        let until_wrap = into.len().min(self.slots * self.frame_len - start);
        let (before, after) = into.split_at_mut(until_wrap);
        before.copy_from_slice(&self.frames[start..start + until_wrap]);
        after.copy_from_slice(&self.frames[..after.len()]);
    }

    /// Writes the frame of a position.
    pub(crate) fn save(&self, position: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        to.slice(&self.frames[self.slot(position) * self.frame_len..][..self.frame_len])
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        memory::bytes::<T>(self.frames.len())
    }
}
