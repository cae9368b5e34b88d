//! The file format's outside: bytes in blocks, each with a checksum.
//!
//! ```text
//! magic    8 bytes  "deepqrpl"
//! version  u32       1; 2 where a sampler has a state
//! blocks   length u32 (1 to 262144), checksum u32, payload
//! end      length 0, checksum u32
//! ```
//!
//! All numbers are little-endian. A checksum is the CRC-32 of the block's number (u64, from 0), its length (u32) and its
//! payload, so that blocks that changed, got lost, or changed places are noticed, as is an early end.
//!
//! Put together, the payloads are the settings (`settings.rs`); for each ring the number of the first entry that follows
//! and of the one after the last; and the entries. Those of a [`TransitionStore`](crate::TransitionStore) are the transitions,
//! each a record and two observations, and for each stream the steps that wait (`transitions/`). Those of a
//! [`FrameStore`](crate::FrameStore) are for each ring the records (`frames/record.rs`) and then the packed frames
//! (`frames/packing.rs`). In version 2 the sampler's name and state follow, each after its length as a u64
//! (`saved_sampler.rs`).

use std::io::{ErrorKind, Read, Write};

use crate::{ReplayError, memory};

const MAGIC: &[u8; 8] = b"deepqrpl";
/// Of a replay whose sampler remembers nothing.
const WITHOUT_SAMPLER: u32 = 1;
const WITH_SAMPLER: u32 = 2;
const BLOCK: usize = 1 << 18;

fn checksum(number: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(&(payload.len() as u32).to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// Writes numbers and slices as checked blocks.
pub struct CheckedWriter<'a> {
    to: &'a mut dyn Write,
    block: Vec<u8>,
    number: u64,
}

impl<'a> CheckedWriter<'a> {
    /// Begins a file in which a sampler's state will follow, or not.
    pub(crate) fn new(to: &'a mut dyn Write, sampler: bool) -> Result<Self, ReplayError> {
        let version = if sampler { WITH_SAMPLER } else { WITHOUT_SAMPLER };
        to.write_all(MAGIC)?;
        to.write_all(&version.to_le_bytes())?;
        Ok(Self { to, block: Vec::with_capacity(BLOCK), number: 0 })
    }

    pub(crate) fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), ReplayError> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    pub(crate) fn slice<T: bytemuck::Pod>(&mut self, slice: &[T]) -> Result<(), ReplayError> {
        self.bytes(bytemuck::cast_slice(slice))
    }

    pub(crate) fn u8(&mut self, value: u8) -> Result<(), ReplayError> {
        self.bytes(&[value])
    }

    pub(crate) fn u32(&mut self, value: u32) -> Result<(), ReplayError> {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> Result<(), ReplayError> {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn f32(&mut self, value: f32) -> Result<(), ReplayError> {
        self.u32(value.to_bits())
    }

    /// Writes the block that is being filled.
    fn flush(&mut self) -> Result<(), ReplayError> {
        self.to.write_all(&(self.block.len() as u32).to_le_bytes())?;
        self.to.write_all(&checksum(self.number, &self.block).to_le_bytes())?;
        self.to.write_all(&self.block)?;
        self.block.clear();
        self.number += 1;
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(crate) fn finish(mut self) -> Result<(), ReplayError> {
        if !self.block.is_empty() {
            self.flush()?;
        }
        self.flush()?;
        Ok(self.to.flush()?)
    }
}

/// Reads what [`CheckedWriter`] wrote; hands out no byte of a block whose checksum is wrong.
pub struct CheckedReader<'a> {
    from: &'a mut dyn Read,
    has_sampler: bool,
    block: Vec<u8>,
    /// What of the block has been handed out.
    read: usize,
    number: u64,
}

impl<'a> CheckedReader<'a> {
    pub(crate) fn new(from: &'a mut dyn Read) -> Result<Self, ReplayError> {
        let mut reader = Self { from, has_sampler: false, block: Vec::new(), read: 0, number: 0 };
        let mut magic = [0; 8];
        reader.raw(&mut magic)?;
        if &magic != MAGIC {
            return Err(ReplayError::damaged("it does not start like one"));
        }
        reader.has_sampler = match reader.raw_u32()? {
            WITHOUT_SAMPLER => false,
            WITH_SAMPLER => true,
            version => return Err(ReplayError::Version { version, known: WITH_SAMPLER }),
        };
        Ok(reader)
    }

    /// Whether a sampler's state follows the entries.
    pub(crate) fn has_sampler(&self) -> bool {
        self.has_sampler
    }

    fn raw(&mut self, bytes: &mut [u8]) -> Result<(), ReplayError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ReplayError::damaged("it ends too early"),
            _ => error.into(),
        })
    }

    fn raw_u32(&mut self) -> Result<u32, ReplayError> {
        let mut bytes = [0; 4];
        self.raw(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn next_block(&mut self) -> Result<(), ReplayError> {
        let len = self.raw_u32()? as usize;
        let expected = self.raw_u32()?;
        if len > BLOCK {
            return Err(ReplayError::damaged(format!("block {} has an impossible length", self.number)));
        }
        let mut block = std::mem::take(&mut self.block);
        block.resize(len, 0);
        self.raw(&mut block)?;
        if checksum(self.number, &block) != expected {
            return Err(ReplayError::damaged(format!("the checksum of block {} is wrong", self.number)));
        }
        self.block = block;
        self.read = 0;
        self.number += 1;
        Ok(())
    }

    pub(crate) fn bytes(&mut self, mut bytes: &mut [u8]) -> Result<(), ReplayError> {
        while !bytes.is_empty() {
            if self.read == self.block.len() {
                self.next_block()?;
                if self.block.is_empty() {
                    return Err(ReplayError::damaged("it holds less than it says"));
                }
            }
            let rest = &self.block[self.read..];
            let (now, later) = bytes.split_at_mut(bytes.len().min(rest.len()));
            now.copy_from_slice(&rest[..now.len()]);
            self.read += now.len();
            bytes = later;
        }
        Ok(())
    }

    /// So many bytes, which need not be there: memory is taken as they come.
    pub(crate) fn vec(&mut self, len: u64) -> Result<Vec<u8>, ReplayError> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < len {
            let read = bytes.len();
            memory::resize(&mut bytes, read + (len - read as u64).min(BLOCK as u64) as usize)?;
            self.bytes(&mut bytes[read..])?;
        }
        Ok(bytes)
    }

    pub(crate) fn slice<T: bytemuck::Pod>(&mut self, slice: &mut [T]) -> Result<(), ReplayError> {
        self.bytes(bytemuck::cast_slice_mut(slice))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReplayError> {
        let mut bytes = [0; N];
        self.bytes(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ReplayError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ReplayError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ReplayError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, ReplayError> {
        self.u32().map(f32::from_bits)
    }

    /// Makes sure that everything was read and the end is there.
    pub(crate) fn finish(mut self) -> Result<(), ReplayError> {
        if self.read == self.block.len() {
            self.next_block()?;
            if self.block.is_empty() {
                return Ok(());
            }
        }
        Err(ReplayError::damaged("it holds more than it says"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(payload: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = CheckedWriter::new(&mut file, false).unwrap();
        // In parts that no block ends with.
        payload.chunks(1000).for_each(|part| writer.bytes(part).unwrap());
        writer.finish().unwrap();
        file
    }

    fn read(file: &[u8], len: usize) -> Result<Vec<u8>, ReplayError> {
        let mut payload = vec![0; len];
        let mut from = file;
        let mut reader = CheckedReader::new(&mut from)?;
        reader.bytes(&mut payload)?;
        reader.finish()?;
        Ok(payload)
    }

    #[test]
    fn gives_back_what_was_written() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let payload: Vec<u8> = (0..len).map(|i| (i / 7) as u8).collect();
            let file = written(&payload);
            assert_eq!(read(&file, len).unwrap(), payload);
            assert!(read(&file, len + 1).is_err());
            assert!(len == 0 || read(&file, len - 1).is_err());
        }
    }

    #[test]
    fn notices_blocks_that_changed_places() {
        let mut payload = vec![7; 2 * BLOCK];
        payload[BLOCK..].fill(8);
        let file = written(&payload);
        let block = |number: usize| 12 + number * (8 + BLOCK)..12 + (number + 1) * (8 + BLOCK);
        let mut swapped = file.clone();
        swapped[block(0)].copy_from_slice(&file[block(1)]);
        swapped[block(1)].copy_from_slice(&file[block(0)]);
        assert!(matches!(read(&swapped, 2 * BLOCK), Err(ReplayError::Damaged { .. })));
    }
}
