//! What runs say: figures over several of them, pictures, and a page about them.
//!
//! This crate must not know how a run is made: it reads what [`deepq_runs::history`] gives, and builds without a tensor
//! library, an emulator and a C++ compiler.
//!
//! 1. [`statistics`]: how the scores of several runs become one, and how far that can be trusted.
//! 2. [`SeedsSummary`]: what the runs of several seeds say together.
//! 3. [`plot`]: learning curves as SVG or PNG.
//! 4. [`html`]: a report, one page that needs nothing but itself.
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//! use deepq_report::{html, plot};
//! use deepq_runs::history;
//!
//! let groups = history::read(&[PathBuf::from("runs/a"), PathBuf::from("runs/b")])?;
//! let chart = plot::learning_curves(&groups, &plot::PlotRequest::default())?;
//! plot::write(&chart, Path::new("curves.svg"))?;
//! html::write(&groups, &|_| None, Path::new("report.html"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

pub mod html;
pub mod plot;
mod seeds;
pub mod statistics;

pub use seeds::{Aggregate, SeedsSummary};
