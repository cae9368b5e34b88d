//! A network of your own, in Candle, with the environments, the replay and the loss of this library.
//!
//! ```text
//! cargo run --package deepq-agents --example own_network
//! ```
//!
//! `deepq_nets::Network` is what an experiment's `[network]` can name, with kernels made for that: a closed set. Any other
//! network is a module of your own over Candle's tensors, and this is the whole of a double DQN around one. The network here
//! learns Fourier features of the observation: sines of a learned linear map, then one dense layer.

use std::error::Error;

use candle_core::{Device, Tensor, Var};
use deepq_agents::targets::{argmax, double_q_learning};
use deepq_envs::{CartPole, Env, NumpyRng, Reset, Seeds, Status, TimeLimit};
use deepq_nets::{Loss, td_loss};
use deepq_replay::{Batch, Layout, ReplaySpec, Transition};

const FEATURES: usize = 32;
const ACTIONS: usize = 2;
const DISCOUNT: f32 = 0.99;
const STEPS: u32 = 3_000;

// ANCHOR: network
/// `values = W2 sin(W1 observation + b1) + b2`.
struct Fourier {
    parameters: [Var; 4],
}

impl Fourier {
    /// Draws the weights from the caller's generator.
    fn new(inputs: usize, rng: &mut NumpyRng) -> candle_core::Result<Self> {
        let mut normal = |rows: usize, columns: usize, deviation: f64| {
            let draws: Vec<f32> = (0..rows * columns).map(|_| (deviation * rng.standard_normal()) as f32).collect();
            Var::from_tensor(&Tensor::from_vec(draws, (rows, columns), &Device::Cpu)?)
        };
        let first = [normal(inputs, FEATURES, 1.0)?, normal(1, FEATURES, 1.0)?];
        let second = [normal(FEATURES, ACTIONS, 0.01)?, normal(1, ACTIONS, 0.0)?];
        let ([w1, b1], [w2, b2]) = (first, second);
        Ok(Self { parameters: [w1, b1, w2, b2] })
    }

    /// Action values `[rows, actions]` of observations, row after row.
    fn forward(&self, observations: &[f32]) -> candle_core::Result<Tensor> {
        let [w1, b1, w2, b2] = &self.parameters;
        let inputs = w1.dims()[0];
        let observations = Tensor::from_slice(observations, (observations.len() / inputs, inputs), &Device::Cpu)?;
        observations.matmul(w1)?.broadcast_add(b1)?.sin()?.matmul(w2)?.broadcast_add(b2)
    }

    /// The same numbers, in a slice.
    fn values(&self, observations: &[f32]) -> candle_core::Result<Vec<f32>> {
        self.forward(observations)?.flatten_all()?.to_vec1()
    }
}
// ANCHOR_END: network

/// Adam, in Candle's own operations, for any variables.
struct Adam {
    moments: Vec<(Tensor, Tensor)>,
    step: i32,
}

impl Adam {
    const LEARNING_RATE: f64 = 1e-3;

    fn new(parameters: &[Var]) -> candle_core::Result<Self> {
        let zeros = |var: &Var| Ok((var.zeros_like()?, var.zeros_like()?));
        Ok(Self { moments: parameters.iter().map(zeros).collect::<candle_core::Result<_>>()?, step: 0 })
    }

    fn descend(&mut self, parameters: &[Var], loss: &Tensor) -> candle_core::Result<()> {
        let gradients = loss.backward()?;
        self.step += 1;
        let (first, second) = (1.0 - 0.9f64.powi(self.step), 1.0 - 0.999f64.powi(self.step));
        for (parameter, (mean, square)) in parameters.iter().zip(&mut self.moments) {
            let Some(gradient) = gradients.get(parameter) else { continue };
            *mean = ((&*mean * 0.9)? + (gradient * 0.1)?)?;
            *square = ((&*square * 0.999)? + (gradient.sqr()? * 0.001)?)?;
            let scale = ((&*square / second)?.sqrt()? + 1e-8)?;
            parameter.set(&(parameter.as_tensor() - (((&*mean / first)? / scale)? * Self::LEARNING_RATE)?)?)?;
        }
        Ok(())
    }
}

fn greedy(network: &Fourier, observation: &[f32]) -> candle_core::Result<usize> {
    Ok(argmax(&network.values(observation)?))
}

/// The mean return of 5 greedy episodes, in an environment seeded apart from training.
fn evaluate(network: &Fourier, seeds: &Seeds) -> Result<f64, Box<dyn Error>> {
    let mut env = TimeLimit::new(CartPole::new(), 500);
    let (mut observation, mut total) = ([0.0; 4], 0.0);
    for episode in 0..5 {
        env.reset(&Reset::seeded(seeds.seed(&format!("evaluation/{episode}"))), &mut observation)?;
        while let Status::Running = {
            let step = env.step(greedy(network, &observation)?, &mut observation)?;
            total += step.reward;
            step.status
        } {}
    }
    Ok(total / 5.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Seeds::new(1);
    let (mut exploration, mut sampling) = (seeds.stream("exploration"), seeds.stream("replay"));
    let online = Fourier::new(4, &mut seeds.stream("weights"))?;
    let target = Fourier::new(4, &mut seeds.stream("weights"))?;
    let mut adam = Adam::new(&online.parameters)?;
    let mut replay = ReplaySpec::uniform(10_000).build::<f32>(&Layout::single(4), f64::from(DISCOUNT))?;
    let mut batch = Batch::new();
    let before = evaluate(&online, &seeds)?;

    let mut env = TimeLimit::new(CartPole::new(), 500);
    let (mut observation, mut next_observation) = ([0.0; 4], [0.0; 4]);
    env.reset(&Reset::seeded(seeds.seed("train/env/0")), &mut observation)?;
    replay.begin(0, &observation)?;
    let mut best = before;
    for agent_step in 1..=STEPS {
        // Act, see what it led to, store it.
        let epsilon = (1.0 - f64::from(agent_step) / 2_000.0).max(0.05);
        let action = match exploration.random() < epsilon {
            true => exploration.index(ACTIONS),
            false => greedy(&online, &observation)?,
        };
        let step = env.step(action, &mut next_observation)?;
        let end = step.end();
        let reward = step.reward as f32;
        replay.push(0, &Transition { action: action as u32, reward, next_observation: &next_observation, end })?;
        observation = next_observation;
        if end.is_over() {
            env.reset(&Reset::default(), &mut observation)?;
            replay.begin(0, &observation)?;
        }
        if agent_step < 500 {
            continue;
        }

        // ANCHOR: update
        // Sample, target, loss, update.
        replay.sample(32, &mut sampling, &mut batch)?;
        let next_values = target.values(&batch.next_observations)?;
        let selector = online.values(&batch.next_observations)?;
        let targets = double_q_learning(&batch.rewards, &batch.discounts, &next_values, &selector)?;
        let values = online.forward(&batch.observations)?;
        let loss = td_loss(&values, &batch.actions, &targets, None, Loss::Huber)?;
        adam.descend(&online.parameters, &loss.loss)?;
        // ANCHOR_END: update
        if agent_step % 100 == 0 {
            for (to, from) in target.parameters.iter().zip(&online.parameters) {
                to.set(&from.copy()?)?;
            }
        }
        if agent_step % 1_000 == 0 {
            let mean = evaluate(&online, &seeds)?;
            best = best.max(mean);
            println!("step {agent_step}: mean return {mean:.0}");
        }
    }
    if best < 3.0 * before {
        return Err(format!("it has not learned: {before:.0} before, {best:.0} at best").into());
    }
    Ok(())
}
