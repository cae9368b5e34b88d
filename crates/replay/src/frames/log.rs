//! Bytes that are appended at one end and forgotten at the other.

use std::collections::VecDeque;

use crate::ReplayError;

/// A queue of bytes in chunks of one size: what was forgotten is used again, so that memory neither fragments nor moves,
/// however the entries' lengths change. A byte's address is its number since the beginning.
#[derive(Debug, Default)]
pub(crate) struct Log {
    chunks: VecDeque<Box<[u8]>>,
    /// Address of the first chunk's first byte.
    base: u64,
    /// Address that the next byte will have.
    end: u64,
}

impl Log {
    /// Bytes of a chunk.
    pub(crate) const CHUNK: usize = 1 << 16;

    /// Address that the next byte will have.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Makes sure that `bytes` can be appended.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), ReplayError> {
        while self.room() < bytes as u64 {
            let out_of_memory = |_| ReplayError::OutOfMemory { bytes: self.size_in_bytes() + Self::CHUNK as u64 };
            let mut chunk = Vec::new();
            chunk.try_reserve_exact(Self::CHUNK).map_err(out_of_memory)?;
            chunk.resize(Self::CHUNK, 0);
            self.chunks.try_reserve(1).map_err(|_| ReplayError::OutOfMemory { bytes: u64::MAX })?;
            self.chunks.push_back(chunk.into_boxed_slice());
        }
        Ok(())
    }

    /// Bytes that can be appended to the chunks that are there.
    fn room(&self) -> u64 {
        self.base + (self.chunks.len() * Self::CHUNK) as u64 - self.end
    }

    /// Appends bytes for which there must be [room](Self::reserve).
    pub(crate) fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = (self.end - self.base) as usize;
            let chunk = &mut self.chunks[at / Self::CHUNK][at % Self::CHUNK..];
            let (now, later) = bytes.split_at(bytes.len().min(chunk.len()));
            chunk[..now.len()].copy_from_slice(now);
            self.end += now.len() as u64;
            bytes = later;
        }
    }

    /// Forgets the bytes before an address. One chunk is kept for what comes; more are given back.
    pub(crate) fn forget(&mut self, before: u64) {
        while self.base + Self::CHUNK as u64 <= before
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.base += Self::CHUNK as u64;
            if self.room() < Self::CHUNK as u64 {
                self.chunks.push_back(chunk);
            }
        }
    }

    /// The bytes from an address on; copied to `scratch` where they lie in two chunks.
    pub(crate) fn read<'a>(&'a self, address: u64, len: usize, scratch: &'a mut [u8]) -> &'a [u8] {
        if len == 0 {
            return &[];
        }
        let at = (address - self.base) as usize;
        let (chunk, start) = (at / Self::CHUNK, at % Self::CHUNK);
        if start + len <= Self::CHUNK {
            return &self.chunks[chunk][start..start + len];
        }
        let mut copied = 0;
        while copied < len {
            let at = at + copied;
            let rest = &self.chunks[at / Self::CHUNK][at % Self::CHUNK..];
            let now = rest.len().min(len - copied);
            scratch[copied..copied + now].copy_from_slice(&rest[..now]);
            copied += now;
        }
        &scratch[..len]
    }

    /// Memory that is in use, chunks counted whole.
    pub(crate) fn size_in_bytes(&self) -> u64 {
        (self.chunks.len() * Self::CHUNK + self.chunks.capacity() * size_of::<Box<[u8]>>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory_in_use_is_that_of_chunks_and_of_pointers_to_them() {
        let mut log = Log::default();
        log.reserve(100 * Log::CHUNK).unwrap();
        let pointer = size_of::<Box<[u8]>>();
        let least = 100 * (Log::CHUNK + pointer);
        assert!((least..=least + 100 * pointer).contains(&(log.size_in_bytes() as usize)));
    }

    proptest! {
        #[test]
        fn holds_what_was_not_forgotten(entries in prop::collection::vec((prop_oneof![Just(0), 0..150_000usize, Just(Log::CHUNK)], any::<u8>()), 1..40)) {
            let mut log = Log::default();
            let mut held = VecDeque::new();
            let mut scratch = vec![0; 150_000];
            for (len, value) in entries {
                let entry: Vec<u8> = (0..len).map(|index| (index / 3) as u8 ^ value).collect();
                log.reserve(len).unwrap();
                held.push_back((log.end(), entry.clone()));
                log.append(&entry);
                if held.len() > 4 {
                    held.pop_front();
                    log.forget(held[0].0);
                }
                for (address, entry) in &held {
                    prop_assert!(log.read(*address, entry.len(), &mut scratch) == entry);
                }
                let used = held.iter().map(|(_, entry)| entry.len()).sum::<usize>();
                prop_assert!(log.chunks.len() <= used / Log::CHUNK + 4);
            }
        }
    }
}
