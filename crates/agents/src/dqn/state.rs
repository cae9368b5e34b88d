//! A DQN agent's state as a value, and back.

use deepq_core::{Element, NumpyRng};
use serde::{Deserialize, Serialize};

use super::Dqn;
use crate::state::{Kind, Restoring, Saving};
use crate::updates::UpdatesDue;
use crate::{AgentError, AgentState, Counters};

const ALGORITHM: &str = "dqn";

/// Everything but tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    counters: Counters,
    exploration: NumpyRng,
    replay: NumpyRng,
    updates_due: UpdatesDue,
    target_times: u64,
    optimizer_steps: u64,
}

impl<E: Element> Dqn<E> {
    pub(super) fn capture(&self) -> Result<AgentState, AgentError> {
        let mut saving = Saving::default();
        saving.weights("online", self.learning.online.network.parameters())?;
        if let Some(target) = &self.learning.target {
            saving.weights("target", target.parameters())?;
        }
        let optimizer_steps = saving.optimizer(&self.learning.online.optimizer)?;
        saving.finish(&Document {
            kind: Kind::new(ALGORITHM),
            counters: self.counters,
            exploration: self.acting.exploration.rng().clone(),
            replay: self.learning.replay_rng.clone(),
            updates_due: self.learning.updates_due,
            target_times: self.learning.target_times,
            optimizer_steps,
        })
    }

    /// Checks everything before it changes anything.
    pub(super) fn restore_from(&mut self, state: &AgentState) -> Result<(), AgentError> {
        let (document, mut restoring) = Restoring::new::<Document>(state)?;
        Kind::new(ALGORITHM).expect(&document.kind)?;
        let online = restoring.weights("online", self.learning.online.network.parameters())?;
        let target = match &self.learning.target {
            Some(target) => Some((target.parameters(), restoring.weights("target", target.parameters())?)),
            None => None,
        };
        restoring.optimizer(document.optimizer_steps, &mut self.learning.online.optimizer)?;

        // What follows cannot fail.
        online.apply(self.learning.online.network.parameters())?;
        if let Some((parameters, weights)) = target {
            weights.apply(parameters)?;
        }
        self.acting.exploration.set_rng(document.exploration);
        self.learning.replay_rng = document.replay;
        self.counters = document.counters;
        self.learning.updates_due = document.updates_due;
        self.learning.target_times = document.target_times;
        Ok(())
    }
}
