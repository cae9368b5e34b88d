//! On a problem whose states can be counted, DQN's targets are tabular Q-learning's.

use deepq_agents::{Agent, DqnSpec, LearningStarts, QLearning, QLearningSpec, TargetUpdate, UpdateSpec};
use deepq_envs::{NumpyRng, Seeds};
use deepq_replay::{Batch, End, Transition};

use crate::setup::{Chain, Setup, batch, begin, epsilon, one_hot, play, set_table};

const STATES: usize = 6;
const ACTIONS: usize = 3;

/// A random problem: from each state and action to a random state, with a random reward; some steps end the episode in
/// one of three ways.
fn transition(rng: &mut NumpyRng) -> (f32, usize, End) {
    let end = match rng.index(10) {
        0 => End::TERMINATED,
        1 => End::TRUNCATED,
        2 => End::LIFE_LOST,
        _ => End::RUNNING,
    };
    (rng.uniform(-2.0, 2.0) as f32, rng.index(STATES), end)
}

#[test]
fn targets_of_both_agree_while_the_table_learns() {
    let spec = DqnSpec { discount: 0.75, target_update: TargetUpdate::None, ..Setup::default().spec };
    let setup = Setup { spec, states: STATES, actions: ACTIONS, ..Setup::default() };
    let tabular_spec = QLearningSpec { discount: 0.75, learning_rate: 0.3 };
    let mut tabular = QLearning::new(&tabular_spec, &epsilon(0.5), STATES, ACTIONS, &Seeds::new(3)).unwrap();
    let mut rng = NumpyRng::new(4);
    for round in 0..20 {
        // What the table would learn towards now ...
        let mut deep = setup.agent();
        let mut expected = vec![];
        let mut state = rng.index(STATES);
        let mut played = vec![];
        deep.begin_episode(0, &one_hot(state, STATES)).unwrap();
        for _ in 0..100 {
            let action = tabular.act(state).unwrap();
            let (reward, next_state, end) = transition(&mut rng);
            expected.push((
                (state, action),
                (reward, next_state, end),
                tabular.target(reward, next_state, end).unwrap(),
            ));
            let next_observation = &one_hot(next_state, STATES);
            deep.observe(0, &Transition { action: action as u32, reward, next_observation, end }).unwrap();
            played.push((state, action, reward, next_state, end));
            state = next_state;
            if end.is_over() {
                state = rng.index(STATES);
                deep.begin_episode(0, &one_hot(state, STATES)).unwrap();
            }
        }
        // ... is what a network that gives the same values is moved towards, on what it sampled from its replay.
        set_table(deep.online(), tabular.table());
        let mut sampled = Batch::new();
        deep.replay_mut().unwrap().sample(200, &mut rng, &mut sampled).unwrap();
        let targets = deep.targets(&sampled).unwrap();
        for (row, target) in targets.iter().enumerate() {
            let hot =
                |observations: &[f32]| observations[row * STATES..][..STATES].iter().position(|x| *x == 1.0).unwrap();
            let (state, next_state) = (hot(&sampled.observations), hot(&sampled.next_observations));
            let action = sampled.actions[row] as usize;
            let known = expected.iter().find(|((s, a), (reward, next, end), _)| {
                (*s, *a, *reward, *next) == (state, action, sampled.rewards[row], next_state)
                    && end.bootstraps() == (sampled.discounts[row] != 0.0)
            });
            let (_, _, expected) = known.expect("a sampled transition was played");
            assert_eq!(target.to_bits(), expected.to_bits(), "round {round}, row {row}");
        }
        for (state, action, reward, next_state, end) in played {
            tabular.learn(state, action, reward, next_state, end).unwrap();
        }
    }
}

#[test]
fn both_learn_the_same_values() {
    // Q*(s, right) = 0.9^(3 - s); one step left costs 0.1 and at least one step more.
    let right = |state: i32| 0.9f32.powi(3 - state);
    let expected: Vec<f32> =
        (0..4).flat_map(|state: i32| [-0.1 + 0.9 * right((state - 1).max(0)), right(state)]).collect();

    let spec = QLearningSpec { discount: 0.9, learning_rate: 0.2 };
    let mut tabular = QLearning::new(&spec, &epsilon(0.5), Chain::STATES, 2, &Seeds::new(1)).unwrap();
    for _ in 0..500 {
        for state in 0..4usize {
            let (left, right) = (state.saturating_sub(1), state + 1);
            tabular.learn(state, 0, -0.1, left, End::RUNNING).unwrap();
            let (reward, end) = if right == 4 { (1.0, End::TERMINATED) } else { (0.0, End::RUNNING) };
            tabular.learn(state, 1, reward, right, end).unwrap();
        }
    }

    let spec = DqnSpec { target_update: TargetUpdate::Updates(50), ..Setup::default().spec };
    let learning_starts = LearningStarts::Steps(100);
    let updates = UpdateSpec { batch_size: 32, learning_starts, ..Setup::default().updates };
    for double in [false, true] {
        let spec = DqnSpec { double, ..spec.clone() };
        let mut deep = Setup { spec, updates, exploration: epsilon(0.5), ..Setup::default() }.agent();
        let mut chains = [Chain::new(1)];
        begin(&mut deep, &chains);
        play(&mut deep, &mut chains, 4_000);
        let states: Vec<f32> = (0..4).flat_map(|state| one_hot(state, Chain::STATES)).collect();
        for (name, q_values) in [("table", &tabular.table()[..8]), ("network", &deep.preferences(&states).unwrap())] {
            for (i, (q, expected)) in q_values.iter().zip(&expected).enumerate() {
                assert!((q - expected).abs() < 0.02, "{name}, value {i}: {q} is not {expected}");
            }
        }
    }
}

#[test]
fn targets_use_the_target_network_and_double_selects_by_the_online_one() {
    let online = [3.0, 5.0, 0.5, 0.25];
    let target = [10.0, -4.0, 1.0, 2.0];
    let batch = batch(2, &[(0, 0, 1.0, 0.9, 0), (1, 1, -2.0, 0.0, 1), (0, 1, 0.5, 0.81, 1)]);
    let targets = |change: &dyn Fn(&mut DqnSpec)| {
        let mut setup = Setup { states: 2, ..Setup::default() };
        change(&mut setup.spec);
        let agent = setup.agent();
        set_table(agent.online(), &online);
        agent.target().into_iter().for_each(|network| set_table(network, &target));
        agent.targets(&batch).unwrap()
    };
    let close = |actual: Vec<f32>, expected: [f32; 3]| {
        assert!(actual.iter().zip(&expected).all(|(a, e)| (a - e).abs() < 1e-5), "{actual:?} is not {expected:?}");
    };
    // 1 + 0.9 * 10; -2; 0.5 + 0.81 * 2
    close(targets(&|_| {}), [10.0, -2.0, 2.12]);
    // The online network selects action 1 in state 0 and action 0 in state 1: 1 + 0.9 * -4; -2; 0.5 + 0.81 * 1
    close(targets(&|spec| spec.double = true), [-2.6, -2.0, 1.31]);
    // Without a target network: 1 + 0.9 * 5; -2; 0.5 + 0.81 * 0.5
    close(targets(&|spec| spec.target_update = TargetUpdate::None), [5.5, -2.0, 0.905]);
    close(targets(&|spec| spec.terminal_target = Some(-1.0)), [10.0, -1.0, 2.12]);
}
