//! The Python that peers run in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A Python with what is installed in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// The interpreter's path.
    pub executable: PathBuf,
    /// Its version.
    pub version: String,
    /// The peers in it, and their versions.
    pub packages: BTreeMap<String, String>,
}
