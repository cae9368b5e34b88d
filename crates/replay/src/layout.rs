//! What transitions look like.

use crate::ReplayError;

/// The transitions that a replay is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Elements of an observation, all frames of a stack together.
    pub observation_len: usize,
    /// Frames that an observation consists of, oldest first and one after another; 1 where it is no stack.
    pub stack: usize,
    /// Environments that play at the same time.
    pub streams: usize,
}

impl Layout {
    /// One stream of observations that are no stacks.
    pub fn single(observation_len: usize) -> Self {
        Self { observation_len, stack: 1, streams: 1 }
    }

    pub(crate) fn check(&self) -> Result<(), ReplayError> {
        if self.observation_len == 0 {
            return Err(ReplayError::setting("observation_len", &0, "must be at least 1"));
        }
        if self.streams == 0 {
            return Err(ReplayError::setting("streams", &0, "must be at least 1"));
        }
        Ok(())
    }
}
