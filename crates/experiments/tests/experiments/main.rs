//! What an experiment promises, from its file to its results.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod config;
mod evaluation;
#[cfg(unix)]
mod increments;
mod recording;
mod seeds;
mod training;
mod transitions;
