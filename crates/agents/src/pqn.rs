//! PQN: Q-learning without replay and target network, from many environments at once.

use candle_core::Device;
use deepq_core::{Element, NumpyRng, Seeds};
use deepq_nets::{Gradients, NetworkSpec, OptimizerSpec, Parameters, QNetwork, TdLoss, td_loss};
use deepq_replay::{Replay, Transition};
use serde::{Deserialize, Serialize};

use crate::pqn_spec::PqnSpec;
use crate::rollout::Rollout;
use crate::rows::{check, check_stream, check_transition, greedy, tensor, values};
use crate::trained::{Descent, Trained};
use crate::{Agent, AgentError, AgentState, Counters, EpsilonGreedy, Schedule, UpdateReport, targets};

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
    pub(crate) spec: PqnSpec,
    pub(crate) exploration: EpsilonGreedy,
    pub(crate) trained: Trained,
    pub(crate) minibatch_rng: NumpyRng,
    pub(crate) counters: Counters,
    /// Of each stream, whether its episode has begun and not ended.
    pub(crate) running: Vec<bool>,
    pub(crate) rollout: Rollout<E>,
    /// What is under way with a complete rollout.
    pub(crate) learning: Option<Learning>,
}

/// How far the agent has come with a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Learning {
    /// Of each row.
    pub(crate) targets: Vec<f32>,
    /// The rows in the epoch's order.
    pub(crate) order: Vec<u32>,
    /// Minibatches learned from, of all epochs.
    pub(crate) done: usize,
}

/// What a [`Pqn`] is made of.
pub struct PqnParts<'a> {
    /// The algorithm's settings.
    pub spec: &'a PqnSpec,
    /// The exploration rate.
    pub exploration: &'a Schedule,
    /// The Q-network.
    pub network: &'a NetworkSpec,
    /// The optimizer.
    pub optimizer: &'a OptimizerSpec,
    /// The shape of one observation.
    pub observation_shape: &'a [usize],
    /// The number of actions.
    pub actions: usize,
    /// Environments that play at the same time.
    pub streams: usize,
    /// Where its randomness comes from.
    pub seeds: &'a Seeds,
    /// Where the network lives.
    pub device: &'a Device,
}

impl<E: Element> Pqn<E> {
    /// An agent that has seen nothing yet.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(parts: &PqnParts<'_>) -> Result<Self, AgentError> {
        let &PqnParts { spec, exploration, network, optimizer, observation_shape, actions, streams, seeds, device } =
            parts;
        spec.validate_for(streams)?;
        let network = QNetwork::new(network, observation_shape, actions, &mut seeds.stream("weights"), device)?;
        Ok(Self {
            spec: spec.clone(),
            exploration: EpsilonGreedy::new(exploration.clone(), seeds.stream("exploration"))?,
            trained: Trained::new(network, optimizer)?,
            minibatch_rng: seeds.stream("minibatches"),
            counters: Counters::default(),
            running: vec![false; streams],
            rollout: Rollout::new(streams, spec.rollout_steps, observation_shape.iter().product()),
            learning: None,
        })
    }

    /// The network that acts and learns.
    pub fn network(&self) -> &QNetwork {
        &self.trained.network
    }

    /// The largest Q-value of each observation.
    fn greedy_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        let q = values(&self.trained.network, observations)?;
        Ok(q.chunks_exact(self.trained.network.actions()).map(|q| q[targets::argmax(q)]).collect())
    }
}

impl<E: Element> Agent<E> for Pqn<E> {
    fn q_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        values(&self.trained.network, observations)
    }

    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        greedy(&self.trained.network, observations, actions)
    }

    fn exploration(&self) -> f64 {
        self.exploration.epsilon(&self.counters)
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn parameters(&self) -> &Parameters {
        self.trained.network.parameters()
    }

    fn gradients(&self) -> Option<&Gradients> {
        self.trained.gradients.as_ref()
    }

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.trained.load_parts(weights, parts, &self.counters)
    }

    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.trained.freeze(parts, &self.counters)
    }

    fn replay(&self) -> Option<&Replay<E>> {
        None
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<E>> {
        None
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        check_stream(stream, self.running.len())?;
        check(&self.trained.network, observation, &[0])?;
        self.running[stream] = true;
        Ok(())
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        check(&self.trained.network, observations, actions)?;
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
        let q_values = values(&self.trained.network, observations)?;
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
        check_stream(stream, self.running.len())?;
        check(&self.trained.network, transition.next_observation, &[0])?;
        check_transition(transition, stream, self.trained.network.actions(), &self.counters)?;
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
        let factor = self.spec.learning_rate_factor.value(&self.counters);
        self.trained.optimizer.set_learning_rate(self.trained.spec.learning_rate() * factor)?;
        let descent = Descent { update, loss: &loss, value, rewards: &rewards, outputs: &q_values };
        let gradient_norm = self.trained.descend(&descent, &self.spec.clip_gradient)?;
        self.counters.updates = update;
        *done += 1;

        let taken = q_values.chunks_exact(self.trained.network.actions()).zip(&actions);
        let mean_q = taken.map(|(q, action)| q[*action as usize]).sum::<f32>() / actions.len() as f32;
        Ok(UpdateReport { update, loss: value, mean_q, gradient_norm, target_copied: false })
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
