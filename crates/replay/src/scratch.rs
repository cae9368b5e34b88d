//! Memory for unpacking compressed frames.

use crate::{ReplayError, memory};

/// Memory for unpacking, to be used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) frame: Vec<u8>,
    pub(crate) patch: Vec<u8>,
    pub(crate) entry: Vec<u8>,
}

impl Scratch {
    /// Makes room for frames of so many bytes.
    pub(crate) fn resize(&mut self, frame_bytes: usize) -> Result<(), ReplayError> {
        for memory in [&mut self.frame, &mut self.patch, &mut self.entry] {
            if memory.len() < frame_bytes {
                memory::resize(memory, frame_bytes)?;
            }
        }
        Ok(())
    }
}
