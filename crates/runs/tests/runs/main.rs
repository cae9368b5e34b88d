//! What a run's folder promises.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod checkpoints;
mod history;
mod weights;
