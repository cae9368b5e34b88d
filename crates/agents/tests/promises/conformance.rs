//! Every agent of the list keeps what every agent promises.

use deepq_agents::{AgentError, AgentParts, AgentSpec, LearningStarts, Need, Setting, SharedSettings, check_agent};
use deepq_envs::{Element, Seeds};
use deepq_nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{Layout, ReplaySpec};

use crate::setup::epsilon;

/// `[agent]` sections, as JSON.
const SECTIONS: &[&str] = &[
    r#"{"kind": "dqn", "discount": 0.9, "double": false, "target_update": {"updates": 10}, "loss": "huber"}"#,
    r#"{"kind": "dqn", "discount": 0.9, "double": true, "target_update": {"episodes": 3}, "loss": "mse",
        "clip_gradient": {"norm": 1.0}, "clip_reward": "sign", "terminal_target": -1.0}"#,
    r#"{"kind": "dqn", "discount": 0.9, "double": true, "target_update": {"polyak": {"tau": 0.1, "updates": 2}},
        "loss": "huber", "clip_gradient": {"each": 1.0}}"#,
    r#"{"kind": "dqn", "discount": 0.9, "double": false, "target_update": "none", "loss": "huber"}"#,
    r#"{"kind": "dqn", "discount": 0.9, "double": true, "target_update": {"steps": 20}, "loss": "huber"}"#,
    r#"{"kind": "pqn", "discount": 0.9, "lambda": 0.65, "rollout_steps": 8, "epochs": 2, "minibatches": 4, "loss": "mse",
        "learning_rate_factor": {"kind": "linear", "start": 1.0, "end": 0.1, "from": 0, "to": 500, "by": "step"}}"#,
    r#"{"kind": "reinforce", "discount": 0.9, "normalise_returns": true, "weight_by_discount": true}"#,
];

/// Without what the agent does not use.
fn used<'a>(agent: &AgentSpec, all: SharedSettings<'a>) -> SharedSettings<'a> {
    let used = |setting| agent.needs(setting) != Need::Unused;
    SharedSettings {
        exploration: all.exploration.filter(|_| used(Setting::Exploration)),
        replay: all.replay.filter(|_| used(Setting::Replay)),
        batch_size: all.batch_size.filter(|_| used(Setting::BatchSize)),
        learning_starts: all.learning_starts.filter(|_| used(Setting::LearningStarts)),
        update_every: all.update_every.filter(|_| used(Setting::UpdateEvery)),
        gradient_steps: all.gradient_steps.filter(|_| used(Setting::GradientSteps)),
        concurrent_steps: 0,
    }
}

fn keeps_its_promises<E: Element>(agent: &AgentSpec, streams: usize) -> Result<(), String> {
    let (exploration, replay) = (epsilon(0.3), ReplaySpec { n_step: 2, ..ReplaySpec::uniform(150) });
    let all = SharedSettings {
        exploration: Some(&exploration),
        replay: Some(&replay),
        batch_size: Some(8),
        learning_starts: Some(LearningStarts::Steps(50)),
        update_every: Some(2),
        gradient_steps: Some(3),
        concurrent_steps: 0,
    };
    let shared = used(agent, all);
    let make = |seeds: &Seeds| {
        let parts = AgentParts {
            network: &NetworkSpec::new(Torso::Mlp { hidden: vec![8] }, Head::Dueling { hidden: vec![] }),
            optimizer: &OptimizerSpec::adam(1e-3),
            observation_shape: &[2, 3],
            actions: 3,
            streams,
            seeds,
            device: &Device::Cpu,
        };
        let layout = Layout { streams, ..Layout::single(6) };
        let replay = shared.replay.map(|replay| replay.build::<E>(&layout, agent.discount())).transpose();
        agent.build(&shared, replay.map_err(AgentError::from)?, &parts)
    };
    check_agent(streams, make).map_err(|broken| format!("{agent:?} with {streams} streams: {broken}"))
}

#[test]
fn every_agent_of_the_list_keeps_what_every_agent_promises() {
    let agents: Vec<AgentSpec> = SECTIONS.iter().map(|section| serde_json::from_str(section).unwrap()).collect();
    for (kind, _) in AgentSpec::KINDS {
        assert!(agents.iter().any(|agent| agent.kind() == *kind), "{kind} is not tried");
    }
    for agent in &agents {
        keeps_its_promises::<f32>(agent, 1).unwrap();
        keeps_its_promises::<f32>(agent, 3).unwrap();
        keeps_its_promises::<u8>(agent, 2).unwrap();
    }
}
