//! Weights between files and networks.

use std::path::Path;

use deepq_nets::{NetError, Parameters};
use deepq_runs::{Document, KeyProblem, Problem, Weights, saved_at};

use crate::RunError;

/// A safetensors file of a network's weights that says at which agent step they were saved.
pub(crate) fn save(parameters: &Parameters, at_step: u64) -> Result<Vec<u8>, RunError> {
    let bytes = saved_at(&parameters.to_safetensors()?, at_step);
    Ok(bytes.map_err(|error| NetError::Weights { reason: error.to_string() })?)
}

/// Puts weights into a network.
pub(crate) fn load(weights: &Weights, parameters: &Parameters) -> Result<(), RunError> {
    let refused = |error: NetError| RunError::Checkpoint { path: weights.path.clone(), reason: error.to_string() };
    parameters.load_safetensors(&weights.bytes).map_err(refused)
}

/// Reads what `transfer.init_from` names: weights of a run's best evaluation, of a checkpoint or of a file.
pub(crate) fn to_start_from(path: &Path, document: &Document) -> Result<Weights, RunError> {
    Weights::to_start_from(path).map_err(|error| {
        document.locate(KeyProblem::new("transfer.init_from", Problem::Other(error.to_string()))).into()
    })
}
