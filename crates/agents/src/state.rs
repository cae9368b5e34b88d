//! An agent's state as a value: what a checkpoint holds of it, and how weights and moments get into it and back, by names
//! with a prefix.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use deepq_nets::{Optimizer, OptimizerState, Parameters};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::AgentError;

/// An agent's state as a value: what a checkpoint holds beside the replay's contents.
#[derive(Clone, Debug)]
pub struct AgentState {
    /// JSON: counters, streams of randomness, what is due; with a version and the algorithm's name.
    pub document: String,
    /// Weights and the optimizer's moments, named `online.*` (what acts), `target.*`, `optimizer.*`; all f32. Copies: they
    /// stay as they are when the agent goes on.
    pub tensors: BTreeMap<String, Tensor>,
}

/// The tensors of a state that is being made.
#[derive(Default)]
pub(crate) struct Saving {
    tensors: BTreeMap<String, Tensor>,
}

impl Saving {
    /// Adds copies of a network's weights, because updates change variables in place.
    pub(crate) fn weights(&mut self, network: &str, parameters: &Parameters) -> Result<(), AgentError> {
        for (name, tensor) in parameters.iter() {
            self.tensors.insert(format!("{network}.{name}"), tensor.detach().copy()?);
        }
        Ok(())
    }

    /// Adds an optimizer's moments; gives its steps.
    pub(crate) fn optimizer(&mut self, optimizer: &Optimizer) -> Result<u64, AgentError> {
        let OptimizerState { step, tensors } = optimizer.state()?;
        self.tensors.extend(tensors.into_iter().map(|(name, tensor)| (format!("optimizer.{name}"), tensor)));
        Ok(step)
    }

    /// Adds a tensor.
    pub(crate) fn tensor(&mut self, name: String, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// The state, with everything else in `document`.
    pub(crate) fn finish(self, document: &impl Serialize) -> Result<AgentState, AgentError> {
        let document = serde_json::to_string(document).map_err(|error| AgentError::State(error.to_string()))?;
        Ok(AgentState { document, tensors: self.tensors })
    }
}

/// The tensors of a state that have not been taken yet.
pub(crate) struct Restoring {
    tensors: BTreeMap<String, Tensor>,
}

impl Restoring {
    /// The document of a state and its tensors.
    pub(crate) fn new<D: DeserializeOwned>(state: &AgentState) -> Result<(D, Self), AgentError> {
        let document = serde_json::from_str(&state.document)
            .map_err(|error| AgentError::State(format!("its document cannot be read: {error}")))?;
        Ok((document, Self { tensors: state.tensors.clone() }))
    }

    /// Takes the values of a network's weights, in their order; checks that they fit.
    pub(crate) fn weights(&mut self, network: &str, parameters: &Parameters) -> Result<Weights, AgentError> {
        let take = |(name, current): (&str, &Tensor)| {
            let value = self.tensor(&format!("{network}.{name}"), current.dims())?;
            Ok((name.to_owned(), value))
        };
        Ok(Weights(parameters.iter().map(take).collect::<Result<_, AgentError>>()?))
    }

    /// Takes a tensor of finite numbers; checks its shape.
    pub(crate) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, AgentError> {
        let refuse = |reason: String| Err(AgentError::State(format!("{name} {reason}")));
        let Some(value) = self.tensors.remove(name) else { return refuse("is missing".to_owned()) };
        if value.dtype() != DType::F32 || value.dims() != shape {
            return refuse(format!("is {} {:?}, not f32 {shape:?}", value.dtype().as_str(), value.dims()));
        }
        if value.flatten_all()?.to_vec1::<f32>()?.iter().any(|number| !number.is_finite()) {
            return refuse("holds a number that is not finite".to_owned());
        }
        Ok(value)
    }

    /// Gives all that is left, which must be moments, to the optimizer. Where this fails the optimizer is as it was.
    pub(crate) fn optimizer(self, step: u64, optimizer: &mut Optimizer) -> Result<(), AgentError> {
        let mut tensors = BTreeMap::new();
        for (full_name, tensor) in self.tensors {
            let name = full_name.strip_prefix("optimizer.");
            let name = name.ok_or_else(|| AgentError::State(format!("{full_name} belongs to nothing here")))?;
            tensors.insert(name.to_owned(), tensor);
        }
        Ok(optimizer.restore(&OptimizerState { step, tensors })?)
    }
}

/// Weights that fit their network.
pub(crate) struct Weights(Vec<(String, Tensor)>);

impl Weights {
    /// Puts them in.
    pub(crate) fn apply(&self, parameters: &Parameters) -> Result<(), AgentError> {
        self.0.iter().try_for_each(|(name, value)| Ok(parameters.set(name, value)?))
    }
}

/// What every state's document starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct Kind {
    /// Raised when something in the document changes its meaning.
    format: u32,
    algorithm: String,
}

impl Kind {
    pub(crate) fn new(algorithm: &str) -> Self {
        Self { format: 1, algorithm: algorithm.to_owned() }
    }

    /// Checks that a document is of this kind.
    pub(crate) fn expect(&self, found: &Self) -> Result<(), AgentError> {
        if self == found {
            return Ok(());
        }
        let words = |kind: &Self| format!("{} of format {}", kind.algorithm, kind.format);
        Err(AgentError::State(format!("it is {}, not {}", words(found), words(self))))
    }
}
