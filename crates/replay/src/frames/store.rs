//! Where a ring's frames lie.

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use super::flat::FlatFrames;
use super::packed::PackedFrames;
use super::packing::{Heading, unpack};
use crate::checked::{CheckedReader, CheckedWriter};
use crate::scratch::Scratch;
use crate::{Compression, ReplayError, memory};

/// The frames of one stream, by position; as they are or packed. What is saved is the same for both.
pub(crate) enum Frames<T> {
    Flat(FlatFrames<T>),
    Packed(Box<PackedFrames>),
}

impl<T: Pod> Frames<T> {
    pub(crate) fn new(slots: usize, frame_len: usize, compression: Compression) -> Result<Self, ReplayError> {
        Ok(match compression {
            Compression::None => Self::Flat(FlatFrames::new(slots, frame_len)?),
            Compression::Lz4 => Self::Packed(Box::new(PackedFrames::new(slots, size_of::<T>() * frame_len)?)),
        })
    }

    /// Bytes that the frames take if packed ones have `packed_bytes` each; as they are otherwise.
    pub(crate) fn planned_bytes(slots: usize, frame_len: usize, packed_bytes: Option<usize>) -> u64 {
        match packed_bytes {
            None => FlatFrames::<T>::planned_bytes(slots, frame_len),
            Some(packed_bytes) => PackedFrames::planned_bytes(slots, size_of::<T>() * frame_len, packed_bytes),
        }
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        match self {
            Self::Flat(frames) => frames.size_in_bytes(),
            Self::Packed(frames) => frames.size_in_bytes(),
        }
    }

    /// Makes sure that there is memory for some more frames.
    pub(crate) fn reserve(&mut self, frames: usize) -> Result<(), ReplayError> {
        match self {
            Self::Flat(_) => Ok(()),
            Self::Packed(packed) => packed.reserve(frames),
        }
    }

    /// Forgets everything, to go on from a position of a ring that has wrapped around.
    pub(crate) fn restart(&mut self, position: u64) {
        match self {
            Self::Flat(frames) => frames.restart(position),
            Self::Packed(frames) => frames.restart(position),
        }
    }

    /// Stores the frame of the next position, for which there must be [memory](Self::reserve).
    pub(crate) fn write(&mut self, frame: &[T]) {
        match self {
            Self::Flat(frames) => frames.write(frame),
            Self::Packed(frames) => frames.write(cast_slice(frame)),
        }
    }

    /// Copies the frames from position `first` on, as many as `into` has room for. `before` is the frame before them,
    /// where the caller has it.
    pub(crate) fn read(
        &self,
        first: u64,
        before: Option<&[T]>,
        into: &mut [T],
        scratch: &mut Scratch,
    ) -> Result<(), ReplayError> {
        match self {
            Self::Flat(frames) => {
                frames.read(first, into);
                Ok(())
            }
            Self::Packed(frames) => frames.read(first, before.map(cast_slice), cast_slice_mut(into), scratch),
        }
    }

    /// Writes the frames from position `first` on, packed: those at multiples of [`PackedFrames::GROUP`] and the first one
    /// whole.
    pub(crate) fn save(&self, first: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        match self {
            Self::Flat(frames) => frames.save(first, to),
            Self::Packed(frames) => frames.save(first, to),
        }
    }
}

/// Reads frames that [`Frames::save`] wrote, one after another.
pub(crate) struct SavedFrames<T> {
    frame: Vec<T>,
    scratch: [Vec<u8>; 2],
    whole: bool,
}

impl<T: Pod> SavedFrames<T> {
    pub(crate) fn new(frame_len: usize) -> Result<Self, ReplayError> {
        let (mut frame, mut scratch) = (Vec::new(), [Vec::new(), Vec::new()]);
        memory::resize(&mut frame, frame_len)?;
        for scratch in &mut scratch {
            memory::resize(scratch, size_of::<T>() * frame_len)?;
        }
        Ok(Self { frame, scratch, whole: false })
    }

    /// The next frame.
    pub(crate) fn read(&mut self, from: &mut CheckedReader<'_>) -> Result<&[T], ReplayError> {
        let Heading { form, len } = Heading::decode(from.u32()?);
        let [entry, patch] = &mut self.scratch;
        // The first frame has none before it.
        if len > entry.len() || (form.is_patch() && !self.whole) {
            return Err(ReplayError::damaged("a packed frame is impossible"));
        }
        self.whole = true;
        from.bytes(&mut entry[..len])?;
        unpack(form, &entry[..len], cast_slice_mut(&mut self.frame), patch)?;
        Ok(&self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_frames_are_planned_by_their_bytes() {
        let planned = Frames::<f32>::planned_bytes(32, 25, Some(90));
        assert_eq!(planned, PackedFrames::planned_bytes(32, 100, 90));
    }
}
