//! Builds Box2D 2.3 and the shim from the C++ of the published package `wrapped2d`.
//!
//! `source` finds, verifies and copies that C++; `compile` builds it so that its arithmetic is Gymnasium's.

mod compile;
mod source;

use std::error::Error;
use std::path::PathBuf;

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=shim");
    println!("cargo:rerun-if-env-changed=DEEPQ_CHECKOUT");
    // docs.rs has neither a network nor a use for the library.
    println!("cargo:rerun-if-env-changed=DOCS_RS");
    if std::env::var_os("DOCS_RS").is_some() {
        return Ok(());
    }
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let include = out.join("include");
    source::prepare(&package, &out, &include)?;
    compile::library(&package.join("shim"), &include, &out)
}

/// A variable that Cargo sets for build scripts.
fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    std::env::var(name).map_err(|error| format!("{name}: {error}; run this through cargo").into())
}
