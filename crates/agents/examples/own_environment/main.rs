//! An environment of your own, checked, and an agent that learns it: with the crates' public API alone.
//!
//! ```text
//! cargo run --package deepq-agents --example own_environment
//! ```

mod thermostat;

use std::error::Error;

use deepq_agents::core::{Seeds, Status};
use deepq_agents::nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
use deepq_agents::replay::{Layout, ReplaySpec, Transition};
use deepq_agents::{
    Agent, AgentParts, ClipReward, Clock, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec,
};
use deepq_envs::{Env, Reset, TimeLimit, check_env};
use thermostat::{STEPS, Thermostat};

/// What the agents of this example are made of.
fn agent(seeds: &Seeds) -> Result<Dqn<f32>, Box<dyn Error>> {
    let spec = DqnSpec {
        discount: 0.95,
        double: true,
        target_update: TargetUpdate::Updates(200),
        clip_reward: ClipReward::None,
        ..DqnSpec::nature_2015()
    };
    let learning_starts = LearningStarts::Steps(500);
    let updates = UpdateSpec { batch_size: 64, learning_starts, update_every: 1, gradient_steps: 1 };
    let exploration = Schedule::Linear { start: 1.0, end: 0.05, from: 500, to: 4_000, hold_until: 0, by: Clock::Step };
    let replay = ReplaySpec::uniform(10_000).build(&Layout::single(2), spec.discount)?;
    let parts = AgentParts {
        network: &NetworkSpec::new(Torso::Mlp { hidden: vec![32, 32] }, Head::Single { hidden: vec![] }),
        optimizer: &OptimizerSpec::adam(1e-3),
        observation_shape: &[2],
        actions: 3,
        streams: 1,
        seeds,
        device: &Device::Cpu,
    };
    Ok(Dqn::new(&spec, &updates, &exploration, replay, &parts)?)
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
        let end = step.end();
        let (action, reward) = (actions[0] as u32, step.reward as f32);
        agent.observe(0, &Transition { action, reward, next_observation: &next_observation, end })?;
        observation = next_observation;
        if end.is_over() {
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
