//! A replay as data: the `[replay]` section of an experiment.

use bytemuck::Pod;
use serde::{Deserialize, Serialize};

use crate::{FrameReplay, NStep, Replay, ReplayError, UniformReplay};

/// What an experiment says about its replay.
///
/// ```
/// use deepq_replay::{Layout, ReplaySpec};
///
/// let spec: ReplaySpec = serde_json::from_str(r#"{ "kind": "frames", "capacity": 500000, "n_step": 3 }"#)?;
/// let stacks = Layout { observation_len: 4 * 84 * 84, stack: 4, streams: 1 };
/// println!("this run will need {} bytes", spec.planned_bytes::<u8>(&stacks)?);
/// let replay = spec.build::<u8>(&stacks, 0.99)?;
/// assert!(replay.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaySpec {
    /// How transitions are stored.
    pub kind: ReplayKind,
    /// The most transitions it holds, of all streams together; for `frames` the number of frames, of which those that
    /// end an episode start no transition.
    pub capacity: usize,
    /// Steps that a sampled transition spans, 1 if not said.
    #[serde(default = "one")]
    pub n_step: usize,
}

fn one() -> usize {
    1
}

/// How transitions are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayKind {
    /// Whole transitions, [`UniformReplay`].
    Uniform,
    /// Each frame of a stack once, [`FrameReplay`].
    Frames,
}

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

impl ReplaySpec {
    /// Bytes that the replay takes when it is full, said before anything is allocated.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn planned_bytes<T: Pod + Send + Sync>(&self, layout: &Layout) -> Result<u64, ReplayError> {
        // Memory does not depend on the discount.
        let n_step = NStep::new(self.n_step, 1.0)?;
        match self.kind {
            ReplayKind::Uniform => UniformReplay::<T>::planned_bytes(self.capacity, layout, &n_step),
            ReplayKind::Frames => FrameReplay::<T>::planned_bytes(self.capacity, layout, &n_step),
        }
    }

    /// An empty replay for transitions of this layout, with the discount of one step.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for values that are impossible or do not fit each other, [`ReplayError::OutOfMemory`]
    /// where the operating system refuses the memory.
    pub fn build<T: Pod + Send + Sync>(
        &self,
        layout: &Layout,
        discount: f64,
    ) -> Result<Box<dyn Replay<T>>, ReplayError> {
        let n_step = NStep::new(self.n_step, discount)?;
        Ok(match self.kind {
            ReplayKind::Uniform => Box::new(UniformReplay::new(self.capacity, layout, n_step)?),
            ReplayKind::Frames => Box::new(FrameReplay::new(self.capacity, layout, n_step)?),
        })
    }
}
