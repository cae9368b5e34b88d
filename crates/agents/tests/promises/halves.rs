//! Playing and learning at the same time: each half sees what there was when the agent was taken apart.

use deepq_agents::{Agent, Dqn, Halves};

use crate::setup::{Chain, Setup, begin, bits, epsilon, one_hot, play};

/// An agent that has learned a little, with updates due.
fn agent() -> Dqn<f32> {
    let mut agent =
        Setup { exploration: epsilon(0.5), hidden: vec![8], learning_rate: 0.1, ..Setup::default() }.agent();
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 40);
    agent
}

/// Actions in 50 states, one after another.
fn actions(act: &mut dyn FnMut(&[f32], &mut [usize])) -> Vec<usize> {
    (0..50)
        .map(|t| {
            let mut action = [usize::MAX];
            act(&one_hot(t % Chain::STATES, Chain::STATES), &mut action);
            action[0]
        })
        .collect()
}

/// Actions of one half, with a call of the other one between any two; and how many updates that made.
fn actions_while_learning(agent: &mut Dqn<f32>) -> (Vec<usize>, u32) {
    let Halves { mut actor, mut learner } = agent.halves().unwrap().unwrap();
    let mut updates = 0;
    let acted = actions(&mut |observation, action| {
        updates += u32::from(learner.learn().unwrap().is_some());
        actor.act(observation, action).unwrap();
    });
    (acted, updates)
}

#[test]
fn the_actor_keeps_its_weights_while_the_learner_learns() {
    let mut whole = agent();
    let expected = actions(&mut |observation, action| whole.act(observation, action).unwrap());

    let mut apart = agent();
    let before = bits(apart.online());
    let (acted, updates) = actions_while_learning(&mut apart);
    assert_eq!(acted, expected);
    assert_eq!(updates, 0, "no step was made since the last update");
    assert_eq!(bits(apart.online()), before);
    assert_eq!(apart.counters(), whole.counters());

    // The 50 steps have made 50 updates due. Now the weights change under the actor.
    let mut whole = agent();
    actions(&mut |observation, action| whole.act(observation, action).unwrap());
    let expected = actions(&mut |observation, action| whole.act(observation, action).unwrap());
    let (acted, updates) = actions_while_learning(&mut apart);
    assert_eq!(updates, 50);
    assert_eq!(acted, expected);
    assert_ne!(bits(apart.online()), before);
    assert_eq!(apart.counters().agent_steps, 140);
    assert_eq!(apart.counters().updates, 24 + 50);
}

#[test]
fn the_learner_learns_what_it_would_have_learned_alone() {
    let (mut whole, mut apart) = (agent(), agent());
    for agent in [&mut whole, &mut apart] {
        actions(&mut |observation, action| agent.act(observation, action).unwrap());
    }
    while whole.learn().unwrap().is_some() {}
    let Halves { mut learner, .. } = apart.halves().unwrap().unwrap();
    while learner.learn().unwrap().is_some() {}
    drop(learner);
    assert_eq!(bits(apart.online()), bits(whole.online()));
    assert_eq!(apart.counters(), whole.counters());
}
