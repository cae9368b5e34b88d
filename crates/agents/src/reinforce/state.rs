//! A REINFORCE agent's state as a value, and back: the episodes that it has not learned from yet belong to it.

use candle_core::Tensor;
use deepq_core::{Element, NumpyRng};
use serde::{Deserialize, Serialize};

use super::Reinforce;
use super::episode::Episode;
use crate::rows::elements;
use crate::state::{Kind, Restoring, Saving};
use crate::{AgentError, AgentState, Counters};

const ALGORITHM: &str = "reinforce";

/// Everything but tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    counters: Counters,
    exploration: NumpyRng,
    optimizer_steps: u64,
    running: Vec<Option<Steps>>,
    finished: Vec<Steps>,
}

/// An episode without its observations: these are the tensors `running.N`, by stream, and `finished.N`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    actions: Vec<u32>,
    rewards: Vec<f32>,
    discounts: Vec<f32>,
}

impl<E: Element> Reinforce<E> {
    pub(super) fn capture(&self) -> Result<AgentState, AgentError> {
        let mut saving = Saving::default();
        saving.weights("online", self.trained.network.parameters())?;
        let optimizer_steps = saving.optimizer(&self.trained.optimizer)?;
        let mut save = |name: String, episode: &Episode<E>| {
            let Episode { actions, rewards, discounts, .. } = episode.clone();
            let shape = self.shape(actions.len());
            saving.tensor(name, Tensor::from_vec(episode.to_f32(), shape, &candle_core::Device::Cpu)?);
            Ok(Steps { actions, rewards, discounts })
        };
        let running = self.running.iter().enumerate().map(|(stream, episode)| {
            episode.as_ref().map(|episode| save(format!("running.{stream}"), episode)).transpose()
        });
        let running = running.collect::<Result<_, AgentError>>()?;
        let finished = self.finished.iter().enumerate().map(|(i, episode)| save(format!("finished.{i}"), episode));
        let finished = finished.collect::<Result<_, AgentError>>()?;
        saving.finish(&Document {
            kind: Kind::new(ALGORITHM),
            counters: self.counters,
            exploration: self.rng.clone(),
            optimizer_steps,
            running,
            finished,
        })
    }

    /// Checks everything before it changes anything.
    pub(super) fn restore_from(&mut self, state: &AgentState) -> Result<(), AgentError> {
        let (document, mut restoring) = Restoring::new::<Document>(state)?;
        Kind::new(ALGORITHM).expect(&document.kind)?;
        let weights = restoring.weights("online", self.trained.network.parameters())?;
        if document.running.len() != self.running.len() {
            let (saved, here) = (document.running.len(), self.running.len());
            return Err(AgentError::State(format!("it has {saved} streams, not {here}")));
        }
        let mut load = |name: String, steps: Steps| self.episode(&mut restoring, &name, steps);
        let running = document
            .running
            .into_iter()
            .enumerate()
            .map(|(stream, steps)| steps.map(|steps| load(format!("running.{stream}"), steps)).transpose());
        let running = running.collect::<Result<_, AgentError>>()?;
        let finished = document.finished.into_iter().enumerate();
        let finished = finished.map(|(i, steps)| load(format!("finished.{i}"), steps)).collect::<Result<_, _>>()?;
        restoring.optimizer(document.optimizer_steps, &mut self.trained.optimizer)?;

        // What follows cannot fail.
        weights.apply(self.trained.network.parameters())?;
        self.rng = document.exploration;
        self.counters = document.counters;
        self.running = running;
        self.finished = finished;
        Ok(())
    }

    /// The shape of an episode's observations, the current one included.
    fn shape(&self, steps: usize) -> Vec<usize> {
        std::iter::once(steps + 1).chain(self.trained.network.observation_shape().iter().copied()).collect()
    }

    fn episode(&self, restoring: &mut Restoring, name: &str, steps: Steps) -> Result<Episode<E>, AgentError> {
        let Steps { actions, rewards, discounts } = steps;
        let refuse = |reason: &str| AgentError::State(format!("{name} {reason}"));
        if rewards.len() != actions.len() || discounts.len() != actions.len() {
            return Err(refuse("has steps without an action, a reward or a discount"));
        }
        if actions.iter().any(|action| *action as usize >= self.trained.network.actions()) {
            return Err(refuse("has an action that does not exist"));
        }
        let values = restoring.tensor(name, &self.shape(actions.len()))?.flatten_all()?.to_vec1::<f32>()?;
        let mut observations = elements(&values).ok_or_else(|| refuse("has observations that are no bytes"))?;
        let len: usize = self.trained.network.observation_shape().iter().product();
        let current = observations.split_off(actions.len() * len);
        Ok(Episode { observations, current, actions, rewards, discounts })
    }
}
