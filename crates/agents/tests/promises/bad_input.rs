//! What does not fit is refused with a message, and changes nothing.

use deepq_agents::{Agent, AgentError, AgentState, LearningStarts, UpdateSpec};
use deepq_nets::{Device, Tensor};
use deepq_replay::{End, Transition};

use crate::setup::{Chain, Setup, begin, bits, epsilon, one_hot, play};

#[test]
fn settings_that_are_not_allowed() {
    let mut setup = Setup::default();
    setup.updates.batch_size = 1_000;
    let error = setup.try_agent().err().unwrap().to_string();
    assert_eq!(error, "batch_size = 1000 is not allowed: it must be at most the replay's capacity");
    setup.updates.batch_size = setup.capacity;
    setup.try_agent().unwrap();
    let setup = Setup { exploration: epsilon(1.5), ..Setup::default() };
    assert!(matches!(setup.try_agent(), Err(AgentError::Spec(error)) if error.key == "value"));
}

#[test]
fn lengths_that_do_not_belong_together() {
    let mut agent = Setup::default().agent();
    let error = agent.act(&[0.0; 7], &mut [0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "observations has 7 elements; a whole number of observations of shape [5] was expected"
    );
    let error = agent.act(&[0.0; 10], &mut [0; 3]).unwrap_err();
    assert_eq!(error.to_string(), "actions has 3 elements; one for each of 2 rows of observations");
    assert_eq!(agent.counters().agent_steps, 0);
    assert!(agent.greedy(&[0.0; 10], &mut [0]).is_err());
    assert!(agent.preferences(&[0.0; 4]).is_err());
    assert!(agent.begin_episode(1, &one_hot(0, Chain::STATES)).is_err());
}

#[test]
fn rewards_that_are_no_numbers() {
    let mut agent = Setup::default().agent();
    let observation = one_hot(0, Chain::STATES);
    agent.begin_episode(0, &observation).unwrap();
    let transition = Transition { action: 0, reward: f32::NAN, next_observation: &observation, end: End::RUNNING };
    let error = agent.observe(0, &transition).unwrap_err().to_string();
    assert!(error.starts_with("stream 0: the reward at agent step 0 is NaN"), "{error}");
    assert!(agent.replay().unwrap().is_empty());
}

#[test]
fn a_loss_that_is_no_number_stops_before_the_weights_change() {
    let updates = UpdateSpec { learning_starts: LearningStarts::Steps(20), ..Setup::default().updates };
    let mut agent = Setup { updates, ..Setup::default() }.agent();
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 25);
    let before = bits(agent.online());
    let observation = chains[0].observation();
    // The first batch that draws such a reward has no loss; with half of the replay full of them one surely does.
    let error = (0..50).find_map(|_| {
        agent.act(&observation, &mut [0]).unwrap();
        let transition = Transition { action: 0, reward: 3e38, next_observation: &observation, end: End::RUNNING };
        agent.observe(0, &transition).unwrap();
        let learned = agent.learn();
        assert!(learned.is_err() || bits(agent.online()) != before);
        learned.err()
    });
    let error = error.expect("no update was stopped");
    let update = agent.counters().updates + 1;
    let message = error.to_string();
    assert!(message.starts_with(&format!("update {update}: the loss is inf")), "{message}");
    for hint in ["largest |reward| was 3e38", "learning_rate", "clip_reward", "clip_gradient", "target_update"] {
        assert!(message.replace("300000000000000000000000000000000000000", "3e38").contains(hint), "{message}");
    }
    assert!(bits(agent.online()).iter().all(|bits| f32::from_bits(*bits).is_finite()));
}

#[test]
fn states_that_do_not_fit() {
    let mut agent = Setup::default().agent();
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 40);
    let good = agent.state().unwrap();
    let (weights, counters) = (bits(agent.online()), agent.counters());
    let mut refused = |change: &dyn Fn(&mut AgentState)| {
        let mut state = good.clone();
        change(&mut state);
        let message = agent.restore(&state).unwrap_err().to_string();
        assert_eq!((bits(agent.online()), agent.counters()), (weights.clone(), counters));
        message
    };
    let set = |name: &'static str, tensor: Option<Tensor>| {
        move |state: &mut AgentState| match &tensor {
            Some(tensor) => drop(state.tensors.insert(name.to_owned(), tensor.clone())),
            None => drop(state.tensors.remove(name)),
        }
    };
    let zeros = |n: usize| Some(Tensor::zeros(n, candle_core::DType::F32, &Device::Cpu).unwrap());
    let nan = Some(Tensor::from_slice(&[0.0, f32::NAN], 2, &Device::Cpu).unwrap());
    let message = refused(&set("target.head.0.bias", None));
    assert_eq!(message, "this state does not fit the agent: target.head.0.bias is missing");
    assert!(refused(&set("online.head.0.bias", zeros(3))).contains("online.head.0.bias is f32 [3], not f32 [2]"));
    assert!(refused(&set("online.head.0.bias", nan.clone())).contains("online.head.0.bias holds a number that is not"));
    assert!(refused(&set("optimizer.head.0.bias.exp_avg", nan)).contains("head.0.bias.exp_avg"));
    assert!(refused(&set("optimizer.head.0.bias.exp_avg", None)).contains("optimizer"));
    assert!(refused(&set("online.tail", zeros(1))).contains("online.tail belongs to nothing here"));
    assert!(refused(&|state| state.document.clear()).contains("its document cannot be read"));
    assert!(refused(&|state| state.document = state.document.replace("dqn", "pqn")).contains("it is pqn of format 1"));
    assert!(refused(&|state| state.document = state.document.replace("updates", "upsets")).contains("upsets"));
    agent.restore(&good).unwrap();
}
