//! Agents and a small problem to try them on.

use std::collections::BTreeMap;

use deepq_agents::{
    Agent, AgentError, AgentParts, AgentState, ClipReward, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate,
    UpdateReport, UpdateSpec,
};
use deepq_envs::{NumpyRng, Seeds};
use deepq_nets::{Device, Head, Loss, Network, NetworkSpec, OptimizerSpec, Tensor, Torso};
use deepq_replay::{Batch, End, Layout, NStep, Replay, Transition, TransitionStore, Uniform};

/// Everything about an agent that a test may want to choose; observations are one-hot states.
pub(crate) struct Setup {
    pub(crate) spec: DqnSpec,
    pub(crate) updates: UpdateSpec,
    pub(crate) hidden: Vec<usize>,
    pub(crate) exploration: Schedule,
    pub(crate) learning_rate: f64,
    pub(crate) states: usize,
    pub(crate) actions: usize,
    pub(crate) streams: usize,
    pub(crate) capacity: usize,
    pub(crate) seed: u64,
}

impl Default for Setup {
    fn default() -> Self {
        let spec = DqnSpec {
            discount: 0.9,
            target_update: TargetUpdate::Updates(10),
            loss: Loss::Mse,
            clip_reward: ClipReward::None,
            ..DqnSpec::nature_2015()
        };
        let learning_starts = LearningStarts::Steps(16);
        let updates = UpdateSpec { batch_size: 8, learning_starts, update_every: 1, gradient_steps: 1 };
        let (states, actions, streams, capacity, seed) = (Chain::STATES, 2, 1, 500, 1);
        let exploration = epsilon(0.3);
        Self {
            spec,
            updates,
            hidden: vec![],
            exploration,
            learning_rate: 1e-2,
            states,
            actions,
            streams,
            capacity,
            seed,
        }
    }
}

impl Setup {
    pub(crate) fn agent(&self) -> Dqn<f32> {
        self.try_agent().unwrap()
    }

    pub(crate) fn try_agent(&self) -> Result<Dqn<f32>, AgentError> {
        let layout = Layout { streams: self.streams, ..Layout::single(self.states) };
        let store = TransitionStore::new(self.capacity, &layout, NStep::one(self.spec.discount)?)?;
        let torso = Torso::Mlp { hidden: self.hidden.clone() };
        let parts = AgentParts {
            network: &NetworkSpec::new(torso, Head::Single { hidden: vec![] }),
            optimizer: &OptimizerSpec::adam(self.learning_rate),
            observation_shape: &[self.states],
            actions: self.actions,
            streams: self.streams,
            seeds: &Seeds::new(self.seed),
            device: &Device::Cpu,
        };
        Dqn::new(&self.spec, &self.updates, &self.exploration, Replay::new(store, Uniform), &parts)
    }
}

/// Always the same exploration.
pub(crate) fn epsilon(value: f64) -> Schedule {
    Schedule::Constant { value }
}

/// The vector of a state.
pub(crate) fn one_hot(state: usize, states: usize) -> Vec<f32> {
    let mut observation = vec![0.0; states];
    observation[state] = 1.0;
    observation
}

/// Makes a network without hidden layers give exactly this table, `[states, actions]` row after row.
pub(crate) fn set_table(network: &Network, table: &[f32]) {
    let (states, actions) = (network.observation_shape()[0], network.actions());
    let table = Tensor::from_slice(table, (states, actions), &Device::Cpu).unwrap();
    let weight = table.t().unwrap().contiguous().unwrap();
    network.parameters().set("head.0.weight", &weight).unwrap();
    network.parameters().set("head.0.bias", &Tensor::zeros(actions, weight.dtype(), &Device::Cpu).unwrap()).unwrap();
}

/// All weights of a network, one after another, as bits.
pub(crate) fn bits(network: &Network) -> Vec<u32> {
    let values = network.parameters().iter().flat_map(|(_, t)| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
    values.map(f32::to_bits).collect()
}

/// A batch of one-hot transitions `(state, action, reward, discount, next state)`.
pub(crate) fn batch(states: usize, transitions: &[(usize, u32, f32, f32, usize)]) -> Batch<f32> {
    let mut batch = Batch::new();
    for &(state, action, reward, discount, next_state) in transitions {
        batch.observations.extend(one_hot(state, states));
        batch.actions.push(action);
        batch.rewards.push(reward);
        batch.discounts.push(discount);
        batch.next_observations.extend(one_hot(next_state, states));
        batch.weights.push(1.0);
    }
    batch
}

/// Five states in a row. Action 1 goes right, action 0 left; arriving at the right end gives 1 and terminates, and every
/// step left costs 0.1. Where an episode starts is drawn; after 20 steps it is truncated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    rng: NumpyRng,
    state: usize,
    steps: u32,
}

impl Chain {
    pub(crate) const STATES: usize = 5;

    pub(crate) fn new(seed: u64) -> Self {
        let mut chain = Self { rng: NumpyRng::new(seed), state: 0, steps: 0 };
        chain.reset();
        chain
    }

    fn reset(&mut self) {
        (self.state, self.steps) = (self.rng.index(Self::STATES - 1), 0);
    }

    pub(crate) fn observation(&self) -> Vec<f32> {
        one_hot(self.state, Self::STATES)
    }

    fn step(&mut self, action: usize) -> (f32, End) {
        self.steps += 1;
        self.state = if action == 1 { self.state + 1 } else { self.state.saturating_sub(1) };
        match self.state + 1 == Self::STATES {
            true => (1.0, End::TERMINATED),
            false => {
                (if action == 1 { 0.0 } else { -0.1 }, if self.steps == 20 { End::TRUNCATED } else { End::RUNNING })
            }
        }
    }
}

/// Tells an agent where its streams start.
pub(crate) fn begin(agent: &mut dyn Agent<f32>, chains: &[Chain]) {
    for (stream, chain) in chains.iter().enumerate() {
        agent.begin_episode(stream, &chain.observation()).unwrap();
    }
}

/// Plays so many steps in every chain, learning; the agent's episodes have begun.
pub(crate) fn play(agent: &mut dyn Agent<f32>, chains: &mut [Chain], steps: usize) -> Vec<UpdateReport> {
    let mut reports = vec![];
    for _ in 0..steps {
        let observations: Vec<f32> = chains.iter().flat_map(Chain::observation).collect();
        let mut actions = vec![0; chains.len()];
        agent.act(&observations, &mut actions).unwrap();
        for (stream, (chain, &action)) in chains.iter_mut().zip(&actions).enumerate() {
            let (reward, end) = chain.step(action);
            let next_observation = &chain.observation();
            let transition = Transition { action: action as u32, reward, next_observation, end };
            agent.observe(stream, &transition).unwrap();
            if end.is_over() {
                chain.reset();
                agent.begin_episode(stream, &chain.observation()).unwrap();
            }
        }
        // Far more than are ever due: an agent whose updates do not end fails its test.
        reports.extend(std::iter::from_fn(|| agent.learn().unwrap()).take(1_000));
    }
    reports
}

/// Everything, as bits.
#[derive(Debug, PartialEq)]
pub(crate) struct Fingerprint {
    pub(crate) document: String,
    pub(crate) tensors: BTreeMap<String, Vec<u32>>,
    pub(crate) replay: Vec<u8>,
}

pub(crate) fn fingerprint(agent: &dyn Agent<f32>) -> Fingerprint {
    let AgentState { document, tensors } = agent.state().unwrap();
    let tensors = tensors.into_iter().map(|(name, tensor)| {
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        (name, values.into_iter().map(f32::to_bits).collect())
    });
    let mut replay = vec![];
    agent.save_replay(&mut replay).unwrap();
    Fingerprint { document, tensors: tensors.collect(), replay }
}
