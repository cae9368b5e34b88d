//! Frames as they are.

use bytemuck::{Pod, cast_slice};

use super::packed::PackedFrames;
use super::packing::{Heading, Packer};
use crate::checked::CheckedWriter;
use crate::{ReplayError, memory};

/// A ring of frames, one after another in memory.
///
/// All of it is reserved when it is made, and a page is touched only when its first frame comes: a replay that is larger
/// than memory is refused at once, one that stays half empty costs half.
pub(crate) struct FlatFrames<T> {
    frames: Vec<T>,
    frame_len: usize,
    slots: usize,
    /// The position that comes next.
    next: u64,
}

impl<T: Pod> FlatFrames<T> {
    pub(crate) fn new(slots: usize, frame_len: usize) -> Result<Self, ReplayError> {
        Ok(Self { frames: memory::reserve(slots * frame_len)?, frame_len, slots, next: 0 })
    }

    pub(crate) fn planned_bytes(slots: usize, frame_len: usize) -> u64 {
        memory::bytes::<T>(frame_len).saturating_mul(slots as u64)
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        memory::bytes::<T>(self.frames.len())
    }

    /// Where the frame of a position starts.
    fn start(&self, position: u64) -> usize {
        (position % self.slots as u64) as usize * self.frame_len
    }

    /// Stores the frame of the next position, in place of the one that lies `slots` positions before.
    pub(crate) fn write(&mut self, frame: &[T]) {
        let start = self.start(self.next);
        if start == self.frames.len() {
            self.frames.extend_from_slice(frame);
        } else {
            self.frames[start..start + self.frame_len].copy_from_slice(frame);
        }
        self.next += 1;
    }

    /// Goes on from a position of a ring that has wrapped around: every slot is in use.
    pub(crate) fn restart(&mut self, position: u64) {
        self.frames.resize(self.slots * self.frame_len, T::zeroed());
        self.next = position;
    }

    /// Copies the frames from a position on, as many as `into` has room for.
    pub(crate) fn read(&self, first: u64, into: &mut [T]) {
        let start = self.start(first);
        let until_wrap = into.len().min(self.slots * self.frame_len - start);
        let (before, after) = into.split_at_mut(until_wrap);
        before.copy_from_slice(&self.frames[start..start + until_wrap]);
        after.copy_from_slice(&self.frames[..after.len()]);
    }

    /// Writes the frames from a position on, packed as [`PackedFrames::save`] does it.
    pub(crate) fn save(&self, first: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        let mut packer = Packer::new(size_of::<T>() * self.frame_len)?;
        let mut before = None;
        for position in first..self.next {
            let frame = cast_slice(&self.frames[self.start(position)..][..self.frame_len]);
            let before = before.replace(frame).filter(|_| !position.is_multiple_of(PackedFrames::GROUP));
            let (form, bytes) = packer.pack(before, frame);
            to.u32(Heading { form, len: bytes.len() }.encode())?;
            to.bytes(bytes)?;
        }
        Ok(())
    }
}
