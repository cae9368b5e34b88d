//! Every key of an experiment's file, from the types that read it; and the guide's page about them.

mod environments;
mod page;
mod schema;
mod words;

use std::path::PathBuf;

pub use environments::registry;
pub use page::page;
pub use schema::{Bounds, Key, Number, Section, sections};

use crate::workspace;

/// How the page is written anew.
pub const REFRESH: &str = "DEEPQ_BLESS=1 cargo test --package deepq-tests --test whole keys";

/// Where the page lies.
pub fn path() -> PathBuf {
    workspace().join("docs/guide/src/keys.md")
}
