//! Environments and agent, together for a while: in turn, or the agent learning meanwhile.

use deepq_agents::{Actor, Agent, AgentError, Halves, UpdateReport};
use deepq_envs::{BoxedEnv, Element, EnvError, Journal, VectorEnv, VectorStep};
use thiserror::Error;

use crate::stopwatch::Stopwatch;

/// What the actions of all environments led to.
pub(super) struct Played<E> {
    pub(super) actions: Vec<usize>,
    pub(super) step: VectorStep<E>,
}

impl<E: Element> Played<E> {
    fn new(environments: usize) -> Self {
        Self { actions: vec![0; environments], step: VectorStep::new() }
    }
}

/// The time of each part of playing and learning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopwatches {
    pub(crate) acting: Stopwatch,
    pub(crate) environments: Stopwatch,
    pub(crate) storing: Stopwatch,
    /// Sampling included.
    pub(crate) learning: Stopwatch,
}

/// An agent that only acts for the moment.
struct AgentAsActor<'a, E: Element>(&'a mut dyn Agent<E>);

impl<E: Element> Actor<E> for AgentAsActor<'_, E> {
    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        self.0.act(observations, actions)
    }
}

/// The environments, and what is to be acted on next.
pub(super) struct Playground<E: Element> {
    pub(super) environments: VectorEnv<Journal<BoxedEnv<E>>>,
    /// One row an environment.
    pub(super) observations: Vec<E>,
    /// Steps that the agent has not been told yet, oldest first.
    pub(super) played: Vec<Played<E>>,
    pub(super) stopwatches: Stopwatches,
}

/// Why nothing was played.
#[derive(Debug, Error)]
#[error(transparent)]
pub(super) enum PlayError {
    Env(#[from] EnvError),
    Agent(#[from] AgentError),
}

impl<E: Element> Playground<E> {
    pub(super) fn new(environments: VectorEnv<Journal<BoxedEnv<E>>>) -> Self {
        let observations = vec![E::default(); environments.len() * environments.observation_space().len()];
        Self { environments, observations, played: Vec::new(), stopwatches: Stopwatches::default() }
    }

    /// One step of every environment.
    pub(super) fn play(&mut self, agent: &mut dyn Agent<E>) -> Result<(), PlayError> {
        self.steps(1, &mut AgentAsActor(agent))
    }

    /// `steps` steps of every environment, while the agent makes the updates that are due. Gives these, or nothing for an
    /// agent that cannot do both at once.
    ///
    /// Which observations, weights and transitions meet does not depend on who is faster.
    pub(super) fn play_and_learn(
        &mut self,
        steps: usize,
        agent: &mut dyn Agent<E>,
    ) -> Result<Option<Vec<UpdateReport>>, PlayError> {
        let Some(Halves { mut actor, mut learner }) = agent.halves()? else { return Ok(None) };
        let learning = self.stopwatches.learning.clone();
        let (played, learned) = rayon::join(
            || self.steps(steps, &mut *actor),
            || learning.time(|| std::iter::from_fn(|| learner.learn().transpose()).collect::<Result<Vec<_>, _>>()),
        );
        played?;
        Ok(Some(learned?))
    }

    fn steps(&mut self, steps: usize, actor: &mut dyn Actor<E>) -> Result<(), PlayError> {
        let n = self.environments.len();
        self.played.resize_with(steps, || Played::new(n));
        let Stopwatches { acting, environments, .. } = &self.stopwatches;
        for Played { actions, step } in &mut self.played {
            acting.time(|| actor.act(&self.observations, actions))?;
            environments.time(|| self.environments.step(actions, step))?;
            self.observations.copy_from_slice(&step.observations);
        }
        Ok(())
    }
}
