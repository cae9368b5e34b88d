//! Makes what an experiment names: environments, agents, evaluators.

use std::sync::atomic::{AtomicUsize, Ordering};

use deepq_agents::{Agent, AgentError, Dqn, DqnParts, Pqn, PqnParts, Reinforce, ReinforceParts};
use deepq_envs::{AnyEnv, BoxedEnv, Element, ElementKind, EnvError, EnvOptions, OptionValue, Registry, Seeds};
use deepq_nets::{Device, NetError, QNetwork};
use deepq_replay::{Layout, ReplayError, ReplaySpec};
use deepq_runs::{Document, KeyProblem, Problem, Weights};
use rayon::prelude::*;

use crate::RunError;
use crate::config::{AgentSection, Algorithm, EnvironmentSection, Experiment, of_agent, of_net};
use crate::evaluation::{Evaluator, Protocol};
use crate::gameplay::{Playing, ValueKind};
use crate::memory::{Bytes, MemoryPlan};
use crate::stopwatch::{SamplingWatch, Stopwatch};
use crate::transfer::transfer;

/// An element type whose environments the registry can give.
pub trait Observed: Element {
    /// The environment, if its observations are of this type.
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>>;
}

impl Observed for f32 {
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>> {
        env.into_vector()
    }
}

impl Observed for u8 {
    fn env(env: AnyEnv) -> Option<BoxedEnv<Self>> {
        env.into_frames()
    }
}

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

    /// What the observations are made of.
    ///
    /// # Errors
    ///
    /// If the environment cannot be made.
    pub fn element(&self) -> Result<ElementKind, RunError> {
        Ok(self.any(&self.experiment.environment, &EnvOptions::new())?.kind())
    }

    fn any(&self, section: &EnvironmentSection, evaluation: &EnvOptions) -> Result<AnyEnv, RunError> {
        self.located(self.registry.make(&section.id, &section.options), evaluation)
    }

    /// What was made, or where it stands why it was not.
    fn located(&self, made: Result<AnyEnv, EnvError>, evaluation: &EnvOptions) -> Result<AnyEnv, RunError> {
        made.map_err(|error| of_env(error, self.document, evaluation))
    }

    fn environments<E: Observed>(
        &self,
        n: usize,
        section: &EnvironmentSection,
        evaluation: &EnvOptions,
    ) -> Result<Vec<BoxedEnv<E>>, RunError> {
        let [started, all] = &self.starting;
        started.store(0, Ordering::Relaxed);
        all.store(n, Ordering::Relaxed);
        let make = |_| {
            let made = self.registry.make(&section.id, &section.options);
            started.fetch_add(1, Ordering::Relaxed);
            made
        };
        // On threads, because some take long to start.
        let made: Vec<_> = (0..n).into_par_iter().map(make).collect();
        made.into_iter().map(|env| self.of_type(section, self.located(env, evaluation)?)).collect()
    }

    /// Of the environments that are being made: how many there are, and how many there will be.
    pub(crate) fn started(&self) -> (usize, usize) {
        let [started, all] = &self.starting;
        (started.load(Ordering::Relaxed), all.load(Ordering::Relaxed))
    }

    fn environment<E: Observed>(
        &self,
        section: &EnvironmentSection,
        evaluation: &EnvOptions,
    ) -> Result<BoxedEnv<E>, RunError> {
        self.of_type(section, self.any(section, evaluation)?)
    }

    fn of_type<E: Observed>(&self, section: &EnvironmentSection, env: AnyEnv) -> Result<BoxedEnv<E>, RunError> {
        E::env(env).ok_or_else(|| {
            let message = format!("the observations of {} are not of the training environment's type", section.id);
            self.document.locate(KeyProblem::new("evaluation.environment", Problem::Other(message))).into()
        })
    }

    /// The environments to train in.
    ///
    /// # Errors
    ///
    /// If they cannot be made; the message names the key.
    pub fn training_environments<E: Observed>(&self) -> Result<Vec<BoxedEnv<E>>, RunError> {
        let Experiment { environment, training, .. } = self.experiment;
        self.environments(training.environments, environment, &EnvOptions::new())
    }

    /// One of them alone, for what only depends on what they are like.
    ///
    /// # Errors
    ///
    /// If it cannot be made; the message names the key.
    pub fn training_environment<E: Observed>(&self) -> Result<BoxedEnv<E>, RunError> {
        self.environment(&self.experiment.environment, &EnvOptions::new())
    }

    /// An evaluation by the experiment's protocol; `protocol` may change the number of episodes and the seeds.
    ///
    /// # Errors
    ///
    /// If the environments cannot be made; the message names the key.
    pub fn evaluator<E: Observed>(&self, protocol: Protocol) -> Result<Evaluator<E>, RunError> {
        let section = self.experiment.evaluation_environment();
        let n = self.experiment.evaluation.environments.min(protocol.episodes);
        let envs = self.environments(n, &section, &self.experiment.evaluation.environment)?;
        Ok(Evaluator::new(envs, protocol))
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
        let values = match self.experiment.agent {
            AgentSection::Dqn { .. } | AgentSection::Pqn(_) => ValueKind::QValues,
            AgentSection::Reinforce(_) => ValueKind::Logits,
        };
        Ok(Playing::new(agent, env, protocol, at_step, values))
    }

    /// The experiment's own protocol.
    pub fn protocol(&self) -> Protocol {
        let evaluation = &self.experiment.evaluation;
        Protocol { episodes: evaluation.episodes, epsilon: evaluation.epsilon, seeds: self.seeds() }
    }

    /// What the replay is made for.
    fn layout<E: Element>(&self, env: &BoxedEnv<E>) -> Layout {
        let Experiment { environment, training, .. } = self.experiment;
        let space = env.observation_space();
        let stack = match environment.options.get("frame_stack") {
            Some(OptionValue::Integer(frames)) => usize::try_from(*frames).unwrap_or(1).max(1),
            // A preset of preprocessing stacks frames unasked, in the first dimension.
            _ if environment.options.get("protocol").is_some() && space.shape().len() == 3 => space.shape()[0],
            _ => 1,
        };
        Layout { observation_len: space.len(), stack, streams: training.environments }
    }

    /// What a run will hold in memory, before it is allocated.
    ///
    /// # Errors
    ///
    /// If the replay or the network is impossible; the message names the key.
    pub fn memory<E: Observed>(&self, env: &BoxedEnv<E>) -> Result<MemoryPlan, RunError> {
        let (replay, replay_at_worst) = match self.algorithm()? {
            Algorithm::Dqn { replay, .. } => {
                let layout = self.layout(env);
                let bytes = (replay.expected_bytes::<E>(&layout), replay.planned_bytes::<E>(&layout));
                (bytes.0.map_err(|error| self.of_replay(error))?, bytes.1.map_err(|error| self.of_replay(error))?)
            }
            Algorithm::Reinforce { .. } => (0, 0),
            // Its rollout.
            Algorithm::Pqn { spec, .. } => {
                let rows = spec.rollout_steps * self.experiment.training.environments;
                let bytes = (rows * env.observation_space().len() * size_of::<E>()) as u64;
                (bytes, bytes)
            }
        };
        let network = self.network(env)?;
        // Online and target weights, gradients, two moments.
        const COPIES: u64 = 5;
        Ok(MemoryPlan { runs: 1, replay, replay_at_worst, networks: network.parameters().count() as u64 * 4 * COPIES })
    }

    /// The network of the experiment's agent with fresh weights, and what its observations consist of.
    ///
    /// # Errors
    ///
    /// If the environment or the network cannot be made; the message names the key.
    pub(crate) fn fresh_network(&self) -> Result<(QNetwork, ElementKind), RunError> {
        let env = self.any(&self.experiment.environment, &EnvOptions::new())?;
        let kind = env.kind();
        let network = match env {
            AnyEnv::Vector(env) => self.network(&env)?,
            AnyEnv::Frames(env) => self.network(&env)?,
        };
        Ok((network, kind))
    }

    fn network<E: Element>(&self, env: &BoxedEnv<E>) -> Result<QNetwork, RunError> {
        let shape = env.observation_space().shape();
        let mut rng = self.seeds().stream("weights");
        let network = QNetwork::new(&self.experiment.network, shape, env.action_space().n(), &mut rng, self.device);
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

    fn algorithm(&self) -> Result<Algorithm<'_>, RunError> {
        self.experiment.algorithm().map_err(|problem| self.document.locate(problem).into())
    }

    fn agent_for<E: Observed>(&self, env: &BoxedEnv<E>, purpose: Purpose<'_>) -> Result<Box<dyn Agent<E>>, RunError> {
        let Experiment { network, optimizer, .. } = self.experiment;
        let (observation_shape, actions) = (env.observation_space().shape(), env.action_space().n());
        let layout = self.layout(env);
        let (seeds, device) = (&self.seeds(), self.device);
        match self.algorithm()? {
            Algorithm::Dqn { spec, exploration, replay } => {
                let replay = match purpose {
                    Purpose::Training(_) => replay,
                    Purpose::Playing => &ReplaySpec::uniform(spec.batch_size.saturating_add(layout.streams * 256)),
                };
                let replay = replay.build::<E>(&layout, spec.discount).map_err(|error| self.of_replay(error))?;
                let replay = replay.with_hook(SamplingWatch::new(self.sampling.clone()));
                let spec = &spec;
                let agent = Dqn::new(DqnParts {
                    spec,
                    exploration,
                    network,
                    optimizer,
                    replay,
                    observation_shape,
                    actions,
                    seeds,
                    device,
                });
                self.ready(agent, purpose)
            }
            Algorithm::Reinforce { spec } => {
                let streams = layout.streams;
                let parts =
                    ReinforceParts { spec, network, optimizer, observation_shape, actions, streams, seeds, device };
                self.ready(Reinforce::new(&parts), purpose)
            }
            Algorithm::Pqn { spec, exploration } => {
                let parts = PqnParts {
                    spec,
                    exploration,
                    network,
                    optimizer,
                    observation_shape,
                    actions,
                    streams: layout.streams,
                    seeds,
                    device,
                };
                self.ready(Pqn::new(&parts), purpose)
            }
        }
    }

    /// An agent after what `[transfer]` says.
    fn ready<E: Element, A: Agent<E> + 'static>(
        &self,
        agent: Result<A, AgentError>,
        purpose: Purpose<'_>,
    ) -> Result<Box<dyn Agent<E>>, RunError> {
        let mut agent = agent.map_err(|error| self.of_agent(error))?;
        if let Purpose::Training(weights) = purpose {
            transfer(&mut agent, &self.experiment.transfer, weights, self.document)?;
        }
        Ok(Box::new(agent))
    }

    /// Why an agent cannot be made, with the key.
    fn of_agent(&self, error: AgentError) -> RunError {
        match error {
            AgentError::Spec(error) => self.document.locate(of_agent(error)).into(),
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

/// Why an environment cannot be made, with the key. Options that `[evaluation.environment]` gives are sought there.
pub(crate) fn of_env(error: EnvError, document: &Document, evaluation: &EnvOptions) -> RunError {
    match key_of_env(error, evaluation) {
        Ok(problem) => document.locate(problem).into(),
        Err(error) => error.into(),
    }
}

/// The key that an environment complains about.
fn key_of_env(error: EnvError, evaluation: &EnvOptions) -> Result<KeyProblem, EnvError> {
    let key = |option: &str| match evaluation.get(option) {
        Some(_) => format!("evaluation.environment.{option}"),
        None => format!("environment.{option}"),
    };
    match error {
        EnvError::UnknownId { .. } => Ok(KeyProblem::new("environment.id", Problem::Other(error.to_string()))),
        EnvError::UnknownOption { option, known, .. } => {
            let known = known.split(", ").map(str::to_owned).chain(["id".to_owned()]).collect();
            Ok(KeyProblem::new(&key(&option), Problem::Unknown { known }))
        }
        EnvError::InvalidOption { option, value, reason, .. } => {
            let allowed = reason.strip_prefix("it is ").unwrap_or(&reason).to_owned();
            Ok(KeyProblem::invalid(&key(&option), value, allowed))
        }
        error => Err(error),
    }
}
