//! A PQN agent's state as a value, and back: the rollout that it has not learned from yet belongs to it.

use candle_core::{Device, Tensor};
use deepq_core::{Element, NumpyRng};
use serde::{Deserialize, Serialize};

use super::rollout::Rows;
use super::{Learning, Pqn};
use crate::rows::{elements, numbers};
use crate::state::{Kind, Restoring, Saving};
use crate::{AgentError, AgentState, Counters};

const ALGORITHM: &str = "pqn";
/// The observations of the rollout's steps so far, and what the last step led to.
const OBSERVATIONS: &str = "rollout.observations";
const LAST: &str = "rollout.last";

/// Everything but tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    counters: Counters,
    exploration: NumpyRng,
    minibatches: NumpyRng,
    optimizer_steps: u64,
    running: Vec<bool>,
    rollout: Rows,
    learning: Option<Learning>,
}

impl<E: Element> Pqn<E> {
    pub(super) fn capture(&self) -> Result<AgentState, AgentError> {
        let mut saving = Saving::default();
        saving.weights("online", self.trained.network.parameters())?;
        let optimizer_steps = saving.optimizer(&self.trained.optimizer)?;
        let rollout = &self.rollout;
        let mut save = |name: &str, observations: &[E], rows: usize| -> Result<(), AgentError> {
            let tensor = Tensor::from_vec(numbers(observations), self.shape(rows), &Device::Cpu)?;
            saving.tensor(name.to_owned(), tensor);
            Ok(())
        };
        if rollout.rows.acted > 0 {
            let rows: Vec<u32> = rollout.rows_so_far().map(|row| row as u32).collect();
            save(OBSERVATIONS, &rollout.gather(&rows), rows.len())?;
        }
        if rollout.rows.acted == rollout.steps {
            save(LAST, &rollout.last, rollout.streams)?;
        }
        saving.finish(&Document {
            kind: Kind::new(ALGORITHM),
            counters: self.counters,
            exploration: self.exploration.rng().clone(),
            minibatches: self.minibatch_rng.clone(),
            optimizer_steps,
            running: self.running.clone(),
            rollout: rollout.rows.clone(),
            learning: self.learning.clone(),
        })
    }

    /// Checks everything before it changes anything.
    pub(super) fn restore_from(&mut self, state: &AgentState) -> Result<(), AgentError> {
        let (document, mut restoring) = Restoring::new::<Document>(state)?;
        Kind::new(ALGORITHM).expect(&document.kind)?;
        let weights = restoring.weights("online", self.trained.network.parameters())?;
        self.check_document(&document)?;
        let (streams, steps, acted) = (self.rollout.streams, self.rollout.steps, document.rollout.acted);
        let mut load = |name: &str, rows: usize, wanted: bool| -> Result<Vec<E>, AgentError> {
            if !wanted {
                return Ok(vec![]);
            }
            let values = restoring.tensor(name, &self.shape(rows))?.flatten_all()?.to_vec1::<f32>()?;
            elements(&values).ok_or_else(|| AgentError::State(format!("{name} has observations that are no bytes")))
        };
        let observations = load(OBSERVATIONS, streams * acted, acted > 0)?;
        let last = load(LAST, streams, acted == steps)?;
        restoring.optimizer(document.optimizer_steps, &mut self.trained.optimizer)?;

        // What follows cannot fail.
        weights.apply(self.trained.network.parameters())?;
        self.rollout.rows = document.rollout;
        let rows: Vec<usize> = self.rollout.rows_so_far().collect();
        for (row, observation) in rows.into_iter().zip(observations.chunks_exact(self.rollout.observation_len)) {
            self.rollout.set_observation(row, observation);
        }
        self.rollout.last.fill(E::default());
        if !last.is_empty() {
            self.rollout.last = last;
        }
        self.exploration.set_rng(document.exploration);
        self.minibatch_rng = document.minibatches;
        self.counters = document.counters;
        self.running = document.running;
        self.learning = document.learning;
        Ok(())
    }

    fn check_document(&self, document: &Document) -> Result<(), AgentError> {
        let Document { running, rollout, learning, .. } = document;
        let refuse = |reason: String| Err(AgentError::State(reason));
        if running.len() != self.running.len() {
            return refuse(format!("it has {} streams, not {}", running.len(), self.running.len()));
        }
        if !rollout.fit(self.rollout.streams, self.rollout.steps) {
            return refuse("its rollout has another size".to_owned());
        }
        if rollout.actions.iter().any(|action| *action as usize >= self.trained.network.actions()) {
            return refuse("its rollout has an action that does not exist".to_owned());
        }
        if let Some(Learning { targets, order, done }) = learning {
            let rows = rollout.rewards.len();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            let all = targets.len() == rows && sorted.into_iter().eq(0..rows as u32);
            let complete = rollout.acted == self.rollout.steps && rollout.told.iter().all(|told| *told);
            if !all || !complete || *done > self.spec.epochs * self.spec.minibatches {
                return refuse("what it was learning from is not a rollout's".to_owned());
            }
        }
        Ok(())
    }

    /// The shape of so many observations.
    fn shape(&self, rows: usize) -> Vec<usize> {
        std::iter::once(rows).chain(self.trained.network.observation_shape().iter().copied()).collect()
    }
}
