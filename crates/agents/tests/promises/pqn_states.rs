//! PQN goes on from any moment, also in the middle of a rollout and of its epochs; what cannot have been saved is refused.

use deepq_agents::{Agent, AgentState, Pqn, PqnSpec};
use deepq_replay::{End, Transition};
use serde_json::{Value, json};

use crate::pqn::{agent, spec};
use crate::setup::{Chain, begin, fingerprint, one_hot, play};

#[test]
fn a_state_of_another_size_is_refused() {
    let mut chains = [1, 2, 3].map(Chain::new);
    let mut agent = agent(&spec(), 3, 1);
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 61);
    let state = agent.state().unwrap();
    assert_eq!(state.tensors["rollout.observations"].dims(), [3 * 5, Chain::STATES], "a rollout is under way");
    let refused = |spec: PqnSpec, streams| {
        let mut other = self::agent::<f32>(&spec, streams, 1);
        let before = fingerprint(&other);
        let message = other.restore(&state).unwrap_err().to_string();
        assert_eq!(fingerprint(&other), before);
        message
    };
    assert_eq!(refused(spec(), 4), "this state does not fit the agent: it has 3 streams, not 4");
    let longer = PqnSpec { rollout_steps: 16, ..spec() };
    assert_eq!(refused(longer, 3), "this state does not fit the agent: its rollout has another size");
}

/// Also where it is between two updates, or between two streams of one step, although nobody saves there.
#[test]
fn any_moment_is_a_state() {
    let mut agent = agent::<u8>(&spec(), 2, 1);
    let print = |agent: &Pqn<u8>| {
        let state = agent.state().unwrap();
        let values = state.tensors.values().flat_map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        (state.document, values.map(f32::to_bits).collect::<Vec<_>>())
    };
    let restored = |agent: &Pqn<u8>| {
        let mut restored = self::agent::<u8>(&spec(), 2, 2);
        restored.restore(&agent.state().unwrap()).unwrap();
        assert_eq!(print(&restored), print(agent));
        restored
    };
    agent = restored(&agent);
    (0..2).for_each(|stream| agent.begin_episode(stream, &[0, 1, 127, 254, 255]).unwrap());
    for t in 0..8u8 {
        agent.act(&[0, 1, 127, 254, 255, t, t, t, 3, 2], &mut [0; 2]).unwrap();
        for stream in 0..2 {
            agent = restored(&agent);
            let next_observation = &[5, 4, 3, t, 1];
            agent.observe(stream, &Transition { action: 1, reward: 0.1, next_observation, end: End::RUNNING }).unwrap();
        }
    }
    let mut uninterrupted = restored(&agent);
    for _ in 0..2 * 4 {
        agent = restored(&agent);
        assert_eq!(agent.learn().unwrap().unwrap(), uninterrupted.learn().unwrap().unwrap());
        assert_eq!(print(&agent), print(&uninterrupted));
    }
    agent = restored(&agent);
    assert!(agent.learn().unwrap().is_none() && uninterrupted.learn().unwrap().is_none());
    assert_eq!(print(&agent), print(&uninterrupted));
}

/// A rollout of two steps of one stream, of which one minibatch of two has been learned from.
#[test]
fn rollouts_that_make_no_sense_are_refused() {
    let spec = PqnSpec { rollout_steps: 2, epochs: 1, minibatches: 2, ..spec() };
    let mut agent = agent::<f32>(&spec, 1, 1);
    let observation = one_hot(0, Chain::STATES);
    agent.begin_episode(0, &observation).unwrap();
    for _ in 0..2 {
        agent.act(&observation, &mut [0]).unwrap();
        let transition = Transition { action: 1, reward: 0.0, next_observation: &observation, end: End::RUNNING };
        agent.observe(0, &transition).unwrap();
    }
    agent.learn().unwrap().unwrap();
    let good = agent.state().unwrap();
    let document: Value = serde_json::from_str(&good.document).unwrap();
    let restored = |place: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap() = value;
        let other = AgentState { document: document.to_string(), ..good.clone() };
        self::agent::<f32>(&spec, 1, 2).restore(&other).map_err(|error| error.to_string())
    };
    let refused = |place: &str, value: Value, reason: &str| {
        let message = restored(place, value).unwrap_err();
        assert!(message.ends_with(reason), "{place}: {message}");
    };
    refused("/rollout/told", json!([true, true]), "its rollout has another size");
    refused("/rollout/acted", json!(3), "its rollout has another size");
    refused("/rollout/actions/1", json!(2), "its rollout has an action that does not exist");
    let not_a_rollouts = "what it was learning from is not a rollout's";
    refused("/learning/targets", json!([0.0]), not_a_rollouts);
    refused("/learning/order", json!([1, 1]), not_a_rollouts);
    refused("/learning/order", json!([1, 2]), not_a_rollouts);
    refused("/learning/done", json!(3), not_a_rollouts);
    refused("/rollout/told", json!([false]), not_a_rollouts);
    refused("/rollout/acted", json!(1), not_a_rollouts);
    restored("/learning/order", json!([0, 1])).unwrap();
    restored("/learning/done", json!(2)).unwrap();
}
