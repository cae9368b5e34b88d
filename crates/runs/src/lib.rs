//! A training run on the disk: what a run's folder holds, how it is written, and how it is read back.
//!
//! This crate must not know environments, networks, replay memories or agents: it keeps what they give as names, numbers
//! and bytes. Whoever wants to read what runs have written needs nothing else: no tensor library, no emulator, no C++ compiler.
//!
//! 1. [`Document`]: the experiment as a TOML file, comments kept; what is wrong with it is said with file, line and key.
//! 2. [`RunFolder`]: where everything about a run lies, [`Location`] what lies at a path that somebody named.
//! 3. [`Checkpoints`]: folders that are there whole or not at all; a [`CheckpointWriter`] makes one, [`Weights`] are what
//!    others take out of it.
//! 4. [`Table`] and [`EventFile`]: what grows with a run, and is cut back when it goes on; [`Columns`] read a table back.
//! 5. [`Digest`] and [`Summary`]: what came out, as a hash and as figures.
//! 6. [`history`]: all that runs have written down, runs of one experiment together.
//!
//! ```no_run
//! use std::path::PathBuf;
//! use deepq_runs::history;
//!
//! for group in history::read(&[PathBuf::from("runs/mine")])? {
//!     for run in &group.runs {
//!         let returns = run.points(history::RETURNS);
//!         println!("{}, seed {}: {} episodes", group.label, run.heading.training.seed, returns.len());
//!     }
//! }
//! # Ok::<(), deepq_runs::HistoryError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

pub mod atomic;
mod changes;
mod checkpoint;
mod checkpoint_writer;
mod checksums;
mod columns;
mod digest;
mod document;
mod error;
mod folder;
pub mod history;
mod hparams;
mod location;
mod nearest;
mod node;
mod problem;
mod protobuf;
mod readable;
mod summary;
mod table;
mod tensorboard;
mod videos;
mod weights;

pub use changes::{Change, FREE_KEYS};
pub use checkpoint::{Checkpoint, Checkpoints, Kind};
pub use checkpoint_writer::CheckpointWriter;
pub use columns::{Columns, Point};
pub use digest::{Digest, HashingWriter, sha256};
pub use document::Document;
pub use error::StorageError;
pub use folder::RunFolder;
pub use history::HistoryError;
pub use location::Location;
pub use nearest::nearest;
pub use problem::{DocumentError, KeyProblem, Problem};
pub use readable::{duration, grouped};
pub use summary::{EvaluationFigures, Finished, Summary, TimeSpent};
pub use table::Table;
pub use tensorboard::EventFile;
pub use videos::Videos;
pub use weights::{EXPORTED_WEIGHTS, WEIGHTS, Weights, WhichCheckpoint, exported, saved_at};
