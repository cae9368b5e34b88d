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
use deepq_agents::{
    Agent, AgentError, AgentState, ClipGradient, Counters, Descent, Trained, UpdateReport, check_agent, preconditions,
};
use deepq_envs::{BoxedEnv, CartPole, NumpyRng, Seeds, TimeLimit};
use deepq_experiments::config::Every;
use deepq_experiments::evaluation::{Evaluator, Protocol};
use deepq_experiments::training::{Event, Plan, Training};
use deepq_nets::{Head, Loss, Network, NetworkSpec, OptimizerSpec, OptimizerState, Torso, td_loss};
use deepq_replay::{Batch, Layout, NStep, Replay, Transition, TransitionStore, Uniform};
use serde::{Deserialize, Serialize};

const DISCOUNT: f64 = 0.99;
const TEMPERATURE: f32 = 3.0;
const LEARNING_STARTS: u64 = 500;
const TARGET_COPIED_EVERY: u64 = 200;

struct SoftQ {
    online: Trained,
    target: Network,
    replay: Replay<f32>,
    batch: Batch<f32>,
    draws: Draws,
    counters: Counters,
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

impl SoftQ {
    fn new(observation_len: usize, actions: usize, seeds: &Seeds) -> Result<Self, AgentError> {
        let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
        let online = Network::new(&spec, &[observation_len], actions, &mut seeds.stream("weights"), &Device::Cpu)?;
        let store = TransitionStore::new(10_000, &Layout::single(observation_len), NStep::new(3, DISCOUNT)?)?;
        Ok(Self {
            target: online.duplicate()?,
            replay: Replay::new(store, Uniform),
            batch: Batch::new(),
            draws: Draws { acting: seeds.stream("acting"), sampling: seeds.stream("replay") },
            counters: Counters::default(),
            online: Trained::new(online, &OptimizerSpec::adam(1e-3))?,
        })
    }

    fn tensor(&self, observations: &[f32]) -> Result<Tensor, AgentError> {
        let len = self.target.observation_shape()[0];
        if observations.is_empty() || !observations.len().is_multiple_of(len) {
            let expected = format!("whole rows of {len} are needed");
            return Err(AgentError::Shape { what: "observations", actual: observations.len(), expected });
        }
        Ok(Tensor::from_slice(observations, (observations.len() / len, len), &Device::Cpu)?)
    }

    fn values(&self, network: &Network, observations: &[f32]) -> Result<Vec<f32>, AgentError> {
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
}

impl Agent<f32> for SoftQ {
    fn begin_episode(&mut self, stream: usize, observation: &[f32]) -> Result<(), AgentError> {
        Ok(self.replay.begin(stream, observation)?)
    }

    // ANCHOR: act
    fn act(&mut self, observations: &[f32], actions: &mut [usize]) -> Result<(), AgentError> {
        preconditions::rows(&self.online.network, observations, actions)?;
        let values = self.preferences(observations)?;
        for (action, values) in actions.iter_mut().zip(values.chunks_exact(self.target.actions())) {
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
        preconditions::transition(transition, stream, self.target.actions(), &self.counters)?;
        self.replay.push(stream, transition)?;
        self.counters.episodes += u64::from(transition.end.is_over());
        Ok(())
    }

    /// One update for each agent step.
    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        if self.counters.agent_steps < LEARNING_STARTS + self.counters.updates {
            return Ok(None);
        }
        let update = self.counters.updates + 1;
        let mut batch = std::mem::take(&mut self.batch);
        self.replay.sample(64, &mut self.draws.sampling, &mut batch)?;
        let next_values = self.values(&self.target, &batch.next_observations)?;
        let bootstrapped = next_values.chunks_exact(self.target.actions()).map(Self::soft_value);
        let targets: Vec<f32> = batch
            .rewards
            .iter()
            .zip(&batch.discounts)
            .zip(bootstrapped)
            .map(|((reward, discount), value)| reward + discount * value)
            .collect();

        let values = self.online.network.forward(&self.tensor(&batch.observations)?)?;
        let loss = td_loss(&values, &batch.actions, &targets, None, Loss::Huber)?;
        let (rewards, outputs) = (&batch.rewards, &loss.q_values);
        let descent = Descent { update, loss: &loss.loss, value: loss.value, rewards, outputs };
        let gradient_norm = self.online.descend(&descent, &ClipGradient::Norm(10.0))?;

        self.counters.updates = update;
        let target_copied = update.is_multiple_of(TARGET_COPIED_EVERY);
        if target_copied {
            self.target.copy_from(&self.online.network)?;
        }
        let taken = targets.iter().zip(&loss.td_errors).map(|(target, error)| target - error);
        let figures = vec![taken.sum::<f32>() / targets.len() as f32];
        self.batch = batch;
        Ok(Some(UpdateReport { update, loss: loss.value, gradient_norm, figures, target_copied }))
    }
    // ANCHOR_END: act

    fn trained(&self) -> &Trained {
        &self.online
    }

    fn trained_mut(&mut self) -> &mut Trained {
        &mut self.online
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn figures(&self) -> &'static [&'static str] {
        &["q_values"]
    }

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        let loaded = self.online.load_parts(weights, parts, &self.counters)?;
        self.target.copy_from(&self.online.network)?;
        Ok(loaded)
    }

    fn replay(&self) -> Option<&Replay<f32>> {
        Some(&self.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<f32>> {
        Some(&mut self.replay)
    }

    // ANCHOR: state
    fn state(&self) -> Result<AgentState, AgentError> {
        let OptimizerState { step: optimizer_steps, tensors: moments } = self.online.optimizer.state()?;
        let document = Document { counters: self.counters, draws: self.draws.clone(), optimizer_steps };
        let document = serde_json::to_string(&document).map_err(|error| AgentError::State(error.to_string()))?;
        let mut state = AgentState { document, tensors: Default::default() };
        for (prefix, network) in [("online", &self.online.network), ("target", &self.target)] {
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
        for (prefix, network) in [("online", &self.online.network), ("target", &self.target)] {
            for (name, tensor) in network.parameters().iter() {
                let saved = state.tensors.get(&format!("{prefix}.{name}"));
                let fits = saved.filter(|saved| saved.dims() == tensor.dims());
                weights.push((network, name, fits.ok_or_else(|| refuse(format!("no {prefix}.{name}")))?));
            }
        }
        let moment =
            |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix("optimizer.")?.to_owned(), tensor.clone()));
        let tensors = state.tensors.iter().filter_map(moment).collect();
        self.online.optimizer.restore(&OptimizerState { step: document.optimizer_steps, tensors })?;
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
    // ANCHOR: check
    check_agent::<f32>(1, |seeds| Ok(Box::new(SoftQ::new(4, 2, seeds)?)))?;
    println!("The agent keeps what every agent promises.");
    // ANCHOR_END: check

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
    Ok(())
}
