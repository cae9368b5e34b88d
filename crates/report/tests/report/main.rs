//! What curves, figures and pages say of runs, which are files as training writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod curves;
mod seeds;
mod statistics;
