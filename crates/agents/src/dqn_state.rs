//! A DQN agent's state as a value, and back.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use deepq_envs::{Element, NumpyRng};
use deepq_nets::{OptimizerState, Parameters};
use serde::{Deserialize, Serialize};

use crate::updates_due::UpdatesDue;
use crate::{AgentError, AgentState, Counters, Dqn};

/// Raised when a field changes its meaning.
const FORMAT: u32 = 1;
const ALGORITHM: &str = "dqn";

/// Everything but tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    algorithm: String,
    counters: Counters,
    exploration: NumpyRng,
    replay: NumpyRng,
    updates_due: UpdatesDue,
    target_times: u64,
    optimizer_steps: u64,
}

impl<E: Element> Dqn<E> {
    pub(crate) fn capture(&self) -> Result<AgentState, AgentError> {
        let optimizer = self.optimizer.state()?;
        let document = Document {
            format: FORMAT,
            algorithm: ALGORITHM.to_owned(),
            counters: self.counters,
            exploration: self.exploration.rng().clone(),
            replay: self.replay_rng.clone(),
            updates_due: self.updates_due,
            target_times: self.target_times,
            optimizer_steps: optimizer.step,
        };
        let mut tensors = BTreeMap::new();
        for (network, parameters) in self.networks() {
            for (name, tensor) in parameters.iter() {
                // A copy, because updates change variables in place.
                tensors.insert(format!("{network}.{name}"), tensor.detach().copy()?);
            }
        }
        tensors.extend(optimizer.tensors.into_iter().map(|(name, tensor)| (format!("optimizer.{name}"), tensor)));
        let document = serde_json::to_string(&document).map_err(|error| AgentError::State(error.to_string()))?;
        Ok(AgentState { document, tensors })
    }

    /// Checks everything before it changes anything.
    pub(crate) fn restore_from(&mut self, state: &AgentState) -> Result<(), AgentError> {
        let document: Document = serde_json::from_str(&state.document)
            .map_err(|error| AgentError::State(format!("its document cannot be read: {error}")))?;
        let Document { format, ref algorithm, .. } = document;
        if (format, algorithm.as_str()) != (FORMAT, ALGORITHM) {
            let message = format!("it is {algorithm} of format {format}, not {ALGORITHM} of format {FORMAT}");
            return Err(AgentError::State(message));
        }
        let mut rest = state.tensors.clone();
        let mut weights = Vec::new();
        for (network, parameters) in self.networks() {
            for (name, current) in parameters.iter() {
                let full_name = format!("{network}.{name}");
                let value = rest.remove(&full_name);
                let value = value.ok_or_else(|| AgentError::State(format!("{full_name} is missing")))?;
                check(&full_name, current, &value)?;
                weights.push((network, name.to_owned(), value));
            }
        }
        let mut moments = BTreeMap::new();
        for (full_name, tensor) in rest {
            let name = full_name.strip_prefix("optimizer.");
            let name = name.ok_or_else(|| AgentError::State(format!("{full_name} belongs to nothing here")))?;
            moments.insert(name.to_owned(), tensor);
        }

        // Changes nothing either if it fails; what follows cannot fail.
        self.optimizer.restore(&OptimizerState { step: document.optimizer_steps, tensors: moments })?;
        for (network, name, value) in &weights {
            let (_, parameters) = self
                .networks()
                .filter(|(known, _)| known == network)
                .last()
                .ok_or_else(|| AgentError::State(format!("there is no {network} network")))?;
            parameters.set(name, value)?;
        }
        self.exploration.set_rng(document.exploration);
        self.replay_rng = document.replay;
        self.counters = document.counters;
        self.updates_due = document.updates_due;
        self.target_times = document.target_times;
        Ok(())
    }

    /// The networks' weights by the names they have in a state.
    fn networks(&self) -> impl Iterator<Item = (&'static str, &Parameters)> {
        let target = self.target.iter().map(|network| ("target", network.parameters()));
        std::iter::once(("online", self.online.parameters())).chain(target)
    }
}

fn check(name: &str, current: &Tensor, value: &Tensor) -> Result<(), AgentError> {
    let refuse = |reason: String| Err(AgentError::State(format!("{name} {reason}")));
    if value.dtype() != DType::F32 || value.dims() != current.dims() {
        let (dtype, shape) = (value.dtype().as_str(), value.dims());
        return refuse(format!("is {dtype} {shape:?}, not f32 {:?}", current.dims()));
    }
    if value.flatten_all()?.to_vec1::<f32>()?.iter().any(|weight| !weight.is_finite()) {
        return refuse("holds a number that is not finite".to_owned());
    }
    Ok(())
}
