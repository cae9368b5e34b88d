//! PQN: Q-learning without replay and target network, from many environments at once.

mod rollout;
mod spec;
mod state;

use deepq_core::{Element, NumpyRng};
use deepq_nets::{Network, TdLoss, td_loss};
use deepq_replay::{Replay, Transition};
use serde::{Deserialize, Serialize};
pub use spec::PqnSpec;

use self::rollout::Rollout;
use crate::algorithm::{AgentParts, Algorithm};
use crate::rows::{mean_of_taken, outputs, tensor};
use crate::{
    Agent, AgentError, AgentState, Counters, Descent, EpsilonGreedy, Need, Preferences, Schedule, Setting,
    SettingError, SharedSettings, Trained, UpdateReport, preconditions, targets,
};

/// The mean, over the minibatch, of the Q-value of the action that was taken.
const FIGURES: [&str; 1] = ["q_values"];

/// The parallelised Q-network ([Gallici et al. 2024](https://arxiv.org/abs/2407.04811), algorithm 1): all streams play a
/// few steps with the same weights, then the agent learns from these steps, some epochs of minibatches towards their
/// [Q(lambda) targets](crate::lambda_returns), and forgets them.
///
/// There is no replay and no target network; what keeps it stable is layer normalisation
/// ([`Normalisation::Layer`](deepq_nets::Normalisation::Layer)), which its network should have. Truncated episodes
/// bootstrap from their final observation.
///
/// Its draws come from the streams `weights`, `exploration` and `minibatches` below the root seed.
pub struct Pqn<E: Element> {
    spec: PqnSpec,
    exploration: EpsilonGreedy,
    trained: Trained,
    minibatch_rng: NumpyRng,
    counters: Counters,
    /// Of each stream, whether its episode has begun and not ended.
    running: Vec<bool>,
    rollout: Rollout<E>,
    /// What is under way with a complete rollout.
    learning: Option<Learning>,
}

/// How far the agent has come with a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Learning {
    /// Of each row.
    targets: Vec<f32>,
    /// The rows in the epoch's order.
    order: Vec<u32>,
    /// Minibatches learned from, of all epochs.
    done: usize,
}

impl<E: Element> Pqn<E> {
    /// An agent that has seen nothing yet.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(spec: &PqnSpec, exploration: &Schedule, parts: &AgentParts<'_>) -> Result<Self, AgentError> {
        let &AgentParts { observation_shape, streams, seeds, .. } = parts;
        spec.validate_for(streams)?;
        Ok(Self {
            spec: spec.clone(),
            trained: parts.trained()?,
            exploration: EpsilonGreedy::new(exploration.clone(), seeds.stream("exploration"))?,
            minibatch_rng: seeds.stream("minibatches"),
            counters: Counters::default(),
            running: vec![false; streams],
            rollout: Rollout::new(streams, spec.rollout_steps, observation_shape.iter().product()),
            learning: None,
        })
    }

    /// The network that acts and learns.
    pub fn network(&self) -> &Network {
        &self.trained.network
    }

    /// The largest Q-value of each observation.
    fn greedy_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        let q = outputs(&self.trained.network, observations)?;
        Ok(q.chunks_exact(self.trained.network.actions()).map(|q| q[targets::argmax(q)]).collect())
    }
}

impl Algorithm for PqnSpec {
    const SUMMARY: &'static str = "Q-learning with Q(lambda) targets, without replay and target network";
    const PREFERENCES: Preferences = Preferences::QValues;

    fn discount(&self) -> f64 {
        self.discount
    }

    fn needs(&self, setting: Setting) -> Need {
        if setting == Setting::Exploration { Need::Needed } else { Need::Unused }
    }

    fn check(&self, shared: &SharedSettings<'_>, streams: usize) -> Result<(), SettingError> {
        self.validate_for(streams).map_err(SettingError::of("agent"))?;
        shared.check_exploration()
    }

    fn rollout_bytes(&self, streams: usize, observation_bytes: usize) -> u64 {
        (self.rollout_steps * streams * observation_bytes) as u64
    }

    fn build<E: Element>(
        &self,
        shared: &SharedSettings<'_>,
        _: Option<Replay<E>>,
        parts: &AgentParts<'_>,
    ) -> Result<Box<dyn Agent<E>>, AgentError> {
        Ok(Box::new(Pqn::new(self, shared.exploration()?, parts)?))
    }
}

impl<E: Element> Agent<E> for Pqn<E> {
    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        preconditions::stream(stream, self.running.len())?;
        preconditions::observation(&self.trained.network, observation)?;
        self.running[stream] = true;
        Ok(())
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        preconditions::rows(&self.trained.network, observations, actions)?;
        let streams = self.running.len();
        if actions.len() != streams {
            let expected = format!("one for each of {streams} streams");
            return Err(AgentError::Shape { what: "actions", actual: actions.len(), expected });
        }
        if let Some(stream) = self.running.iter().position(|running| !running) {
            return Err(AgentError::NoEpisode { stream });
        }
        if !self.rollout.all_told() || self.rollout.complete() {
            return Err(AgentError::OutOfTurn("act() comes after observe() of each stream and learn() until None"));
        }
        // All are asked for their Q-values, also where the action will be a random one: the targets need them.
        let q_values = outputs(&self.trained.network, observations)?;
        let rows = || q_values.chunks_exact(self.trained.network.actions());
        self.rollout.begin_step(observations, rows().map(|q| q[targets::argmax(q)]));
        // With probability epsilon a random action, otherwise the one of the highest Q-value.
        for (action, q) in actions.iter_mut().zip(rows()) {
            let random = self.exploration.explore(&self.counters, self.trained.network.actions());
            *action = random.unwrap_or_else(|| targets::argmax(q));
            self.counters.agent_steps += 1;
        }
        Ok(())
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError> {
        preconditions::stream(stream, self.running.len())?;
        preconditions::observation(&self.trained.network, transition.next_observation)?;
        preconditions::transition(transition, stream, self.trained.network.actions(), &self.counters)?;
        if self.rollout.rows.told[stream] {
            return Err(AgentError::OutOfTurn("observe() comes once for each stream after act()"));
        }
        let (reward, discount) = (self.spec.clip_reward.apply(transition.reward), self.spec.discount as f32);
        if self.rollout.tell(stream, transition, reward, discount) {
            let value = self.greedy_values(transition.next_observation)?;
            self.rollout.set_value(stream, value[0]);
        }
        self.running[stream] = !transition.end.is_over();
        self.counters.episodes += u64::from(transition.end.is_over());
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        if !self.rollout.complete() {
            return Ok(None);
        }
        let mut learning = match self.learning.take() {
            Some(learning) => learning,
            None => self.begin_learning()?,
        };
        if learning.done == self.spec.epochs * self.spec.minibatches {
            self.rollout.clear();
            return Ok(None);
        }
        let report = self.update(&mut learning);
        self.learning = Some(learning);
        report.map(Some)
    }

    fn trained(&self) -> &Trained {
        &self.trained
    }

    fn trained_mut(&mut self) -> &mut Trained {
        &mut self.trained
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn exploration(&self) -> f64 {
        self.exploration.epsilon(&self.counters)
    }

    fn figures(&self) -> &'static [&'static str] {
        &FIGURES
    }
}

impl<E: Element> Pqn<E> {
    /// The targets of a complete rollout. They stay as they are while the weights change.
    fn begin_learning(&mut self) -> Result<Learning, AgentError> {
        let values = self.greedy_values(&self.rollout.last)?;
        for (stream, value) in values.into_iter().enumerate() {
            self.rollout.set_value(stream, value);
        }
        let targets = self.rollout.targets(self.spec.lambda as f32)?;
        let order = (0..targets.len() as u32).collect();
        Ok(Learning { targets, order, done: 0 })
    }

    /// One update: a minibatch, loss, update.
    fn update(&mut self, learning: &mut Learning) -> Result<UpdateReport, AgentError> {
        let update = self.counters.updates + 1;

        // The next minibatch of rows, in an order that is drawn for each epoch.
        let Learning { targets, order, done } = learning;
        let minibatch = *done % self.spec.minibatches;
        if minibatch == 0 {
            shuffle(order, &mut self.minibatch_rng);
        }
        let size = order.len() / self.spec.minibatches;
        let rows = &order[minibatch * size..][..size];
        let of_rows = |values: &[f32]| -> Vec<f32> { rows.iter().map(|row| values[*row as usize]).collect() };
        let actions: Vec<u32> = rows.iter().map(|row| self.rollout.rows.actions[*row as usize]).collect();

        // The loss of their Q-values against their targets.
        let q_tm1 = self.trained.network.forward(&tensor(&self.trained.network, &self.rollout.gather(rows))?)?;
        let TdLoss { loss, value, q_values, .. } = td_loss(&q_tm1, &actions, &of_rows(targets), None, self.spec.loss)?;
        let rewards = of_rows(&self.rollout.rows.rewards);

        // A step down its gradient.
        self.trained.scale_learning_rate(self.spec.learning_rate_factor.value(&self.counters))?;
        let descent = Descent { update, loss: &loss, value, rewards: &rewards, outputs: &q_values };
        let gradient_norm = self.trained.descend(&descent, &self.spec.clip_gradient)?;
        self.counters.updates = update;
        *done += 1;

        let figures = vec![mean_of_taken(&q_values, &actions)];
        Ok(UpdateReport { update, loss: value, gradient_norm, figures, target_copied: false })
    }
}

/// All orders alike (Fisher and Yates; Durstenfeld 1964).
fn shuffle(order: &mut [u32], rng: &mut NumpyRng) {
    for i in (1..order.len()).rev() {
        order.swap(i, rng.index(i + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_as_likely_at_every_place() {
        let mut rng = NumpyRng::new(1);
        let mut counts = [[0u32; 4]; 4];
        for _ in 0..40_000 {
            let mut order = [0, 1, 2, 3];
            shuffle(&mut order, &mut rng);
            order.iter().enumerate().for_each(|(place, row)| counts[place][*row as usize] += 1);
        }
        assert!(counts.iter().flatten().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
    }
}
