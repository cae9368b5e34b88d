//! How transitions are stored, as an experiment names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How transitions are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayKind {
    /// Whole transitions, [`TransitionStore`](crate::TransitionStore).
    Uniform,
    /// Each frame of a stack once, [`FrameStore`](crate::FrameStore).
    Frames,
}

/// How frames are held in memory. It changes neither samples nor saved replays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// Without loss in fewer bytes: what changed since the frame before, or the frame itself, each as an LZ4 block where
    /// that is shorter.
    Lz4,
}
