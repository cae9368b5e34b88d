//! An agent of your own, in the training loop that experiments use.
//!
//! ```text
//! cargo run --package deepq-experiments --example own_agent
//! ```
//!
//! Soft Q-learning (Haarnoja et al. 2017, "Reinforcement Learning with Deep Energy-Based Policies") with discrete actions and
//! 3-step targets: the agent draws its actions from `softmax(Q / temperature)`, and a state is worth `temperature * log(sum(exp(Q /
//! temperature)))`. Replay, network, optimizer and loss are the library's; the rest is here. What implements [`Agent`] whole,
//! [`Agent::state`] and [`Agent::restore`] included, can be digested, saved and resumed like any other.

use std::error::Error;

use candle_core::{Device, Tensor};
use deepq_agents::targets::argmax;
use deepq_agents::{Agent, AgentError, AgentState, Counters, UpdateReport};
use deepq_envs::{BoxedEnv, CartPole, NumpyRng, Seeds, TimeLimit};
use deepq_experiments::config::Every;
use deepq_experiments::evaluation::{Evaluator, Protocol};
use deepq_experiments::training::{Event, Plan, Training};
use deepq_nets::{
    Gradients, Head, Loss, NetworkSpec, Optimizer, OptimizerSpec, OptimizerState, Parameters, QNetwork, Torso, td_loss,
};
use deepq_replay::{Batch, Layout, NStep, Replay, Transition, TransitionStore, Uniform};
use serde::{Deserialize, Serialize};

const DISCOUNT: f64 = 0.99;
const TEMPERATURE: f32 = 3.0;
const LEARNING_STARTS: u64 = 500;
const TARGET_COPIED_EVERY: u64 = 200;

struct SoftQ {
    online: QNetwork,
    target: QNetwork,
    optimizer: Optimizer,
    replay: Replay<f32>,
    batch: Batch<f32>,
    draws: Draws,
    counters: Counters,
    gradients: Option<Gradients>,
}

/// Each purpose has a stream of randomness of its own.
#[derive(Clone, Serialize, Deserialize)]
struct Draws {
    acting: NumpyRng,
    sampling: NumpyRng,
}

/// What a saved state holds beside weights.
#[derive(Serialize, Deserialize)]
struct Document {
    counters: Counters,
    draws: Draws,
    optimizer_steps: u64,
}

fn optimizer() -> OptimizerSpec {
    OptimizerSpec::adam(1e-3)
}

impl SoftQ {
    fn new(observation_len: usize, actions: usize, seeds: &Seeds) -> Result<Self, AgentError> {
        let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
        let online = QNetwork::new(&spec, &[observation_len], actions, &mut seeds.stream("weights"), &Device::Cpu)?;
        let store = TransitionStore::new(10_000, &Layout::single(observation_len), NStep::new(3, DISCOUNT)?)?;
        Ok(Self {
            target: online.duplicate()?,
            optimizer: Optimizer::new(&optimizer(), online.parameters())?,
            replay: Replay::new(store, Uniform),
            batch: Batch::new(),
            draws: Draws { acting: seeds.stream("acting"), sampling: seeds.stream("replay") },
            counters: Counters::default(),
            gradients: None,
            online,
        })
    }

    fn tensor(&self, observations: &[f32]) -> Result<Tensor, AgentError> {
        let len = self.online.observation_shape()[0];
        if observations.is_empty() || !observations.len().is_multiple_of(len) {
            let expected = format!("whole rows of {len} are needed");
            return Err(AgentError::Shape { what: "observations", actual: observations.len(), expected });
        }
        Ok(Tensor::from_slice(observations, (observations.len() / len, len), &Device::Cpu)?)
    }

    fn values(&self, network: &QNetwork, observations: &[f32]) -> Result<Vec<f32>, AgentError> {
        Ok(network.values(&self.tensor(observations)?)?.flatten_all()?.to_vec1()?)
    }

    // ANCHOR: soft
    /// `exp((Q - max Q) / temperature)`: the actions' probabilities, but for their sum.
    fn energies(values: &[f32]) -> impl Iterator<Item = f64> {
        let largest = values[argmax(values)];
        values.iter().map(move |value| f64::from((value - largest) / TEMPERATURE).exp())
    }

    /// What a state is worth: `temperature * log(sum(exp(Q / temperature)))`.
    fn soft_value(values: &[f32]) -> f32 {
        values[argmax(values)] + TEMPERATURE * Self::energies(values).sum::<f64>().ln() as f32
    }
    // ANCHOR_END: soft

    fn not_started(&self) -> Result<(), AgentError> {
        let updates = self.counters.updates;
        if updates == 0 { Ok(()) } else { Err(AgentError::Started { updates }) }
    }
}

impl Agent<f32> for SoftQ {
    fn begin_episode(&mut self, stream: usize, observation: &[f32]) -> Result<(), AgentError> {
        Ok(self.replay.begin(stream, observation)?)
    }

    // ANCHOR: act
    fn act(&mut self, observations: &[f32], actions: &mut [usize]) -> Result<(), AgentError> {
        let values = self.q_values(observations)?;
        for (action, values) in actions.iter_mut().zip(values.chunks_exact(self.online.actions())) {
            let mut left = self.draws.acting.random() * Self::energies(values).sum::<f64>();
            let drawn = Self::energies(values).position(|energy| {
                left -= energy;
                left < 0.0
            });
            *action = drawn.unwrap_or(values.len() - 1);
            self.counters.agent_steps += 1;
        }
        Ok(())
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, f32>) -> Result<(), AgentError> {
        self.replay.push(stream, transition)?;
        self.counters.episodes += u64::from(transition.end.is_over());
        Ok(())
    }

    /// One update for each agent step.
    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        if self.counters.agent_steps < LEARNING_STARTS + self.counters.updates {
            return Ok(None);
        }
        let mut batch = std::mem::take(&mut self.batch);
        self.replay.sample(64, &mut self.draws.sampling, &mut batch)?;
        let next_values = self.values(&self.target, &batch.next_observations)?;
        let bootstrapped = next_values.chunks_exact(self.online.actions()).map(Self::soft_value);
        let targets: Vec<f32> = batch
            .rewards
            .iter()
            .zip(&batch.discounts)
            .zip(bootstrapped)
            .map(|((reward, discount), value)| reward + discount * value)
            .collect();

        let values = self.online.forward(&self.tensor(&batch.observations)?)?;
        let loss = td_loss(&values, &batch.actions, &targets, None, Loss::Huber)?;
        let mut gradients = self.online.backward(&loss.loss)?;
        let gradient_norm = gradients.clip_norm(10.0)? as f32;
        self.optimizer.step(self.online.parameters(), &gradients)?;

        self.counters.updates += 1;
        let update = self.counters.updates;
        let target_copied = update.is_multiple_of(TARGET_COPIED_EVERY);
        if target_copied {
            self.target.copy_from(&self.online)?;
        }
        self.gradients = Some(gradients);
        let taken = targets.iter().zip(&loss.td_errors).map(|(target, error)| target - error);
        let mean_q = taken.sum::<f32>() / targets.len() as f32;
        self.batch = batch;
        Ok(Some(UpdateReport { update, loss: loss.value, mean_q, gradient_norm, target_copied }))
    }
    // ANCHOR_END: act

    fn greedy(&self, observations: &[f32], actions: &mut [usize]) -> Result<(), AgentError> {
        let values = self.q_values(observations)?;
        for (action, values) in actions.iter_mut().zip(values.chunks_exact(self.online.actions())) {
            *action = argmax(values);
        }
        Ok(())
    }

    fn q_values(&self, observations: &[f32]) -> Result<Vec<f32>, AgentError> {
        self.values(&self.online, observations)
    }

    /// 0: there are no random actions beside the policy's own.
    fn exploration(&self) -> f64 {
        0.0
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

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.not_started()?;
        let loaded = self.online.parameters().load_parts(weights, parts)?;
        self.target.copy_from(&self.online)?;
        Ok(loaded)
    }

    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.not_started()?;
        let frozen = self.online.parameters().freeze(parts)?;
        self.optimizer = Optimizer::new(&optimizer(), self.online.parameters())?;
        Ok(frozen)
    }

    fn replay(&self) -> Option<&Replay<f32>> {
        Some(&self.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<f32>> {
        Some(&mut self.replay)
    }

    // ANCHOR: state
    fn state(&self) -> Result<AgentState, AgentError> {
        let OptimizerState { step: optimizer_steps, tensors: moments } = self.optimizer.state()?;
        let document = Document { counters: self.counters, draws: self.draws.clone(), optimizer_steps };
        let document = serde_json::to_string(&document).map_err(|error| AgentError::State(error.to_string()))?;
        let mut state = AgentState { document, tensors: Default::default() };
        for (prefix, network) in [("online", &self.online), ("target", &self.target)] {
            for (name, tensor) in network.parameters().iter() {
                // A copy, because updates change variables in place.
                state.tensors.insert(format!("{prefix}.{name}"), tensor.detach().copy()?);
            }
        }
        state.tensors.extend(moments.into_iter().map(|(name, tensor)| (format!("optimizer.{name}"), tensor)));
        Ok(state)
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        let refuse = |reason: String| AgentError::State(reason);
        let document: Document = serde_json::from_str(&state.document).map_err(|error| refuse(error.to_string()))?;
        // Everything is looked at before anything is changed.
        let mut weights = Vec::new();
        for (prefix, network) in [("online", &self.online), ("target", &self.target)] {
            for (name, tensor) in network.parameters().iter() {
                let saved = state.tensors.get(&format!("{prefix}.{name}"));
                let fits = saved.filter(|saved| saved.dims() == tensor.dims());
                weights.push((network, name, fits.ok_or_else(|| refuse(format!("no {prefix}.{name}")))?));
            }
        }
        let moment =
            |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix("optimizer.")?.to_owned(), tensor.clone()));
        let tensors = state.tensors.iter().filter_map(moment).collect();
        self.optimizer.restore(&OptimizerState { step: document.optimizer_steps, tensors })?;
        for (network, name, saved) in weights {
            network.parameters().set(name, saved)?;
        }
        self.counters = document.counters;
        self.draws = document.draws;
        Ok(())
    }
    // ANCHOR_END: state
}

fn environments(n: usize) -> Vec<BoxedEnv<f32>> {
    (0..n).map(|_| Box::new(TimeLimit::new(CartPole::new(), 500)) as BoxedEnv<f32>).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: train
    let seeds = Seeds::new(1);
    let plan = Plan {
        steps: 10_000,
        concurrent_steps: 0,
        episodes: None,
        log_every: 0,
        histograms_every: 0,
        evaluate_every: Every::Steps(2_000),
        checkpoint_every: 0,
        stop_at: Some(400.0),
    };
    let agent = SoftQ::new(4, 2, &seeds)?;
    let mut evaluator = Evaluator::new(environments(10), Protocol { episodes: 10, epsilon: 0.0, seeds });
    let mut training = Training::new(plan, environments(1), Box::new(agent), &seeds)?;
    while let Some(event) = training.next() {
        match event? {
            Event::EvaluationDue => {
                let at_step = training.view().counters.agent_steps;
                let evaluation = evaluator.evaluate(training.agent(), at_step, &|| false)?;
                println!("step {at_step}: mean return {:.1}", evaluation.mean());
                training.evaluated(evaluation);
            }
            Event::Finished(_) => println!("digest {}", training.digest()?),
            _ => {}
        }
    }
    // ANCHOR_END: train
    let best = training.best_evaluation().ok_or("it was never evaluated")?.mean();
    if best < 200.0 {
        return Err(format!("it has not learned: {best:.0} at best").into());
    }

    // Another agent in the state of this one thinks the same.
    let mut other = SoftQ::new(4, 2, &Seeds::new(2))?;
    other.restore(&training.agent().state()?)?;
    let observation = [0.01, -0.02, 0.03, 0.04];
    if other.q_values(&observation)? != training.agent().q_values(&observation)? {
        return Err("the state was not taken over".into());
    }
    Ok(())
}
