//! Frames in few bytes, without loss.

use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};

use super::patch;
use crate::{ReplayError, memory};

/// The form that a frame is packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The frame as it is.
    Plain,
    /// The frame, as an LZ4 block.
    Lz4,
    /// What changed since the frame before.
    Patch,
    /// What changed since the frame before, as an LZ4 block.
    Lz4Patch,
}

impl Form {
    const ALL: [Self; 4] = [Self::Plain, Self::Lz4, Self::Patch, Self::Lz4Patch];

    /// Whether the frame before is needed to unpack it.
    pub(crate) fn is_patch(self) -> bool {
        matches!(self, Self::Patch | Self::Lz4Patch)
    }
}

/// What stands before a packed frame: its form and its length, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) form: Form,
    pub(crate) len: usize,
}

impl Heading {
    pub(crate) const BYTES: usize = 4;
    /// The longest packed frame that a heading can announce.
    pub(crate) const LONGEST: usize = (1 << 30) - 1;

    pub(crate) fn encode(self) -> u32 {
        (self.len as u32) << 2 | self.form as u32
    }

    pub(crate) fn decode(code: u32) -> Self {
        Self { form: Form::ALL[(code & 3) as usize], len: (code >> 2) as usize }
    }
}

/// Packs frames of one length. What comes out depends only on the frame and the one before.
pub(crate) struct Packer {
    frame_bytes: usize,
    patch: Vec<u8>,
    packed_patch: Vec<u8>,
    packed: Vec<u8>,
    table: CompressTable,
}

impl Packer {
    /// Patches that are longer than one part in so many of a frame compete with the frame's own LZ4 block.
    const SHORT: usize = 16;

    pub(crate) fn new(frame_bytes: usize) -> Result<Self, ReplayError> {
        let (mut packed, mut packed_patch) = (Vec::new(), Vec::new());
        memory::resize(&mut packed, get_maximum_output_size(frame_bytes))?;
        memory::resize(&mut packed_patch, get_maximum_output_size(frame_bytes))?;
        // The small table is for inputs below 65,535 bytes. One table for all inputs of a replay, because the table decides
        // which bytes come out.
        let small = frame_bytes < usize::from(u16::MAX);
        let table = if small { CompressTable::small() } else { CompressTable::large() };
        Ok(Self { frame_bytes, patch: memory::reserve(Self::patch_bytes(frame_bytes))?, packed_patch, packed, table })
    }

    pub(crate) fn planned_bytes(frame_bytes: usize) -> u64 {
        // A table has 4,096 entries of two or four bytes.
        let table = if frame_bytes < usize::from(u16::MAX) { 8192 } else { 16384 };
        (2 * get_maximum_output_size(frame_bytes) + Self::patch_bytes(frame_bytes) + table) as u64
    }

    /// Room for a patch and for the numbers of the run that makes it too long.
    fn patch_bytes(frame_bytes: usize) -> usize {
        frame_bytes + 16
    }

    /// Packs a frame in the shortest form; without a frame before it never as a patch.
    pub(crate) fn pack<'a>(&'a mut self, before: Option<&[u8]>, frame: &'a [u8]) -> (Form, &'a [u8]) {
        let patch = before.and_then(|before| {
            self.patch.clear();
            patch::make(before, frame, self.frame_bytes, &mut self.patch).then_some(&self.patch[..])
        });
        let patch = patch.map(|patch| match compress_into_with_table(patch, &mut self.packed_patch, &mut self.table) {
            Ok(len) if len < patch.len() => (Form::Lz4Patch, &self.packed_patch[..len]),
            _ => (Form::Patch, patch),
        });
        if let Some((form, bytes)) = patch
            && bytes.len() <= self.frame_bytes / Self::SHORT
        {
            return (form, bytes);
        }
        let whole = match compress_into_with_table(frame, &mut self.packed, &mut self.table) {
            Ok(len) if len < frame.len() => (Form::Lz4, &self.packed[..len]),
            _ => (Form::Plain, frame),
        };
        match patch {
            Some(patch) if patch.1.len() < whole.1.len() => patch,
            _ => whole,
        }
    }
}

/// Turns `frame`, which for a patch holds the frame before, into the packed one. `scratch` needs room for a patch: the
/// length of a frame.
pub(crate) fn unpack(form: Form, bytes: &[u8], frame: &mut [u8], scratch: &mut [u8]) -> Result<(), ReplayError> {
    let unpacked = match form {
        Form::Plain if bytes.len() == frame.len() => {
            frame.copy_from_slice(bytes);
            Some(())
        }
        Form::Plain => None,
        Form::Lz4 => decompress_into(bytes, frame).ok().filter(|&len| len == frame.len()).map(drop),
        Form::Patch => patch::apply(bytes, frame),
        Form::Lz4Patch => decompress_into(bytes, scratch).ok().and_then(|len| patch::apply(&scratch[..len], frame)),
    };
    unpacked.ok_or_else(|| ReplayError::damaged("a packed frame cannot be unpacked"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_core::Rng;
    use rand_pcg::Pcg64;

    use super::*;

    proptest! {
        #[test]
        fn unpacks_what_was_packed(
            before in prop::collection::vec(0..4u8, 200),
            changes in prop::collection::vec((0..200usize, any::<u8>()), 0..100),
            with_before: bool,
        ) {
            let mut frame = before.clone();
            changes.iter().for_each(|&(index, value)| frame[index] = value);
            let mut packer = Packer::new(200).unwrap();
            let (form, bytes) = packer.pack(with_before.then_some(&before[..]), &frame);
            prop_assert!(bytes.len() <= 200);
            prop_assert!(with_before || !form.is_patch());
            let mut unpacked = if form.is_patch() { before } else { vec![9; 200] };
            unpack(form, bytes, &mut unpacked, &mut [0; 200]).unwrap();
            prop_assert_eq!(unpacked, frame);
        }

        #[test]
        fn refuses_what_was_not_packed_without_a_panic(bytes: Vec<u8>, form in 0..4usize) {
            let _refused = unpack(Form::ALL[form], &bytes, &mut [0; 50], &mut [0; 50]);
        }
    }

    /// On either side of the length from which on the table is a large one.
    #[test]
    fn a_packer_takes_what_was_planned() {
        for (frame_bytes, table) in [(1, 8192), (65_534, 8192), (65_535, 16_384)] {
            let Packer { patch, packed_patch, packed, .. } = Packer::new(frame_bytes).unwrap();
            assert_eq!(patch.capacity(), frame_bytes + 16);
            let buffers = patch.capacity() + packed_patch.capacity() + packed.capacity();
            assert_eq!(Packer::planned_bytes(frame_bytes), (buffers + table) as u64);
        }
    }

    /// Frames of 320 bytes: a patch of at most 20 is taken without a look at the whole frame.
    #[test]
    fn a_frame_is_packed_in_its_shortest_form() {
        let mut packer = Packer::new(320).unwrap();
        let mut form = |before: Option<&[u8]>, frame: &[u8]| {
            let (form, bytes) = packer.pack(before, frame);
            (form, bytes.len())
        };
        let mut noise = [0; 320];
        Pcg64::new(1, 1).fill_bytes(&mut noise);
        assert_eq!(form(None, &noise), (Form::Plain, 320));
        let flat = form(None, &[0; 320]);
        assert!(flat.0 == Form::Lz4 && flat.1 < 20, "{flat:?}");

        // Where to, how many, and the values.
        let mut changed = noise;
        changed[7] ^= 1;
        assert_eq!(form(Some(&noise), &changed), (Form::Patch, 3));
        changed[..100].iter_mut().for_each(|pixel| *pixel ^= 0x55);
        assert_eq!(form(Some(&noise), &changed), (Form::Patch, 102));
        changed[..100].fill(9);
        let filled = form(Some(&noise), &changed);
        assert!(filled.0 == Form::Lz4Patch && filled.1 < 20, "{filled:?}");

        // Bytes that go dark here and there: each would take three, and all of it is dark then.
        let mut stars = vec![0; 320];
        noise
            .iter()
            .scan(0, |place, step| {
                *place += 3 + usize::from(step % 8);
                Some(*place)
            })
            .take_while(|place| *place < 320)
            .for_each(|place| stars[place] = 1);
        assert_eq!(form(Some(&stars), &[0; 320]), flat);
        let mut few = [0; 320];
        [10, 50, 110, 200, 290].into_iter().for_each(|place| few[place] = 1);
        let short = form(Some(&few), &[0; 320]);
        assert!(short.0.is_patch() && short.1 > flat.1, "{short:?}, {flat:?}");
    }

    #[test]
    fn headings_go_both_ways() {
        for form in Form::ALL {
            for len in [0, 1, Heading::LONGEST] {
                let heading = Heading { form, len };
                assert_eq!(Heading::decode(heading.encode()), heading);
            }
        }
    }
}
