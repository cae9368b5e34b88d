//! Terminations and lost lives stop bootstrapping, truncations do not.

use deepq_agents::{Agent, DqnSpec, LearningStarts, TargetUpdate, UpdateSpec};
use deepq_replay::{End, Transition};

use crate::setup::{Setup, one_hot};

/// What the value of state 0 becomes if its only step, with reward 1, ends in this way in state 1; the value of state 1
/// is 10, by a step that terminates. The discount is 0.5.
fn learned_value(end: End) -> f32 {
    let spec = DqnSpec { discount: 0.5, target_update: TargetUpdate::Updates(1), ..Setup::default().spec };
    let updates = UpdateSpec { learning_starts: LearningStarts::Steps(0), ..Setup::default().updates };
    let mut agent = Setup { spec, updates, states: 2, actions: 1, learning_rate: 0.05, ..Setup::default() }.agent();
    let (first, second) = (one_hot(0, 2), one_hot(1, 2));
    let step = |agent: &mut dyn Agent<f32>, observation: &[f32], reward, end| {
        agent.act(observation, &mut [0]).unwrap();
        agent.observe(0, &Transition { action: 0, reward, next_observation: &second, end }).unwrap();
        while agent.learn().unwrap().is_some() {}
    };
    for _ in 0..1_000 {
        agent.begin_episode(0, &first).unwrap();
        step(&mut agent, &first, 1.0, end);
        if end.is_over() {
            agent.begin_episode(0, &second).unwrap();
        }
        step(&mut agent, &second, 10.0, End::TERMINATED);
    }
    agent.preferences(&first).unwrap()[0]
}

#[test]
fn a_truncated_step_is_worth_what_follows_it() {
    let value = learned_value(End::TRUNCATED);
    assert!((value - 6.0).abs() < 0.1, "1 + 0.5 * 10 was to be learned, not {value}");
    let value = learned_value(End::RUNNING);
    assert!((value - 6.0).abs() < 0.1, "1 + 0.5 * 10 was to be learned, not {value}");
}

#[test]
fn a_terminated_step_is_worth_its_reward() {
    let value = learned_value(End::TERMINATED);
    assert!((value - 1.0).abs() < 0.1, "1 was to be learned, not {value}");
}

#[test]
fn a_lost_life_is_worth_its_reward_while_the_game_goes_on() {
    let value = learned_value(End::LIFE_LOST);
    assert!((value - 1.0).abs() < 0.1, "1 was to be learned, not {value}");
}
