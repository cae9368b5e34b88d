//! What can go wrong with a network, its weights or its optimizer.

use thiserror::Error;

/// Why a network could not be built, run, trained, saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetError {
    /// A part of a specification that is not allowed.
    #[error("{key}: {reason}")]
    Spec {
        /// The key, as in the experiment's file: `network.torso.hidden`.
        key: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A single value that is not allowed.
    #[error("{key} = {value} is not allowed: it must be {allowed}")]
    Value {
        /// The key, as in the experiment's file: `optimizer.learning_rate`.
        key: String,
        /// The value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A tensor or slice of the wrong size.
    #[error("{what}: expected {expected}, got {actual}")]
    Shape {
        /// What it is.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is instead.
        actual: String,
    },
    /// An action that the network has no value for.
    #[error("row {row}: action {action} does not exist; the actions are 0 to {}", actions - 1)]
    Action {
        /// The row of the batch.
        row: usize,
        /// The action given.
        action: u32,
        /// How many there are.
        actions: usize,
    },
    /// Saved weights that do not fit this network or are damaged.
    #[error("these weights cannot be loaded: {reason}")]
    Weights {
        /// What is wrong with them.
        reason: String,
    },
    /// An optimizer's saved state that does not fit these parameters or is damaged.
    #[error("this optimizer state cannot be restored: {reason}")]
    OptimizerState {
        /// What is wrong with it.
        reason: String,
    },
    /// A device that does not exist here.
    #[error("device {name:?} cannot be used: {reason}")]
    Device {
        /// The device asked for.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Instructions that cannot be computed with here.
    #[error(transparent)]
    Isa(#[from] deepq_kernels::IsaError),
    /// Gradients asked of a loss that does not depend on this network.
    #[error("the loss does not depend on this network: compute it from forward(), not from values()")]
    NoGradient,
    /// A network that is no ONNX model.
    #[error("this network cannot be written as an ONNX model: {reason}")]
    Onnx {
        /// Why not.
        reason: String,
    },
    /// An operation of Candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl NetError {
    pub(crate) fn spec(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Spec { key: key.into(), reason: reason.into() }
    }

    pub(crate) fn value(key: impl Into<String>, value: impl std::fmt::Display, allowed: impl Into<String>) -> Self {
        Self::Value { key: key.into(), value: value.to_string(), allowed: allowed.into() }
    }

    pub(crate) fn shape(what: &str, expected: impl std::fmt::Debug, actual: impl std::fmt::Debug) -> Self {
        Self::Shape { what: what.to_owned(), expected: format!("{expected:?}"), actual: format!("{actual:?}") }
    }

    pub(crate) fn weights(reason: impl Into<String>) -> Self {
        Self::Weights { reason: reason.into() }
    }
}
