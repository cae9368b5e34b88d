//! Makes what an experiment names: environments, agents, evaluators.

mod environments;
mod memory;

use std::sync::atomic::AtomicUsize;

use deepq_agents::{Agent, AgentError, AgentParts};
use deepq_envs::{AnyEnv, BoxedEnv, Element, ElementKind, EnvOptions, Registry, Seeds};
use deepq_nets::{Device, NetError, Network};
use deepq_replay::{Replay, ReplayError, ReplaySpec};
use deepq_runs::{Document, KeyProblem, Problem, Weights};
pub use environments::Observed;
pub(crate) use environments::of_env;

use crate::RunError;
use crate::config::{Experiment, of_agent, of_net, of_setting};
use crate::evaluation::Protocol;
use crate::gameplay::Playing;
use crate::memory::Bytes;
use crate::stopwatch::{SamplingWatch, Stopwatch};
use crate::transfer::transfer;

/// What an agent is made for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    /// To train, from these weights.
    Training(Option<&'a Weights>),
    Playing,
}

/// An experiment with everything at hand that it is made of.
pub struct Assembly<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its file, to say where a wrong value stands.
    pub document: &'a Document,
    /// The environments there are.
    pub registry: &'a Registry,
    /// Where networks live.
    pub device: &'a Device,
    /// The time that its agents spend drawing batches.
    pub sampling: Stopwatch,
    /// Of the environments that are being made: how many there are, and how many there will be.
    starting: [AtomicUsize; 2],
}

impl<'a> Assembly<'a> {
    /// Everything at hand.
    pub fn new(experiment: &'a Experiment, document: &'a Document, registry: &'a Registry, device: &'a Device) -> Self {
        Self { experiment, document, registry, device, sampling: Stopwatch::default(), starting: Default::default() }
    }

    /// The root of all randomness.
    pub fn seeds(&self) -> Seeds {
        Seeds::new(self.experiment.training.seed)
    }

    /// Games in an environment of their own, played by this agent for somebody to watch.
    ///
    /// # Errors
    ///
    /// If the environment cannot be made; the message names the key.
    pub fn gameplay<'b, E: Observed>(
        &self,
        agent: &'b dyn Agent<E>,
        protocol: Protocol,
        at_step: u64,
    ) -> Result<Playing<'b, E>, RunError> {
        let section = self.experiment.evaluation_environment();
        let env = self.environment(&section, &self.experiment.evaluation.environment)?;
        Ok(Playing::new(agent, env, protocol, at_step))
    }

    /// The experiment's own protocol.
    pub fn protocol(&self) -> Protocol {
        let evaluation = &self.experiment.evaluation;
        Protocol { episodes: evaluation.episodes, epsilon: evaluation.epsilon, seeds: self.seeds() }
    }

    /// The network of the experiment's agent with fresh weights, and what its observations consist of.
    ///
    /// # Errors
    ///
    /// If the environment or the network cannot be made; the message names the key.
    pub(crate) fn fresh_network(&self) -> Result<(Network, ElementKind), RunError> {
        let env = self.any(&self.experiment.environment, &EnvOptions::new())?;
        let kind = env.kind();
        let network = match env {
            AnyEnv::Vector(env) => self.network(&env)?,
            AnyEnv::Frames(env) => self.network(&env)?,
        };
        Ok((network, kind))
    }

    fn network<E: Element>(&self, env: &BoxedEnv<E>) -> Result<Network, RunError> {
        let shape = env.observation_space().shape();
        let mut rng = self.seeds().stream("weights");
        let network = Network::new(&self.experiment.network, shape, env.action_space().n(), &mut rng, self.device);
        network.map_err(|error| self.of_agent(error.into()))
    }

    /// The agent that the experiment names, at its first step, with weights of its own: not those of `transfer.init_from`.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the message names the key.
    pub fn new_agent<E: Observed>(&self, env: &BoxedEnv<E>) -> Result<Box<dyn Agent<E>>, RunError> {
        self.agent(env, None)
    }

    /// The agent, at its first step; with parts of these weights, which `[transfer]` names, where it is a new run.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the message names the key.
    pub fn agent<E: Observed>(
        &self,
        env: &BoxedEnv<E>,
        weights: Option<&Weights>,
    ) -> Result<Box<dyn Agent<E>>, RunError> {
        self.agent_for(env, Purpose::Training(weights))
    }

    /// An agent to play with, not to train: its replay, if it has one, has room for a batch.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the message names the key.
    pub fn player<E: Observed>(&self, env: &BoxedEnv<E>) -> Result<Box<dyn Agent<E>>, RunError> {
        self.agent_for(env, Purpose::Playing)
    }

    fn agent_for<E: Observed>(&self, env: &BoxedEnv<E>, purpose: Purpose<'_>) -> Result<Box<dyn Agent<E>>, RunError> {
        let Experiment { network, optimizer, agent, training, .. } = self.experiment;
        let parts = AgentParts {
            network,
            optimizer,
            observation_shape: env.observation_space().shape(),
            actions: env.action_space().n(),
            streams: training.environments,
            seeds: &self.seeds(),
            device: self.device,
        };
        let replay = self.replay(env, purpose)?;
        let made = agent.build(&self.experiment.shared(), replay, &parts);
        let mut agent = made.map_err(|error| self.of_agent(error))?;
        if let Purpose::Training(weights) = purpose {
            transfer(&mut *agent, &self.experiment.transfer, weights, self.document)?;
        }
        Ok(agent)
    }

    /// The replay, if `[replay]` is there; to play with, one with room for a batch.
    fn replay<E: Observed>(&self, env: &BoxedEnv<E>, purpose: Purpose<'_>) -> Result<Option<Replay<E>>, RunError> {
        let Experiment { agent, replay: Some(replay), training, .. } = self.experiment else { return Ok(None) };
        let layout = self.layout(env);
        let small = ReplaySpec::uniform(training.batch_size.unwrap_or(1).saturating_add(layout.streams * 256));
        let replay = match purpose {
            Purpose::Training(_) => replay,
            Purpose::Playing => &small,
        };
        let replay = replay.build::<E>(&layout, agent.discount()).map_err(|error| self.of_replay(error))?;
        Ok(Some(replay.with_hook(SamplingWatch::new(self.sampling.clone()))))
    }

    /// Why an agent cannot be made, with the key.
    fn of_agent(&self, error: AgentError) -> RunError {
        match error {
            AgentError::Spec(error) => self.document.locate(of_agent(error)).into(),
            AgentError::Setting(error) => self.document.locate(of_setting(error)).into(),
            AgentError::Net(error @ (NetError::Spec { .. } | NetError::Value { .. })) => {
                self.document.locate(of_net(error, "network")).into()
            }
            error => error.into(),
        }
    }

    fn of_replay(&self, error: ReplayError) -> RunError {
        match error {
            ReplayError::Setting { key, value, reason } => {
                let key = format!("replay.{key}");
                self.document.locate(KeyProblem::new(&key, Problem::Other(format!("{value}: {reason}")))).into()
            }
            ReplayError::OutOfMemory { bytes } => {
                let bytes =
                    if bytes == u64::MAX { "more than can be said".to_owned() } else { Bytes(bytes).to_string() };
                let message = format!("the memory would take {bytes}; choose a smaller one");
                self.document.locate(KeyProblem::new("replay.capacity", Problem::Other(message))).into()
            }
            error => AgentError::from(error).into(),
        }
    }
}
