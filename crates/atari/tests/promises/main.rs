//! What the emulator and its games promise, one file a promise. (`surroundings` needs a process of its own.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_input;
mod determinism;
mod lives;
mod parity;
