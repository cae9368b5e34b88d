//! DQN and its variants: a half that acts, here, and a half that learns, in [`dqn_learning`](crate::dqn_learning).

use candle_core::Device;
use deepq_core::{Element, Seeds};
use deepq_nets::{Gradients, NetworkSpec, OptimizerSpec, Parameters, QNetwork};
use deepq_replay::{Batch, Replay, Transition};

use crate::dqn_learning::{Learning, LearningHalf};
use crate::rows::{Refilled, check, check_transition, greedy, values};
use crate::trained::Trained;
use crate::updates_due::UpdatesDue;
use crate::{
    Actor, Agent, AgentError, AgentState, Counters, DqnSpec, EpsilonGreedy, Halves, Schedule, SpecError, TargetUpdate,
    UpdateReport,
};

/// Deep Q-learning with experience replay ([Mnih et al. 2015](https://www.nature.com/articles/nature14236),
/// algorithm 1); by its settings also [double DQN](https://arxiv.org/abs/1509.06461), by its network
/// [dueling](https://arxiv.org/abs/1511.06581), by its replay with n-step returns.
///
/// Every random draw comes from a stream of its own, named `weights`, `exploration` and `replay` below the root seed.
/// The same settings, seed and experience give the same bits.
pub struct Dqn<E: Element> {
    pub(crate) acting: Acting,
    pub(crate) learning: Learning<E>,
    pub(crate) counters: Counters,
}

/// What acts beside the network.
pub(crate) struct Acting {
    pub(crate) exploration: EpsilonGreedy,
    random_actions: Vec<Option<usize>>,
    /// A copy of the online network, to act with while that one learns; made when it is needed first.
    copy: Option<QNetwork>,
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
    pub replay: Replay<E>,
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
        let online = QNetwork::new(network, observation_shape, actions, &mut seeds.stream("weights"), device)?;
        let target = match spec.target_update {
            TargetUpdate::None => None,
            _ => Some(online.duplicate()?),
        };
        let exploration = EpsilonGreedy::new(exploration.clone(), seeds.stream("exploration"))?;
        let learning = Learning {
            spec: spec.clone(),
            online: Trained::new(online, optimizer)?,
            target,
            replay,
            replay_rng: seeds.stream("replay"),
            updates_due: UpdatesDue::default(),
            target_times: 0,
            batch: Batch::default(),
            observations: Refilled::default(),
            next_observations: Refilled::default(),
        };
        let acting = Acting { exploration, random_actions: Vec::new(), copy: None };
        Ok(Self { acting, learning, counters: Counters::default() })
    }

    /// The network that acts and learns.
    pub fn online(&self) -> &QNetwork {
        &self.learning.online.network
    }

    /// The network that says the targets, where there is one beside the online network.
    pub fn target(&self) -> Option<&QNetwork> {
        self.learning.target.as_ref()
    }

    /// What the Q-value of each of a batch's transitions is moved towards.
    ///
    /// # Errors
    ///
    /// If the batch does not fit the network.
    pub fn targets(&self, batch: &Batch<E>) -> Result<Vec<f32>, AgentError> {
        self.learning.targets(batch)
    }
}

impl<E: Element> Agent<E> for Dqn<E> {
    fn q_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        values(&self.learning.online.network, observations)
    }

    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        greedy(&self.learning.online.network, observations, actions)
    }

    fn exploration(&self) -> f64 {
        self.acting.exploration.epsilon(&self.counters)
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn parameters(&self) -> &Parameters {
        self.learning.online.network.parameters()
    }

    fn gradients(&self) -> Option<&Gradients> {
        self.learning.online.gradients.as_ref()
    }

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        let Learning { online, target, .. } = &self.learning;
        let loaded = online.load_parts(weights, parts, &self.counters)?;
        if let Some(target) = target {
            target.copy_from(&online.network)?;
        }
        Ok(loaded)
    }

    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.learning.online.freeze(parts, &self.counters)
    }

    fn replay(&self) -> Option<&Replay<E>> {
        Some(&self.learning.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<E>> {
        Some(&mut self.learning.replay)
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        Ok(self.learning.replay.begin(stream, observation)?)
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        let Self { acting, learning, counters } = self;
        let Acting { exploration, random_actions, .. } = acting;
        let network = &learning.online.network;
        let mut actor =
            ActingHalf { exploration, random_actions, network, counters: *counters, steps: &mut counters.agent_steps };
        actor.act(observations, actions)
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError> {
        let &Transition { action, reward, next_observation, end } = transition;
        check_transition(transition, stream, self.learning.online.network.actions(), &self.counters)?;
        let reward = self.learning.spec.clip_reward.apply(reward);
        self.learning.replay.push(stream, &Transition { action, reward, next_observation, end })?;
        self.counters.episodes += u64::from(end.is_over());
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        self.learning.learn(&mut self.counters)
    }

    fn halves(&mut self) -> Result<Option<Halves<'_, E>>, AgentError> {
        let Self { acting, learning, counters } = self;
        let Acting { exploration, random_actions, copy } = acting;
        let network = match copy {
            Some(copy) => {
                copy.copy_from(&learning.online.network)?;
                &*copy
            }
            None => &*copy.insert(learning.online.network.duplicate()?),
        };
        let now = *counters;
        let Counters { agent_steps: steps, updates, .. } = counters;
        let actor = ActingHalf { exploration, random_actions, network, counters: now, steps };
        let learner = LearningHalf { learning, counters: now, updates };
        Ok(Some(Halves { actor: Box::new(actor), learner: Box::new(learner) }))
    }
}

/// Acting, with counters that nobody else looks at meanwhile.
struct ActingHalf<'a> {
    exploration: &'a mut EpsilonGreedy,
    random_actions: &'a mut Vec<Option<usize>>,
    network: &'a QNetwork,
    /// As they were when the agent was taken apart; agent steps go on.
    counters: Counters,
    steps: &'a mut u64,
}

impl<E: Element> Actor<E> for ActingHalf<'_> {
    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        check(self.network, observations, actions)?;
        // With probability epsilon a random action ...
        self.random_actions.clear();
        for _ in &*actions {
            self.random_actions.push(self.exploration.explore(&self.counters, self.network.actions()));
            self.counters.agent_steps += 1;
        }
        *self.steps = self.counters.agent_steps;
        // ... otherwise the one of the highest Q-value.
        if self.random_actions.contains(&None) {
            greedy(self.network, observations, actions)?;
        }
        for (action, random) in actions.iter_mut().zip(&*self.random_actions) {
            *action = random.unwrap_or(*action);
        }
        Ok(())
    }
}
