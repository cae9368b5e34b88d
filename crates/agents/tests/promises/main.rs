//! What a DQN agent promises, one file a promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bad_input;
mod clipping;
mod counting;
mod determinism;
mod oracle;
mod setup;
mod target_network;
mod termination;
