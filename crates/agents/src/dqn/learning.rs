//! The half of a DQN agent that learns: sample, target, loss, update.

use candle_core::Tensor;
use deepq_core::{Element, NumpyRng};
use deepq_nets::{Network, TdLoss, td_loss};
use deepq_replay::{Batch, Replay};

use super::{DqnSpec, TargetUpdate};
use crate::bootstrap::Bootstrap;
use crate::rows::{Refilled, mean_of_taken, tensor};
use crate::updates::UpdatesDue;
use crate::{AgentError, Counters, Descent, Learner, Trained, UpdateReport, UpdateSpec, targets};

/// The mean, over the batch, of the Q-value of the action that was taken.
pub(super) const FIGURES: [&str; 1] = ["q_values"];

/// Everything that an update needs or changes.
pub(super) struct Learning<E: Element> {
    pub(super) spec: DqnSpec,
    pub(super) updates: UpdateSpec,
    pub(super) online: Trained,
    pub(super) target: Option<Network>,
    pub(super) replay: Replay<E>,
    pub(super) replay_rng: NumpyRng,
    pub(super) updates_due: UpdatesDue,
    /// How many times the target network has followed.
    pub(super) target_times: u64,
    pub(super) batch: Batch<E>,
    /// The batch's observations on the network's device.
    pub(super) observations: Refilled,
    pub(super) next_observations: Refilled,
}

/// Learning, with counters that nobody else looks at meanwhile.
pub(super) struct LearningHalf<'a, E: Element> {
    pub(super) learning: &'a mut Learning<E>,
    /// As they were when the agent was taken apart; updates go on.
    pub(super) counters: Counters,
    pub(super) updates: &'a mut u64,
}

impl<E: Element> Learner for LearningHalf<'_, E> {
    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        let report = self.learning.learn(&mut self.counters)?;
        *self.updates = self.counters.updates;
        Ok(report)
    }
}

impl<E: Element> Learning<E> {
    /// Makes the next update that is due, or gives `None` where none is.
    pub(super) fn learn(&mut self, counters: &mut Counters) -> Result<Option<UpdateReport>, AgentError> {
        if self.updates_due.take(&self.updates, counters.agent_steps, self.replay.len()) {
            return self.update(counters).map(Some);
        }
        // A copy by steps or episodes comes after the updates of the same step, also where there are none.
        self.update_target(counters)?;
        Ok(None)
    }

    /// One update: sample, target, loss, update.
    fn update(&mut self, counters: &mut Counters) -> Result<UpdateReport, AgentError> {
        let update = counters.updates + 1;

        // Sample a batch of transitions.
        self.replay.sample(self.updates.batch_size, &mut self.replay_rng, &mut self.batch)?;
        let batch = &self.batch;

        // Their Q-values, and what these should have been.
        let observations = self.observations.with(&self.online.network, &batch.observations)?;
        let next_observations = self.next_observations.with(&self.online.network, &batch.next_observations)?;
        let (q_tm1, q_t_online) = if self.asks_online_of_next() {
            let (q_tm1, q_t) = self.online.network.forward_with_next(&observations, &next_observations)?;
            (q_tm1, Some(q_t))
        } else {
            (self.online.network.forward(&observations)?, None)
        };
        let targets = self.targets_from(batch, &next_observations, q_t_online)?;

        // The loss of their difference.
        let TdLoss { loss, value: loss_value, q_values, .. } =
            td_loss(&q_tm1, &batch.actions, &targets, Some(&batch.weights), self.spec.loss)?;
        let descent = Descent { update, loss: &loss, value: loss_value, rewards: &batch.rewards, outputs: &q_values };

        // A step down its gradient.
        let gradient_norm = self.online.descend(&descent, &self.spec.clip_gradient)?;
        counters.updates = update;

        let figures = vec![mean_of_taken(&q_values, &batch.actions)];

        // The target network follows.
        let target_copied = self.update_target(counters)?;
        Ok(UpdateReport { update, loss: loss_value, gradient_norm, figures, target_copied })
    }

    /// What the Q-value of each of a batch's transitions is moved towards.
    pub(super) fn targets(&self, batch: &Batch<E>) -> Result<Vec<f32>, AgentError> {
        let next_observations = tensor(&self.online.network, &batch.next_observations)?;
        self.targets_from(batch, &next_observations, None)
    }

    /// Which value of the next observation the targets take.
    fn bootstrap(&self) -> Bootstrap {
        if self.spec.double { Bootstrap::Double } else { Bootstrap::Max }
    }

    /// Whether targets need the online network's Q-values of the next observations: to select the action, or because
    /// there is no target network.
    fn asks_online_of_next(&self) -> bool {
        self.bootstrap().needs_selector() || self.target.is_none()
    }

    /// The targets; with the online network's Q-values of the next observations, if they are known already.
    fn targets_from(
        &self,
        batch: &Batch<E>,
        next_observations: &Tensor,
        q_t_online: Option<Tensor>,
    ) -> Result<Vec<f32>, AgentError> {
        let slice = |q: Tensor| -> Result<Vec<f32>, AgentError> { Ok(q.flatten_all()?.to_vec1()?) };
        let values = |network: &Network| slice(network.values(next_observations)?);
        let q_t_online = match q_t_online {
            Some(q_t) => slice(q_t)?,
            None if self.asks_online_of_next() => values(&self.online.network)?,
            None => Vec::new(),
        };
        let q_t_target = self.target.as_ref().map(values).transpose()?;
        let (r_t, discount_t) = (&batch.rewards, &batch.discounts);
        let q_t_value = q_t_target.as_ref().unwrap_or(&q_t_online);
        let mut targets = self.bootstrap().targets(r_t, discount_t, q_t_value, &q_t_online)?;
        if let Some(value) = self.spec.terminal_target {
            targets::fix_terminal(&mut targets, discount_t, value);
        }
        Ok(targets)
    }

    /// Lets the target network follow the online network, if it is time; says whether it was.
    fn update_target(&mut self, counters: &Counters) -> Result<bool, AgentError> {
        let Some(target) = &self.target else { return Ok(false) };
        let times = self.spec.target_update.times(counters);
        if times == self.target_times {
            return Ok(false);
        }
        match self.spec.target_update {
            TargetUpdate::Polyak { tau, .. } => {
                target.parameters().blend_from(self.online.network.parameters(), tau)?;
            }
            _ => target.copy_from(&self.online.network)?,
        }
        self.target_times = times;
        tracing::debug!(updates = counters.updates, "the target network followed");
        Ok(true)
    }
}
