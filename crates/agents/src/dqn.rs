//! DQN and its variants, in the order of the paper's algorithm: act, store, sample, target, loss, update.

use candle_core::{Device, Tensor};
use deepq_envs::{Element, NumpyRng, Seeds};
use deepq_nets::{Gradients, NetworkSpec, Optimizer, OptimizerSpec, Parameters, QNetwork, TdLoss, td_loss};
use deepq_replay::{Batch, Replay, Transition};

use crate::rows::{check, check_transition, tensor, values};
use crate::updates_due::UpdatesDue;
use crate::{
    Agent, AgentError, AgentState, Counters, DqnSpec, EpsilonGreedy, Schedule, SpecError, TargetUpdate, UpdateReport,
    targets,
};

/// Deep Q-learning with experience replay ([Mnih et al. 2015](https://www.nature.com/articles/nature14236),
/// algorithm 1); by its settings also [double DQN](https://arxiv.org/abs/1509.06461), by its network
/// [dueling](https://arxiv.org/abs/1511.06581), by its replay with n-step returns.
///
/// Every random draw comes from a stream of its own, named `weights`, `exploration` and `replay` below the root seed.
/// The same settings, seed and experience give the same bits.
pub struct Dqn<E: Element> {
    pub(crate) spec: DqnSpec,
    pub(crate) exploration: EpsilonGreedy,
    pub(crate) online: QNetwork,
    pub(crate) target: Option<QNetwork>,
    optimizer_spec: OptimizerSpec,
    pub(crate) optimizer: Optimizer,
    pub(crate) replay: Box<dyn Replay<E>>,
    pub(crate) replay_rng: NumpyRng,
    pub(crate) counters: Counters,
    pub(crate) updates_due: UpdatesDue,
    /// How many times the target network has followed.
    pub(crate) target_times: u64,
    gradients: Option<Gradients>,
    batch: Batch<E>,
    random_actions: Vec<Option<usize>>,
}

/// What a [`Dqn`] is made of.
pub struct DqnParts<'a, E> {
    /// The algorithm's settings.
    pub spec: &'a DqnSpec,
    /// The exploration rate.
    pub exploration: &'a Schedule,
    /// The Q-network.
    pub network: &'a NetworkSpec,
    /// The optimizer.
    pub optimizer: &'a OptimizerSpec,
    /// The replay, made with the discount of `spec`.
    pub replay: Box<dyn Replay<E>>,
    /// The shape of one observation.
    pub observation_shape: &'a [usize],
    /// The number of actions.
    pub actions: usize,
    /// Where its randomness comes from.
    pub seeds: &'a Seeds,
    /// Where the networks live.
    pub device: &'a Device,
}

impl<E: Element> Dqn<E> {
    /// An agent that has seen nothing yet. The target network starts as a copy of the online network.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(parts: DqnParts<'_, E>) -> Result<Self, AgentError> {
        let DqnParts { spec, exploration, network, optimizer, replay, observation_shape, actions, seeds, device } =
            parts;
        spec.validate()?;
        let fits = spec.batch_size <= replay.capacity();
        SpecError::unless(fits, "batch_size", spec.batch_size, "at most the replay's capacity")?;
        let new_network = || QNetwork::new(network, observation_shape, actions, &mut seeds.stream("weights"), device);
        let online = new_network()?;
        let target = match spec.target_update {
            TargetUpdate::None => None,
            _ => Some(new_network()?),
        };
        Ok(Self {
            exploration: EpsilonGreedy::new(exploration.clone(), seeds.stream("exploration"))?,
            optimizer_spec: *optimizer,
            optimizer: Optimizer::new(optimizer, online.parameters())?,
            spec: spec.clone(),
            online,
            target,
            replay,
            replay_rng: seeds.stream("replay"),
            counters: Counters::default(),
            updates_due: UpdatesDue::default(),
            target_times: 0,
            gradients: None,
            batch: Batch::default(),
            random_actions: Vec::new(),
        })
    }

    /// Takes over parts of another network's weights (safetensors, named as here), as `torso` or `advantage.2`; the target
    /// network as well. Gives the names of what was loaded.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part or the weights
    /// do not fit. Nothing is changed then.
    pub fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.check_not_started()?;
        let loaded = self.online.parameters().load_parts(weights, parts)?;
        if let Some(target) = &self.target {
            target.copy_from(&self.online)?;
        }
        Ok(loaded)
    }

    /// Keeps parts of the weights as they are: they are not trained, and the optimizer holds no state for them. Gives
    /// their names. A saved state can only be restored in an agent with the same parts frozen.
    ///
    /// # Errors
    ///
    /// [`AgentError::Started`] after the first update; [`AgentError::Net`] if the network has no such part. Nothing is
    /// changed then.
    pub fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.check_not_started()?;
        let frozen = self.online.parameters().freeze(parts)?;
        self.optimizer = Optimizer::new(&self.optimizer_spec, self.online.parameters())?;
        Ok(frozen)
    }

    fn check_not_started(&self) -> Result<(), AgentError> {
        match self.counters.updates {
            0 => Ok(()),
            updates => Err(AgentError::Started { updates }),
        }
    }

    /// The network that acts and learns.
    pub fn online(&self) -> &QNetwork {
        &self.online
    }

    /// The network that says the targets, where there is one beside the online network.
    pub fn target(&self) -> Option<&QNetwork> {
        self.target.as_ref()
    }
}

impl<E: Element> Agent<E> for Dqn<E> {
    fn q_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        values(&self.online, observations)
    }

    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        check(&self.online, observations, actions)?;
        let q_values = self.q_values(observations)?;
        for (action, q) in actions.iter_mut().zip(q_values.chunks_exact(self.online.actions())) {
            *action = targets::argmax(q);
        }
        Ok(())
    }

    fn exploration(&self) -> f64 {
        self.exploration.epsilon(&self.counters)
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn parameters(&self) -> &Parameters {
        self.online.parameters()
    }

    fn gradients(&self) -> Option<&Gradients> {
        self.gradients.as_ref()
    }

    fn replay(&self) -> Option<&dyn Replay<E>> {
        Some(&*self.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut dyn Replay<E>> {
        Some(&mut *self.replay)
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        Ok(self.replay.begin(stream, observation)?)
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        check(&self.online, observations, actions)?;
        // With probability epsilon a random action ...
        self.random_actions.clear();
        for _ in &*actions {
            self.random_actions.push(self.exploration.explore(&self.counters, self.online.actions()));
            self.counters.agent_steps += 1;
        }
        // ... otherwise the one of the highest Q-value.
        if self.random_actions.contains(&None) {
            self.greedy(observations, actions)?;
        }
        for (action, random) in actions.iter_mut().zip(&self.random_actions) {
            *action = random.unwrap_or(*action);
        }
        Ok(())
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError> {
        let &Transition { action, reward, next_observation, end } = transition;
        check_transition(transition, stream, self.online.actions(), &self.counters)?;
        let reward = self.spec.clip_reward.apply(reward);
        self.replay.push(stream, &Transition { action, reward, next_observation, end })?;
        self.counters.episodes += u64::from(end.over());
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        if self.updates_due.take(&self.spec, self.counters.agent_steps, self.replay.len()) {
            return self.update().map(Some);
        }
        // A copy by steps or episodes comes after the updates of the same step, also where there are none.
        self.update_target()?;
        Ok(None)
    }
}

impl<E: Element> Dqn<E> {
    /// One update: sample, target, loss, update.
    fn update(&mut self) -> Result<UpdateReport, AgentError> {
        let update = self.counters.updates + 1;

        // Sample a batch of transitions.
        self.replay.sample(self.spec.batch_size, &mut self.replay_rng, &mut self.batch)?;
        let batch = &self.batch;

        // Their Q-values, and what these should have been.
        let observations = tensor(&self.online, &batch.observations)?;
        let next_observations = tensor(&self.online, &batch.next_observations)?;
        let (q_tm1, q_t_online) = if self.asks_online_of_next() {
            let (q_tm1, q_t) = self.online.forward_with_next(&observations, &next_observations)?;
            (q_tm1, Some(q_t))
        } else {
            (self.online.forward(&observations)?, None)
        };
        let targets = self.targets_from(batch, &next_observations, q_t_online)?;

        // The loss of their difference.
        let TdLoss { loss, .. } = td_loss(&q_tm1, &batch.actions, &targets, Some(&batch.weights), self.spec.loss)?;
        let loss_value = loss.to_scalar::<f32>()?;
        let q_values = q_tm1.flatten_all()?.to_vec1::<f32>()?;
        let diverged = |quantity, value| AgentError::Diverged {
            update,
            quantity,
            value,
            largest_reward: largest(&batch.rewards),
            largest_q: largest(&q_values),
        };
        if !loss_value.is_finite() {
            return Err(diverged("loss", f64::from(loss_value)));
        }

        // A step down its gradient.
        self.gradients = None;
        let mut gradients = self.online.backward(&loss)?;
        let gradient_norm = self.spec.clip_gradient.apply(&mut gradients)?;
        if !gradient_norm.is_finite() {
            return Err(diverged("gradient norm", gradient_norm));
        }
        self.optimizer.step(self.online.parameters(), &gradients)?;
        self.gradients = Some(gradients);
        self.counters.updates = update;

        let taken = q_values.chunks_exact(self.online.actions()).zip(&batch.actions);
        let mean_q = taken.map(|(q, action)| q[*action as usize]).sum::<f32>() / batch.actions.len() as f32;

        // The target network follows.
        let target_copied = self.update_target()?;
        Ok(UpdateReport { update, loss: loss_value, mean_q, gradient_norm: gradient_norm as f32, target_copied })
    }

    /// What the Q-value of each of a batch's transitions is moved towards.
    ///
    /// # Errors
    ///
    /// If the batch does not fit the network.
    pub fn targets(&self, batch: &Batch<E>) -> Result<Vec<f32>, AgentError> {
        let next_observations = tensor(&self.online, &batch.next_observations)?;
        self.targets_from(batch, &next_observations, None)
    }

    /// Whether targets need the online network's Q-values of the next observations: to select the action, or because
    /// there is no target network.
    fn asks_online_of_next(&self) -> bool {
        self.spec.double || self.target.is_none()
    }

    /// The targets; with the online network's Q-values of the next observations, if they are known already.
    fn targets_from(
        &self,
        batch: &Batch<E>,
        next_observations: &Tensor,
        q_t_online: Option<Tensor>,
    ) -> Result<Vec<f32>, AgentError> {
        let (r_t, discount_t) = (&batch.rewards, &batch.discounts);
        let slice = |q: Tensor| -> Result<Vec<f32>, AgentError> { Ok(q.flatten_all()?.to_vec1()?) };
        let values = |network: &QNetwork| slice(network.values(next_observations)?);
        let online_values = || q_t_online.map_or_else(|| values(&self.online), slice);
        let mut targets = match &self.target {
            Some(target) if self.spec.double => {
                targets::double_q_learning(r_t, discount_t, &values(target)?, &online_values()?)?
            }
            Some(target) => targets::q_learning(r_t, discount_t, &values(target)?)?,
            None => targets::q_learning(r_t, discount_t, &online_values()?)?,
        };
        if let Some(value) = self.spec.terminal_target {
            targets::fix_terminal(&mut targets, discount_t, value);
        }
        Ok(targets)
    }

    /// Lets the target network follow the online network, if it is time; says whether it was.
    fn update_target(&mut self) -> Result<bool, AgentError> {
        let Some(target) = &self.target else { return Ok(false) };
        let times = self.spec.target_update.times(&self.counters);
        if times == self.target_times {
            return Ok(false);
        }
        match self.spec.target_update {
            TargetUpdate::Polyak { tau, .. } => follow(target.parameters(), self.online.parameters(), tau)?,
            _ => target.copy_from(&self.online)?,
        }
        self.target_times = times;
        tracing::debug!(updates = self.counters.updates, "the target network followed");
        Ok(true)
    }
}

/// `target += tau * (online - target)`.
fn follow(target: &Parameters, online: &Parameters, tau: f64) -> Result<(), AgentError> {
    for ((name, target_value), (_, online_value)) in target.iter().zip(online.iter()) {
        let (target_value, online_value) = (target_value.detach(), online_value.detach());
        let value = (&target_value + ((online_value - &target_value)? * tau)?)?;
        target.set(name, &value)?;
    }
    Ok(())
}

/// The largest absolute value; NaN where there is one.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest: f32, value| if value.is_nan() { *value } else { largest.max(value.abs()) })
}
