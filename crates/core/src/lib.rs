//! The words that all of deepq shares.
//!
//! **This crate does not know** any other of deepq's: environments, replay memories, networks and agents are written in
//! its words.
//!
//! 1. An [`Element`] is what observations are made of: numbers or bytes.
//! 2. An [`End`] is how a step ends: with a [`Status`], which tells a task's own end from a time limit's, and with a life lost
//!    or not.
//! 3. [`NumpyRng`] is NumPy's generator to the bit; a [`SeedSequence`] seeds it.
//! 4. [`Seeds`] gives each consumer of randomness in a run its own stream: one root, and a name.
//!
//! ```
//! use deepq_core::{End, Seeds, Status};
//!
//! let cut_off = End::of(Status::Truncated);
//! assert!(cut_off.is_over() && cut_off.bootstraps(), "a time limit says nothing about the value of a state");
//!
//! // A stream depends on the root and its name alone.
//! let mut exploration = Seeds::new(42).stream("exploration");
//! assert!((0.0..1.0).contains(&exploration.random()));
//! ```
//!
//! Generators implement the traits of [`rand_core`] 0.10, which is re-exported: other versions have other traits.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod element;
mod end;
mod numpy_rng;
mod seeds;

pub use element::{Element, ElementKind};
pub use end::{End, Status, life_is_lost};
pub use numpy_rng::{NotAGenerator, NumpyRng, SeedSequence};
pub use rand_core;
pub use seeds::Seeds;
