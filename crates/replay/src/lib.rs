//! Replay memories for reinforcement learning.
//!
//! This crate knows nothing of environments, networks or files: transitions come in and batches go out as plain slices.

mod batch;
mod checked;
mod draw;
mod error;
mod frames;
pub mod increment;
mod memory;
mod n_step;
mod replay;
mod settings;
mod spec;
mod transition;
mod uniform;

pub use batch::Batch;
pub use error::ReplayError;
pub use frames::FrameReplay;
pub use increment::{Chain, Increment, Mark};
pub use n_step::NStep;
pub use replay::{Increments, Replay};
pub use spec::{Compression, Layout, ReplayKind, ReplaySpec};
pub use transition::{End, Transition};
pub use uniform::UniformReplay;
