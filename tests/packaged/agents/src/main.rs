//! DQN learns which of two buttons is worth pressing, with `deepq-agents` alone.

use deepq_agents::core::{End, Seeds};
use deepq_agents::nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
use deepq_agents::replay::{Layout, ReplaySpec, Transition};
use deepq_agents::{Agent, AgentParts, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = DqnSpec { target_update: TargetUpdate::Updates(20), ..DqnSpec::nature_2015() };
    let updates = UpdateSpec { learning_starts: LearningStarts::Steps(50), update_every: 1, ..UpdateSpec::nature_2015() };
    let replay = ReplaySpec::uniform(500).build::<f32>(&Layout::single(1), spec.discount)?;
    let parts = AgentParts {
        network: &NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, Head::Single { hidden: vec![] }),
        optimizer: &OptimizerSpec::adam(1e-2),
        observation_shape: &[1],
        actions: 2,
        streams: 1,
        seeds: &Seeds::new(1),
        device: &Device::Cpu,
    };
    let mut agent = Dqn::new(&spec, &updates, &Schedule::Constant { value: 0.5 }, replay, &parts)?;
    let (observation, mut actions) = ([1.0], [0]);
    for _ in 0..300 {
        agent.begin_episode(0, &observation)?;
        agent.act(&observation, &mut actions)?;
        let reward = if actions[0] == 1 { 1.0 } else { 0.0 };
        let action = actions[0] as u32;
        agent.observe(0, &Transition { action, reward, next_observation: &observation, end: End::TERMINATED })?;
        while agent.learn()?.is_some() {}
    }
    agent.greedy(&observation, &mut actions)?;
    assert_eq!(actions, [1]);
    Ok(())
}
