//! A replay as data: the `[replay]` section of an experiment.

use bytemuck::Pod;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Compression, FrameStore, Layout, NStep, Replay, ReplayError, ReplayKind, TransitionStore, Uniform};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaySpec {
    /// How transitions are stored.
    pub kind: ReplayKind,
    /// The most transitions it holds, of all streams together; for `frames` the number of frames, of which those that
    /// end an episode start no transition.
    #[schemars(range(min = 1))]
    pub capacity: usize,
    /// Steps that a sampled transition spans, 1 if not said.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = NStep::MAX))]
    pub n_step: usize,
    /// How frames are held in memory, `none` if not said; for `frames` only.
    #[serde(default)]
    pub compression: Compression,
}

fn one() -> usize {
    1
}

impl ReplaySpec {
    /// Single steps, stored whole and drawn uniformly.
    pub fn uniform(capacity: usize) -> Self {
        Self { kind: ReplayKind::Uniform, capacity, n_step: one(), compression: Compression::None }
    }

    /// Single steps, each frame stored once and as it is, drawn uniformly.
    pub fn frames(capacity: usize) -> Self {
        Self { kind: ReplayKind::Frames, ..Self::uniform(capacity) }
    }

    /// The replay of [Mnih et al. 2015](https://www.nature.com/articles/nature14236) (extended data table 1): the last
    /// 1,000,000 frames, single steps. They are packed in memory, which changes no sample.
    pub fn nature_2015() -> Self {
        Self { compression: Compression::Lz4, ..Self::frames(1_000_000) }
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
                TransitionStore::<T>::planned_bytes(capacity, layout, &n_step)
            }
            ReplayKind::Frames => FrameStore::<T>::planned_bytes(capacity, layout, &n_step, compression),
        }
    }

    /// Bytes that the replay is likely to take when it is full: the figure to hold against the machine's memory. It is
    /// [`planned_bytes`](Self::planned_bytes), but for compressed frames, where it is the experience with Atari games (see
    /// [`FrameStore::expected_bytes`]).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn expected_bytes<T: Pod + Send + Sync>(&self, layout: &Layout) -> Result<u64, ReplayError> {
        match self.kind {
            ReplayKind::Uniform => self.planned_bytes::<T>(layout),
            ReplayKind::Frames => {
                let n_step = NStep::new(self.n_step, 1.0)?;
                FrameStore::<T>::expected_bytes(self.capacity, layout, &n_step, self.compression)
            }
        }
    }

    /// An empty replay for transitions of this layout, with the discount of one step.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Setting`] for values that are impossible or do not fit each other, [`ReplayError::OutOfMemory`]
    /// where the operating system refuses the memory.
    pub fn build<T: Pod + Send + Sync>(&self, layout: &Layout, discount: f64) -> Result<Replay<T>, ReplayError> {
        let n_step = NStep::new(self.n_step, discount)?;
        let bytes = self.planned_bytes::<T>(layout)?;
        tracing::debug!(?self, ?layout, bytes, "making a replay");
        Ok(match self.kind {
            ReplayKind::Uniform => {
                self.check_uncompressed()?;
                Replay::new(TransitionStore::new(self.capacity, layout, n_step)?, Uniform)
            }
            ReplayKind::Frames => {
                Replay::new(FrameStore::new(self.capacity, layout, n_step, self.compression)?, Uniform)
            }
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
