//! What the agents promise, one file a promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bad_input;
mod broken;
mod clipping;
mod conformance;
mod counting;
mod determinism;
mod halves;
mod oracle;
mod pqn;
mod pqn_states;
mod properties;
mod reinforce;
mod setup;
mod target_network;
mod termination;
mod transfer;
