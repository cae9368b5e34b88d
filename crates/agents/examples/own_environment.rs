//! An environment of your own, checked, and an agent that learns it: with the crates' public API alone.
//!
//! ```text
//! cargo run --package deepq-agents --example own_environment
//! ```
//!
//! The task: a room's thermostat. The weather outside drifts, the room follows it, and the agent heats, cools or does
//! nothing. It earns nothing while the room is comfortable and pays for discomfort and for energy.

use std::error::Error;

use deepq_agents::{Agent, Clock, Dqn, DqnParts, DqnSpec, LearningStarts, Schedule, TargetUpdate};
use deepq_envs::preconditions::{self, Phase};
use deepq_envs::{
    Discrete, Env, EnvError, NumpyRng, ObservationSpace, Reset, Seeds, Status, Step, TimeLimit, check_env,
};
use deepq_nets::{Device, Head, Loss, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{End, Layout, ReplaySpec, Transition};
use image::{Rgb, RgbImage};

/// The temperature that people want, in degrees Celsius.
const COMFORTABLE: f64 = 20.0;
/// How cold and how hot it gets outside.
const WEATHER: (f64, f64) = (-10.0, 40.0);
/// Degrees that the heater or the cooler moves the room by in a step.
const POWER: f64 = 4.0;
/// The share of the difference between inside and outside that passes through the walls in a step.
const LEAK: f64 = 0.1;
/// Agent steps of an episode.
const STEPS: u32 = 60;

/// A room with a thermostat. Observation: inside and outside temperature as `(t - 20) / 30`. Actions: wait, heat, cool.
struct Thermostat {
    observation_space: ObservationSpace<f32>,
    action_space: Discrete,
    rng: NumpyRng,
    inside: f64,
    outside: f64,
    phase: Phase,
}

impl Thermostat {
    fn new() -> Self {
        Self {
            observation_space: ObservationSpace::vector(&[-2.0, -2.0], &[2.0, 2.0]),
            action_space: Discrete::named(["wait", "heat", "cool"]),
            rng: NumpyRng::new(0),
            inside: COMFORTABLE,
            outside: COMFORTABLE,
            phase: Phase::default(),
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        let scaled = [self.inside, self.outside].map(|celsius| ((celsius - COMFORTABLE) / 30.0) as f32);
        observation.copy_from_slice(&scaled);
    }
}

impl Env for Thermostat {
    type Element = f32;

    fn id(&self) -> &str {
        "Thermostat"
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.observation_space
    }

    fn action_space(&self) -> &Discrete {
        &self.action_space
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.outside = self.rng.uniform(WEATHER.0, WEATHER.1);
        self.inside = self.rng.uniform(COMFORTABLE - 10.0, COMFORTABLE + 10.0);
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let drift = self.rng.uniform(-1.0, 1.0);
        self.outside = (self.outside + drift).clamp(WEATHER.0, WEATHER.1);
        self.inside += LEAK * (self.outside - self.inside) + [0.0, POWER, -POWER][action];
        self.inside = self.inside.clamp(WEATHER.0 - 10.0, WEATHER.1 + 10.0);
        let discomfort = (self.inside - COMFORTABLE).abs() / 10.0;
        let energy = if action == 0 { 0.0 } else { 0.05 };
        self.observe(observation);
        // The task has no end of its own; the time limit around it truncates.
        Ok(Step::new(-discomfort - energy, Status::Running))
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        // The room's colour: blue when cold, red when hot; the frame shows the weather in the same way.
        let colour = |celsius: f64| {
            let heat = ((celsius - WEATHER.0) / (WEATHER.1 - WEATHER.0)).clamp(0.0, 1.0);
            Rgb([(255.0 * heat) as u8, 64, (255.0 * (1.0 - heat)) as u8])
        };
        Ok(RgbImage::from_fn(64, 64, |x, y| {
            let indoors = (12..52).contains(&x) && (12..52).contains(&y);
            colour(if indoors { self.inside } else { self.outside })
        }))
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = preconditions::generator(self, state)?;
        self.phase = Phase::default();
        Ok(())
    }
}

/// What the agents of this example are made of.
fn agent(seeds: &Seeds) -> Result<Dqn<f32>, Box<dyn Error>> {
    let spec = DqnSpec {
        discount: 0.95,
        double: true,
        target_update: TargetUpdate::Updates(200),
        loss: Loss::Huber,
        clip_gradient: Default::default(),
        clip_reward: Default::default(),
        terminal_target: None,
        batch_size: 64,
        learning_starts: LearningStarts::Steps(500),
        update_every: 1,
        gradient_steps: 1,
    };
    Ok(Dqn::new(DqnParts {
        spec: &spec,
        exploration: &Schedule::Linear { start: 1.0, end: 0.05, from: 500, to: 4_000, hold_until: 0, by: Clock::Step },
        network: &NetworkSpec::new(Torso::Mlp { hidden: vec![32, 32] }, Head::Single { hidden: vec![] }),
        optimizer: &OptimizerSpec::adam(1e-3),
        replay: ReplaySpec::uniform(10_000).build(&Layout::single(2), spec.discount)?,
        observation_shape: &[2],
        actions: 3,
        seeds,
        device: &Device::Cpu,
    })?)
}

/// Trains for so many agent steps.
fn train(agent: &mut Dqn<f32>, seeds: &Seeds, agent_steps: u32) -> Result<(), Box<dyn Error>> {
    let mut env = TimeLimit::new(Thermostat::new(), STEPS);
    let (mut observation, mut next_observation) = ([0.0; 2], [0.0; 2]);
    env.reset(&Reset::seeded(seeds.seed("train/env/0")), &mut observation)?;
    agent.begin_episode(0, &observation)?;
    for _ in 0..agent_steps {
        let mut actions = [0];
        agent.act(&observation, &mut actions)?;
        let step = env.step(actions[0], &mut next_observation)?;
        let end = match step.status {
            Status::Running => End::Running,
            Status::Terminated => End::Terminated,
            Status::Truncated => End::Truncated,
        };
        let (action, reward) = (actions[0] as u32, step.reward as f32);
        agent.observe(0, &Transition { action, reward, next_observation: &next_observation, end })?;
        observation = next_observation;
        if end.over() {
            env.reset(&Reset::default(), &mut observation)?;
            agent.begin_episode(0, &observation)?;
        }
        while agent.learn()?.is_some() {}
    }
    Ok(())
}

/// The mean return of so many greedy episodes, in an environment seeded apart from training.
fn evaluate(agent: &Dqn<f32>, seeds: &Seeds, episodes: u32) -> Result<f64, Box<dyn Error>> {
    let mut env = TimeLimit::new(Thermostat::new(), STEPS);
    let mut observation = [0.0; 2];
    let mut reset = Reset::seeded(seeds.seed("evaluation/env/0"));
    let mut total = 0.0;
    for _ in 0..episodes {
        env.reset(&reset, &mut observation)?;
        reset = Reset::default();
        let mut status = Status::Running;
        while !status.is_over() {
            let mut actions = [0];
            agent.greedy(&observation, &mut actions)?;
            let step = env.step(actions[0], &mut observation)?;
            total += step.reward;
            status = step.status;
        }
    }
    Ok(total / f64::from(episodes))
}

fn main() -> Result<(), Box<dyn Error>> {
    check_env(|| Ok(Thermostat::new()))?;
    println!("The environment keeps what every environment promises.");
    let seeds = Seeds::new(1);
    let mut agent = agent(&seeds)?;
    println!("Mean return of 20 episodes before training: {:.1}", evaluate(&agent, &seeds, 20)?);
    train(&mut agent, &seeds, 8_000)?;
    println!("Mean return of 20 episodes after 8,000 steps: {:.1}", evaluate(&agent, &seeds, 20)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_every_environment_promises() {
        check_env(|| Ok(Thermostat::new())).unwrap();
        check_env(|| Ok(TimeLimit::new(Thermostat::new(), STEPS))).unwrap();
    }

    /// Always doing nothing earns about -40 to -50, the learned thermostat about -12.
    #[test]
    fn is_learned() {
        let seeds = Seeds::new(1);
        let mut agent = agent(&seeds).unwrap();
        let before = evaluate(&agent, &seeds, 20).unwrap();
        train(&mut agent, &seeds, 8_000).unwrap();
        let after = evaluate(&agent, &seeds, 20).unwrap();
        assert!(before < -30.0 && after > -20.0, "before {before}, after {after}");
    }
}
