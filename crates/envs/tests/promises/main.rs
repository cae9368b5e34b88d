//! What environments promise, one file a promise.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod capture;
mod conformance;
mod determinism;
#[cfg(feature = "box2d")]
mod lunar_lander;
mod options;
#[cfg(feature = "box2d")]
mod parity;
mod rendering;
mod toy_text;
