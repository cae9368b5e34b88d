//! An agent can start from parts of another one's weights, and keep parts as they are.

use deepq_agents::{Agent, AgentError, Dqn};

use crate::setup::{Chain, Setup, begin, bits, fingerprint, play};

fn agent(seed: u64) -> Dqn<f32> {
    Setup { hidden: vec![8], seed, ..Setup::default() }.agent()
}

fn trained(agent: &mut Dqn<f32>, steps: usize) {
    let mut chains = [Chain::new(1)];
    begin(agent, &chains);
    play(agent, &mut chains, steps);
}

fn part(agent: &Dqn<f32>, part: &str) -> Vec<u32> {
    let fingerprint = fingerprint(agent);
    let of_part = fingerprint.tensors.into_iter().filter(|(name, _)| name.starts_with(&format!("online.{part}.")));
    of_part.flat_map(|(_, bits)| bits).collect()
}

#[test]
fn loaded_parts_are_the_others_and_frozen_ones_stay() {
    let mut source = agent(1);
    trained(&mut source, 100);
    let weights = source.parameters().to_safetensors().unwrap();

    let mut learner = agent(2);
    let fresh_head = part(&learner, "head");
    assert_eq!(learner.load_parts(&weights, &["torso"]).unwrap(), ["torso.0.weight", "torso.0.bias"]);
    assert_eq!(learner.freeze(&["torso"]).unwrap(), ["torso.0.weight", "torso.0.bias"]);
    assert_eq!((part(&learner, "torso"), part(&learner, "head")), (part(&source, "torso"), fresh_head.clone()));
    assert_eq!(bits(learner.online()), bits(learner.target().unwrap()));

    trained(&mut learner, 100);
    assert_eq!(part(&learner, "torso"), part(&source, "torso"), "frozen weights have the same bits at the end");
    assert_ne!(part(&learner, "head"), fresh_head);
    let state = learner.state().unwrap();
    assert!(state.tensors.keys().all(|name| !name.starts_with("optimizer.torso")), "only the rest has optimizer state");

    let mut restored = agent(3);
    assert!(restored.restore(&state).is_err());
    restored.freeze(&["torso"]).unwrap();
    restored.restore(&state).unwrap();
    assert_eq!(fingerprint(&restored).tensors, fingerprint(&learner).tensors);
}

#[test]
fn what_does_not_exist_or_comes_too_late_is_refused() {
    let mut learner = agent(1);
    let weights = learner.parameters().to_safetensors().unwrap();
    let message = learner.freeze(&["tail"]).unwrap_err().to_string();
    assert!(message.contains("no part \"tail\"") && message.contains("torso, head"), "{message}");
    assert!(learner.load_parts(&weights[..100], &["torso"]).is_err());
    trained(&mut learner, 30);
    assert!(matches!(learner.freeze(&["torso"]), Err(AgentError::Started { updates: 14 })));
    assert!(learner.load_parts(&weights, &["torso"]).is_err());
}
