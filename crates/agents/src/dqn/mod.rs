//! DQN and its variants: a half that acts, here, and a half that learns, in [`learning`].

mod learning;
mod spec;
mod state;
mod target_update;

use deepq_core::Element;
use deepq_nets::Network;
use deepq_replay::{Batch, Replay, Transition};
pub use spec::DqnSpec;
pub use target_update::TargetUpdate;

use self::learning::{Learning, LearningHalf};
use crate::algorithm::{AgentParts, Algorithm};
use crate::rows::{Refilled, choose, outputs};
use crate::shared_settings::needed;
use crate::updates::UpdatesDue;
use crate::{
    Actor, Agent, AgentError, AgentState, Counters, EpsilonGreedy, Halves, Need, Preferences, Schedule, Setting,
    SettingError, SharedSettings, SpecError, Trained, UpdateReport, UpdateSpec, preconditions,
};

/// Deep Q-learning with experience replay ([Mnih et al. 2015](https://www.nature.com/articles/nature14236),
/// algorithm 1); by its settings also [double DQN](https://arxiv.org/abs/1509.06461), by its network
/// [dueling](https://arxiv.org/abs/1511.06581), by its replay with n-step returns.
///
/// Every random draw comes from a stream of its own, named `weights`, `exploration` and `replay` below the root seed.
/// The same settings, seed and experience give the same bits.
pub struct Dqn<E: Element> {
    acting: Acting,
    learning: Learning<E>,
    counters: Counters,
}

/// What acts beside the network.
struct Acting {
    exploration: EpsilonGreedy,
    random_actions: Vec<Option<usize>>,
    /// A copy of the online network, to act with while that one learns; made when it is needed first.
    copy: Option<Network>,
}

impl<E: Element> Dqn<E> {
    /// An agent that has seen nothing yet. The target network starts as a copy of the online network. The replay is made
    /// with the discount of `spec`.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(
        spec: &DqnSpec,
        updates: &UpdateSpec,
        exploration: &Schedule,
        replay: Replay<E>,
        parts: &AgentParts<'_>,
    ) -> Result<Self, AgentError> {
        spec.validate()?;
        updates.validate()?;
        let fits = updates.batch_size <= replay.capacity();
        SpecError::unless(fits, "batch_size", updates.batch_size, "at most the replay's capacity")?;
        let online = parts.trained()?;
        let target = match spec.target_update {
            TargetUpdate::None => None,
            _ => Some(online.network.duplicate()?),
        };
        let exploration = EpsilonGreedy::new(exploration.clone(), parts.seeds.stream("exploration"))?;
        let learning = Learning {
            spec: spec.clone(),
            updates: *updates,
            online,
            target,
            replay,
            replay_rng: parts.seeds.stream("replay"),
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
    pub fn online(&self) -> &Network {
        &self.learning.online.network
    }

    /// The network that says the targets, where there is one beside the online network.
    pub fn target(&self) -> Option<&Network> {
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

impl Algorithm for DqnSpec {
    const SUMMARY: &'static str = "deep Q-learning with a replay; double, n-step and dueling by its settings";
    const PREFERENCES: Preferences = Preferences::QValues;

    fn discount(&self) -> f64 {
        self.discount
    }

    fn needs(&self, setting: Setting) -> Need {
        match setting {
            Setting::GradientSteps | Setting::ConcurrentSteps => Need::Optional,
            _ => Need::Needed,
        }
    }

    fn check(&self, shared: &SharedSettings<'_>, _: usize) -> Result<(), SettingError> {
        self.validate().map_err(SettingError::of("agent"))?;
        shared.check_replay()?;
        shared.check_exploration()
    }

    fn build<E: Element>(
        &self,
        shared: &SharedSettings<'_>,
        replay: Option<Replay<E>>,
        parts: &AgentParts<'_>,
    ) -> Result<Box<dyn Agent<E>>, AgentError> {
        let (updates, exploration) = (shared.updates()?, shared.exploration()?);
        Ok(Box::new(Dqn::new(self, &updates, exploration, needed(replay, Setting::Replay)?, parts)?))
    }
}

impl<E: Element> Agent<E> for Dqn<E> {
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
        preconditions::transition(transition, stream, self.learning.online.network.actions(), &self.counters)?;
        let reward = self.learning.spec.clip_reward.apply(reward);
        self.learning.replay.push(stream, &Transition { action, reward, next_observation, end })?;
        self.counters.episodes += u64::from(end.is_over());
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        self.learning.learn(&mut self.counters)
    }

    fn trained(&self) -> &Trained {
        &self.learning.online
    }

    fn trained_mut(&mut self) -> &mut Trained {
        &mut self.learning.online
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
        self.acting.exploration.epsilon(&self.counters)
    }

    fn figures(&self) -> &'static [&'static str] {
        &learning::FIGURES
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

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        let Learning { online, target, .. } = &self.learning;
        let loaded = online.load_parts(weights, parts, &self.counters)?;
        if let Some(target) = target {
            target.copy_from(&online.network)?;
        }
        Ok(loaded)
    }

    fn replay(&self) -> Option<&Replay<E>> {
        Some(&self.learning.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<E>> {
        Some(&mut self.learning.replay)
    }
}

/// Acting, with counters that nobody else looks at meanwhile.
struct ActingHalf<'a> {
    exploration: &'a mut EpsilonGreedy,
    random_actions: &'a mut Vec<Option<usize>>,
    network: &'a Network,
    /// As they were when the agent was taken apart; agent steps go on.
    counters: Counters,
    steps: &'a mut u64,
}

impl<E: Element> Actor<E> for ActingHalf<'_> {
    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        preconditions::rows(self.network, observations, actions)?;
        // With probability epsilon a random action ...
        self.random_actions.clear();
        for _ in &*actions {
            self.random_actions.push(self.exploration.explore(&self.counters, self.network.actions()));
            self.counters.agent_steps += 1;
        }
        *self.steps = self.counters.agent_steps;
        // ... otherwise the one of the highest Q-value.
        if self.random_actions.contains(&None) {
            choose(&outputs(self.network, observations)?, actions);
        }
        for (action, random) in actions.iter_mut().zip(&*self.random_actions) {
            *action = random.unwrap_or(*action);
        }
        Ok(())
    }
}
