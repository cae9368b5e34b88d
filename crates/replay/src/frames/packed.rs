//! Frames in few bytes.

use super::log::Log;
use super::packing::{Heading, Packer, unpack};
use crate::checked::CheckedWriter;
use crate::scratch::Scratch;
use crate::{ReplayError, memory};

/// A ring of packed frames, one after another in a [`Log`].
///
/// Most frames are what changed since the frame before ([`Form::Patch`](super::packing::Form::Patch)). So that no frame
/// needs many others, every position that is a multiple of [`GROUP`](Self::GROUP) holds a whole frame, and the address of
/// these frames is all that is remembered of where frames lie.
pub(crate) struct PackedFrames {
    log: Log,
    /// For each group its address, in slot `group % addresses`.
    addresses: Vec<u64>,
    groups: usize,
    slots: usize,
    frame_bytes: usize,
    /// The first position that was ever written: 0, unless the ring was restored.
    first: u64,
    /// The position that comes next.
    next: u64,
    newest: Vec<u8>,
    packer: Packer,
}

impl PackedFrames {
    /// Positions of a group: unpacking a frame needs at most so many.
    pub(crate) const GROUP: u64 = 16;

    pub(crate) fn new(slots: usize, frame_bytes: usize) -> Result<Self, ReplayError> {
        let groups = Self::groups(slots);
        let mut newest = Vec::new();
        memory::resize(&mut newest, frame_bytes)?;
        let (addresses, packer) = (memory::reserve(groups)?, Packer::new(frame_bytes)?);
        Ok(Self { log: Log::default(), addresses, groups, slots, frame_bytes, first: 0, next: 0, newest, packer })
    }

    /// Groups that have a position among any `slots` in a row.
    fn groups(slots: usize) -> usize {
        slots / Self::GROUP as usize + 2
    }

    /// Bytes at most, if no packed frame is longer than `packed_bytes`.
    pub(crate) fn planned_bytes(slots: usize, frame_bytes: usize, packed_bytes: usize) -> u64 {
        let entry = packed_bytes as u64 + Heading::BYTES as u64;
        // The oldest group is kept whole, and a chunk more on either side.
        let log =
            entry.saturating_mul((slots as u64).saturating_add(Self::GROUP)).saturating_add(3 * Log::CHUNK as u64);
        let chunks = (log / Log::CHUNK as u64 + 1).saturating_mul(2 * size_of::<Box<[u8]>>() as u64);
        let addresses = (Self::groups(slots) * size_of::<u64>()) as u64;
        let buffers = Packer::planned_bytes(frame_bytes).saturating_add(frame_bytes as u64);
        log.saturating_add(chunks).saturating_add(addresses).saturating_add(buffers)
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        self.log.size_in_bytes()
            + memory::bytes::<u64>(self.addresses.len())
            + Packer::planned_bytes(self.frame_bytes)
            + self.newest.len() as u64
    }

    /// Makes sure that there is memory for some more frames.
    pub(crate) fn reserve(&mut self, frames: usize) -> Result<(), ReplayError> {
        self.log.reserve(frames * (self.frame_bytes + Heading::BYTES))
    }

    /// Forgets everything, to go on from a position.
    pub(crate) fn restart(&mut self, position: u64) {
        self.log = Log::default();
        self.addresses.clear();
        self.addresses.resize(self.groups, 0);
        (self.first, self.next) = (position, position);
    }

    fn address_slot(&self, group: u64) -> usize {
        (group % self.groups as u64) as usize
    }

    /// Stores the frame of the next position; there must be [memory](Self::reserve) for it.
    pub(crate) fn write(&mut self, frame: &[u8]) {
        let position = self.next;
        let group = position / Self::GROUP;
        let starts = position.is_multiple_of(Self::GROUP) || position == self.first;
        if starts {
            let slot = self.address_slot(group);
            if slot == self.addresses.len() {
                self.addresses.push(self.log.end());
            } else {
                self.addresses[slot] = self.log.end();
            }
        }
        let (form, bytes) = self.packer.pack((!starts).then_some(&self.newest[..]), frame);
        self.log.append(&Heading { form, len: bytes.len() }.encode().to_le_bytes());
        self.log.append(bytes);
        self.newest.copy_from_slice(frame);
        self.next += 1;
        let oldest = self.next.saturating_sub(self.slots as u64).max(self.first);
        self.log.forget(self.addresses[self.address_slot(oldest / Self::GROUP)]);
    }

    fn heading(&self, address: u64) -> Heading {
        let mut scratch = [0; Heading::BYTES];
        let bytes = self.log.read(address, Heading::BYTES, &mut scratch);
        Heading::decode(bytes.iter().rev().fold(0, |code, &byte| code << 8 | u32::from(byte)))
    }

    /// Where the frame of a position lies, and the whole frame at or before it: position and address.
    fn find(&self, position: u64) -> (u64, [u64; 2]) {
        let group = position / Self::GROUP;
        let mut at = (group * Self::GROUP).max(self.first);
        let mut address = self.addresses[self.address_slot(group)];
        let mut whole = (at, address);
        loop {
            let heading = self.heading(address);
            if !heading.form.is_patch() {
                whole = (at, address);
            }
            if at == position {
                return (whole.0, [whole.1, address]);
            }
            address += (Heading::BYTES + heading.len) as u64;
            at += 1;
        }
    }

    /// Copies the frames from position `first` on, as many as `into` has room for. `before` is the frame before them,
    /// where the caller has it: it saves unpacking it.
    pub(crate) fn read(
        &self,
        first: u64,
        before: Option<&[u8]>,
        into: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), ReplayError> {
        scratch.resize(self.frame_bytes)?;
        let Scratch { frame, patch, entry } = scratch;
        let frame = &mut frame[..self.frame_bytes];
        let (whole, [mut address, here]) = self.find(first);
        let mut before = if let Some(before) = before {
            address = here;
            before
        } else {
            for _ in whole..first {
                self.unpack_next(&mut address, frame, patch, entry)?;
            }
            frame
        };
        for frame in into.chunks_exact_mut(self.frame_bytes) {
            if self.heading(address).form.is_patch() {
                frame.copy_from_slice(before);
            }
            self.unpack_next(&mut address, frame, patch, entry)?;
            before = frame;
        }
        Ok(())
    }

    /// Unpacks the frame at an address, over the one before, and goes on to the next address.
    fn unpack_next(
        &self,
        address: &mut u64,
        frame: &mut [u8],
        patch: &mut [u8],
        entry: &mut [u8],
    ) -> Result<(), ReplayError> {
        let Heading { form, len } = self.heading(*address);
        let bytes = self.log.read(*address + Heading::BYTES as u64, len, entry);
        unpack(form, bytes, frame, patch)?;
        *address += (Heading::BYTES + len) as u64;
        Ok(())
    }

    /// Writes the frames from position `first` on as they are packed, but the first one whole.
    pub(crate) fn save(&self, first: u64, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        let (mut frame, mut scratch) = (Vec::new(), Scratch::default());
        memory::resize(&mut frame, self.frame_bytes)?;
        let mut address = 0;
        for position in first..self.next {
            if position == first {
                self.read(first, None, &mut frame, &mut scratch)?;
                let mut packer = Packer::new(self.frame_bytes)?;
                let (form, bytes) = packer.pack(None, &frame);
                to.u32(Heading { form, len: bytes.len() }.encode())?;
                to.bytes(bytes)?;
                address = self.find(first).1[1];
            } else {
                let heading = self.heading(address);
                to.u32(heading.encode())?;
                to.bytes(self.log.read(address + Heading::BYTES as u64, heading.len, &mut scratch.entry))?;
            }
            address += (Heading::BYTES + self.heading(address).len) as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_core::Rng;
    use rand_pcg::Pcg64;

    use super::*;

    const POINTER: u64 = size_of::<Box<[u8]>>() as u64;

    /// 32 places are two groups, and two more can have a part in them: 48 frames of 100 bytes, each with four before it, and
    /// three chunks, which makes four. Pointers to chunks have room for as many again.
    #[test]
    fn planned_memory_is_counted_to_the_byte() {
        let log = 48 * 104 + 3 * Log::CHUNK as u64;
        let rest = 4 * 2 * POINTER + 4 * size_of::<u64>() as u64 + Packer::planned_bytes(100) + 100;
        assert_eq!(PackedFrames::planned_bytes(32, 100, 100), log + rest);
    }

    #[test]
    fn memory_in_use_is_counted_to_the_byte() {
        let mut frames = PackedFrames::new(32, 100).unwrap();
        let empty = frames.size_in_bytes();
        assert_eq!(empty, Packer::planned_bytes(100) + 100);
        let mut written = || {
            frames.reserve(1).unwrap();
            frames.write(&[7; 100]);
            frames.size_in_bytes()
        };
        let first = written();
        assert!(first >= empty + Log::CHUNK as u64 + POINTER + 8, "a chunk, a pointer to it and an address");
        let group = (1..PackedFrames::GROUP).map(|_| written()).last();
        assert_eq!(group, Some(first));
        assert_eq!(written(), first + 8, "another address");
    }

    #[test]
    fn there_is_room_for_as_many_frames_as_were_reserved() {
        let mut frames = PackedFrames::new(32, 30_000).unwrap();
        let empty = frames.size_in_bytes();
        frames.reserve(5).unwrap();
        assert!(frames.size_in_bytes() < empty + 4 * Log::CHUNK as u64, "three chunks hold them");
        let mut noise = vec![0; 30_000];
        for seed in 0..5 {
            Pcg64::new(seed, 1).fill_bytes(&mut noise);
            frames.write(&noise);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Frames long enough that the log forgets chunks all the time, and that entries lie across their borders.
        #[test]
        fn holds_the_newest_frames(
            slots in 1..60usize,
            start in prop_oneof![Just(0), 60..200u64],
            changes in prop::collection::vec((0..3u8, 0..9000usize, any::<u8>()), 1..200),
        ) {
            const LEN: usize = 9000;
            let mut frames = PackedFrames::new(slots, LEN).unwrap();
            if start > 0 {
                frames.restart(start);
            }
            let mut scratch = Scratch::default();
            let (mut frame, mut read) = (vec![0; LEN], vec![0; 3 * LEN]);
            let mut written: Vec<Vec<u8>> = Vec::new();
            for (kind, at, value) in changes {
                match kind {
                    0 => frame[at] = value,
                    1 => frame[at..].fill(value),
                    _ => frame.iter_mut().enumerate().for_each(|(index, pixel)| {
                        *pixel = ((index as u32).wrapping_mul(0x9e37_79b9 + u32::from(value)) >> 13) as u8;
                    }),
                }
                frames.reserve(1).unwrap();
                frames.write(&frame);
                written.push(frame.clone());
                let oldest = written.len().saturating_sub(slots);
                for first in oldest..written.len() {
                    let count = (written.len() - first).min(3);
                    let before = (first > oldest && first % 2 == 0).then(|| &written[first - 1][..]);
                    frames.read(start + first as u64, before, &mut read[..count * LEN], &mut scratch).unwrap();
                    prop_assert!(read[..count * LEN] == written[first..first + count].concat());
                }
            }
        }
    }
}
