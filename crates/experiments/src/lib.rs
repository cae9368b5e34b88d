//! An experiment from its TOML file to its results.
//!
//! This crate joins agents to the disk and the screen. It must not know how an algorithm works inside: it hands the
//! sections of a file to the crates that own them, drives whatever implements [`Agent`](deepq_agents::Agent), and writes
//! down what is said. Nor does it know the Atari emulator or a command line: which environments there are is said by the
//! [`Registry`](deepq_envs::Registry) in a session's [`Settings`](session::Settings).
//!
//! 1. [`config`]: an experiment is a file of data, checked whole before anything runs.
//! 2. [`training`]: the loop, as an iterator of events.
//! 3. [`evaluation`]: whole games in environments of their own, by the experiment's protocol.
//! 4. [`gameplay`]: the same games step by step, for those who watch.
//! 5. [`listeners`]: those who watch the loop from outside.
//! 6. [`assembly`]: makes the environments, agents and evaluators that an experiment names.
//! 7. [`session`]: all of it together, from start or from a checkpoint.
//!
//! What a run's folder holds, and how it is read back, is [`deepq_runs`].
//!
//! Four stand beside them: [`export`] gives a run to others, [`parity`] replays what Gymnasium recorded and compares every
//! bit, [`recording`] makes files of games, and [`play`] shows them in a [`terminal`].
//!
//! The program `deepq` is a command line over this.
//!
//! ```no_run
//! use std::path::Path;
//! use deepq_experiments::config::{self, Overrides};
//! use deepq_experiments::session::{self, Settings};
//!
//! let overrides = Overrides { steps: Some(2_000), seed: Some(7), ..Overrides::default() };
//! let (experiment, document) = config::load("cartpole", &overrides)?;
//! let summary = session::start(&experiment, &document, Path::new("runs/mine"), &Settings::default())?;
//! println!("{} updates, digest {}", summary.updates, summary.digest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

pub mod assembly;
pub mod config;
mod error;
pub mod evaluation;
pub mod export;
pub mod gameplay;
pub mod listeners;
pub mod memory;
pub mod parity;
pub mod play;
pub mod recording;
pub mod session;
mod stopwatch;
pub mod terminal;
pub mod training;
mod transfer;
mod weights;

pub use deepq_runs;
pub use error::RunError;
