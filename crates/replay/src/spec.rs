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
    /// How frames are held in memory, `none` if not said; for `frames` only.
    #[serde(default)]
    pub compression: Compression,
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

/// How frames are held in memory. It changes neither samples nor saved replays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// Without loss in fewer bytes: what changed since the frame before, or the frame itself, each as an LZ4 block where
    /// that is shorter.
    Lz4,
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
    /// Single steps, stored whole.
    pub fn uniform(capacity: usize) -> Self {
        Self { kind: ReplayKind::Uniform, capacity, n_step: one(), compression: Compression::None }
    }

    /// Single steps, each frame stored once and as it is.
    pub fn frames(capacity: usize) -> Self {
        Self { kind: ReplayKind::Frames, ..Self::uniform(capacity) }
    }

    /// Bytes that the replay takes at most, said before anything is allocated: when it is full, and for compressed frames
    /// if none could be made smaller.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn planned_bytes<T: Pod + Send + Sync>(&self, layout: &Layout) -> Result<u64, ReplayError> {
        // Memory does not depend on the discount.
        let n_step = NStep::new(self.n_step, 1.0)?;
        let &Self { kind, capacity, compression, .. } = self;
        match kind {
            ReplayKind::Uniform => {
                self.check_uncompressed()?;
                UniformReplay::<T>::planned_bytes(capacity, layout, &n_step)
            }
            ReplayKind::Frames => FrameReplay::<T>::planned_bytes(capacity, layout, &n_step, compression),
        }
    }

    /// Bytes that the replay is likely to take when it is full: the figure to hold against the machine's memory. It is
    /// [`planned_bytes`](Self::planned_bytes), but for compressed frames, where it is the experience with Atari games (see
    /// [`FrameReplay::expected_bytes`]).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn expected_bytes<T: Pod + Send + Sync>(&self, layout: &Layout) -> Result<u64, ReplayError> {
        match self.kind {
            ReplayKind::Uniform => self.planned_bytes::<T>(layout),
            ReplayKind::Frames => {
                let n_step = NStep::new(self.n_step, 1.0)?;
                FrameReplay::<T>::expected_bytes(self.capacity, layout, &n_step, self.compression)
            }
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
        let bytes = self.planned_bytes::<T>(layout)?;
        tracing::debug!(?self, ?layout, bytes, "making a replay");
        Ok(match self.kind {
            ReplayKind::Uniform => {
                self.check_uncompressed()?;
                Box::new(UniformReplay::new(self.capacity, layout, n_step)?)
            }
            ReplayKind::Frames => Box::new(FrameReplay::new(self.capacity, layout, n_step, self.compression)?),
        })
    }

    fn check_uncompressed(&self) -> Result<(), ReplayError> {
        match self.compression {
            Compression::None => Ok(()),
            Compression::Lz4 => {
                Err(ReplayError::setting("compression", &"lz4", "only a replay of kind \"frames\" can be compressed"))
            }
        }
    }
}
