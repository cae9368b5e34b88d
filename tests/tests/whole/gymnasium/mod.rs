//! Environments of Python's Gymnasium, by ids that begin with `gym:`. The package comes from PyPI.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod equality;
mod training;
mod trouble;

use anyhow::{Context, Result};
use deepq_envs::{AnyEnv, BoxedEnv, EnvError, EnvOptions, Registry};
use deepq_tests::gymnasium;

/// Options that name the Python with Gymnasium.
fn options() -> Result<EnvOptions> {
    let python = gymnasium::python()?;
    Ok(EnvOptions::new().with("python", python.to_str().context("the path is not UTF-8")?))
}

fn make(id: &str, options: &EnvOptions) -> Result<AnyEnv, EnvError> {
    Registry::standard().make(id, options)
}

fn vector(id: &str, options: &EnvOptions) -> Result<BoxedEnv<f32>> {
    make(id, options)?.into_vector().context("frames")
}
