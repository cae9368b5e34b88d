//! REINFORCE: one update an episode, exact restoring in the middle of episodes, and a policy that gets better.

use deepq_agents::{
    Agent, AgentError, AgentParts, AgentState, ClipGradient, ClipReward, Counters, Reinforce, ReinforceSpec,
    UpdateReport,
};
use deepq_envs::{Element, Seeds};
use deepq_nets::{Device, Head, NetworkSpec, OptimizerSpec, Tensor, Torso};
use deepq_replay::{End, Transition};

use crate::setup::{Chain, begin, one_hot, play};

fn spec() -> ReinforceSpec {
    ReinforceSpec {
        discount: 0.9,
        normalise_returns: true,
        weight_by_discount: false,
        clip_gradient: ClipGradient::None,
        clip_reward: ClipReward::None,
    }
}

fn agent<E: Element>(spec: &ReinforceSpec, streams: usize, seed: u64) -> Reinforce<E> {
    let parts = AgentParts {
        network: &NetworkSpec::new(Torso::Mlp { hidden: vec![] }, Head::Single { hidden: vec![] }),
        optimizer: &OptimizerSpec::adam(0.02),
        observation_shape: &[Chain::STATES],
        actions: 2,
        streams,
        seeds: &Seeds::new(seed),
        device: &Device::Cpu,
    };
    Reinforce::new(spec, &parts).unwrap()
}

#[test]
fn each_episode_makes_one_update_and_the_policy_gets_better() {
    let mut agent = agent(&spec(), 1, 1);
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    let reports = play(&mut agent, &mut chains, 8_000);
    let Counters { updates, episodes, .. } = agent.counters();
    assert_eq!(updates, episodes);
    assert!(reports.iter().map(|report| report.update).eq(1..=updates));
    assert_eq!(agent.counters().agent_steps, 8_000);
    let mean = |of: &[UpdateReport]| of.iter().map(|report| report.figures[0]).sum::<f32>() / of.len() as f32;
    assert_eq!(agent.figures(), ["mean_return"]);
    let (first, last) = (mean(&reports[..50]), mean(&reports[reports.len() - 50..]));
    // Going always right, the mean return of a step is 0.928 (episodes start in states 0 to 3 alike).
    assert!(first < 0.8 && last > 0.9, "{first}, {last}");
    let observations: Vec<f32> = (0..4).flat_map(|state| one_hot(state, Chain::STATES)).collect();
    let mut actions = [0; 4];
    agent.greedy(&observations, &mut actions).unwrap();
    assert_eq!(actions, [1; 4]);
}

/// The gradient of one episode with a policy that thinks all actions alike, by hand: at each step the logits' gradient is
/// `weight * return * (1/2 - taken)`; with one-hot observations it is the weight matrix's.
#[test]
fn the_gradient_is_the_policy_gradient() {
    let gradient = |spec: &ReinforceSpec| {
        let mut agent = agent::<f32>(spec, 1, 1);
        crate::setup::set_table(agent.policy(), &[0.0; 10]);
        let next: Vec<Vec<f32>> = (0..Chain::STATES).map(|state| one_hot(state, Chain::STATES)).collect();
        agent.begin_episode(0, &next[0]).unwrap();
        for (action, reward, state, end) in
            [(1, 1.0, 1, End::RUNNING), (0, 4.0, 2, End::LIFE_LOST), (1, 2.0, 3, End::TRUNCATED)]
        {
            agent.observe(0, &Transition { action, reward, next_observation: &next[state], end }).unwrap();
        }
        let report = agent.learn().unwrap().unwrap();
        assert!(agent.learn().unwrap().is_none());
        let gradients = agent.gradients().unwrap();
        let (name, weight) = gradients.iter().next().unwrap().unwrap();
        assert_eq!(name, "head.0.weight");
        // Of action 1, by the first three states.
        (weight[Chain::STATES..][..3].to_vec(), report.figures[0])
    };
    let close = |actual: &[f32], expected: [f32; 3]| {
        assert!(actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 1e-5), "{actual:?} is not {expected:?}");
    };
    let plain = ReinforceSpec { discount: 0.5, normalise_returns: false, ..spec() };
    // Returns 1 + 0.5 * 4, 4 (the life was lost), 2.
    let (actual, mean_return) = gradient(&plain);
    close(&actual, [-0.5 * 3.0, 0.5 * 4.0, -0.5 * 2.0]);
    assert_eq!(mean_return, 3.0);
    let (actual, _) = gradient(&ReinforceSpec { weight_by_discount: true, ..plain.clone() });
    close(&actual, [-0.5 * 3.0, 0.25 * 4.0, -0.125 * 2.0]);
    // Mean 3, deviation sqrt(2/3).
    let (actual, mean_return) = gradient(&ReinforceSpec { normalise_returns: true, ..plain });
    let deviation = (2.0f32 / 3.0).sqrt();
    close(&actual, [0.0, 0.5 / deviation, 0.5 / deviation]);
    assert_eq!(mean_return, 3.0);
}

/// Of an episode of one step the return is its reward.
#[test]
fn returns_are_of_clipped_rewards() {
    let returns = |clip_reward| {
        let mut agent = agent::<f32>(&ReinforceSpec { clip_reward, normalise_returns: false, ..spec() }, 1, 1);
        let observation = one_hot(0, Chain::STATES);
        [-30.0, 0.25].map(|reward| {
            agent.begin_episode(0, &observation).unwrap();
            let next_observation = &observation;
            agent.observe(0, &Transition { action: 0, reward, next_observation, end: End::TERMINATED }).unwrap();
            agent.learn().unwrap().unwrap().figures[0]
        })
    };
    assert_eq!(returns(ClipReward::None), [-30.0, 0.25]);
    assert_eq!(returns(ClipReward::Range([-1.0, 1.0])), [-1.0, 0.25]);
    assert_eq!(returns(ClipReward::Sign), [-1.0, 1.0]);
}

#[test]
fn a_state_of_another_size_is_refused() {
    let mut chains = [1, 2, 3].map(Chain::new);
    let mut agent = agent(&spec(), 3, 1);
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 61);
    let state = agent.state().unwrap();
    assert!(state.tensors.keys().any(|name| name.starts_with("running.")), "an episode is running");
    let mut fewer = self::agent::<f32>(&spec(), 2, 1);
    let message = fewer.restore(&state).unwrap_err().to_string();
    assert_eq!(message, "this state does not fit the agent: it has 3 streams, not 2");
}

#[test]
fn frames_survive_saving() {
    let mut agent = agent::<u8>(&spec(), 1, 1);
    agent.begin_episode(0, &[0, 1, 127, 254, 255]).unwrap();
    let next_observation = &[5, 4, 3, 2, 1];
    agent.observe(0, &Transition { action: 1, reward: 0.1, next_observation, end: End::RUNNING }).unwrap();
    let state = agent.state().unwrap();
    let mut restored = self::agent::<u8>(&spec(), 1, 2);
    restored.restore(&state).unwrap();
    assert_eq!(fingerprint_of(&restored), fingerprint_of(&agent));
    for agent in [&mut agent, &mut restored] {
        agent.observe(0, &Transition { action: 0, reward: 1.0, next_observation, end: End::TERMINATED }).unwrap();
        agent.learn().unwrap().unwrap();
    }
    assert_eq!(fingerprint_of(&restored), fingerprint_of(&agent));
}

fn fingerprint_of(agent: &Reinforce<u8>) -> (String, Vec<Vec<u32>>) {
    let state = agent.state().unwrap();
    let bits = |tensor: &Tensor| {
        tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    };
    (state.document, state.tensors.values().map(bits).collect())
}

#[test]
fn episodes_that_make_no_sense_are_refused() {
    let mut agent = agent::<u8>(&spec(), 1, 1);
    agent.begin_episode(0, &[0; 5]).unwrap();
    let step = Transition { action: 1, reward: 0.0, next_observation: &[1; 5], end: End::RUNNING };
    (0..2).for_each(|_| agent.observe(0, &step).unwrap());
    let good = agent.state().unwrap();
    let refused = |from: &str, to: &str| {
        let document = good.document.replace(from, to);
        assert_ne!(document, good.document);
        self::agent::<u8>(&spec(), 1, 2).restore(&AgentState { document, ..good.clone() }).unwrap_err().to_string()
    };
    let incomplete = "running.0 has steps without an action, a reward or a discount";
    assert!(refused(r#""rewards":[0.0,0.0]"#, r#""rewards":[0.0]"#).contains(incomplete));
    assert!(refused(r#""discounts":[0.9,0.9]"#, r#""discounts":[0.9]"#).contains(incomplete));
    assert!(refused(r#""actions":[1,1]"#, r#""actions":[1,2]"#).contains("has an action that does not exist"));

    let mut halves = good.clone();
    halves.tensors.insert("running.0".to_owned(), Tensor::full(0.5f32, (3, 5), &Device::Cpu).unwrap());
    let message = agent.restore(&halves).unwrap_err().to_string();
    assert!(message.contains("running.0 has observations that are no bytes"), "{message}");
    agent.restore(&good).unwrap();
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut agent = agent::<f32>(&spec(), 1, 1);
    let observation = one_hot(0, Chain::STATES);
    let transition = Transition { action: 0, reward: 0.0, next_observation: &observation, end: End::RUNNING };
    assert!(matches!(agent.observe(0, &transition), Err(AgentError::NoEpisode { stream: 0 })));
    assert_eq!(
        agent.begin_episode(1, &observation).unwrap_err().to_string(),
        "there is no stream 1; the streams are 0 to 0"
    );
    assert!(agent.begin_episode(0, &[0.0; 4]).is_err());
    agent.begin_episode(0, &observation).unwrap();
    assert!(agent.observe(0, &Transition { action: 2, ..transition }).is_err());
    assert!(agent.observe(0, &Transition { reward: f32::INFINITY, ..transition }).is_err());
    assert!(agent.observe(0, &Transition { next_observation: &[0.0], ..transition }).is_err());
    assert!(ReinforceSpec { discount: 1.5, ..spec() }.validate().is_err());
}
