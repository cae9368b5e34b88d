//! What a replay promises, for both kinds and any play.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests, with helpers outside of test functions")]

mod contents;
mod generator;
mod ids;
mod increments;
mod model;
mod play;
mod proportional;
mod sampler;
mod saving;
mod sizes;
mod uniformity;
