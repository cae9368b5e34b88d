//! Agent steps, updates and episodes are counted as they are said to be.

use deepq_agents::{Agent, Clock, Counters, LearningStarts, Schedule, UpdateSpec};

use crate::setup::{Chain, Setup, begin, epsilon, one_hot, play, set_table};

#[test]
fn steps_of_all_streams_count_and_make_updates_due() {
    let learning_starts = LearningStarts::Steps(50);
    let updates = UpdateSpec { learning_starts, update_every: 4, ..Setup::default().updates };
    let mut agent = Setup { updates, streams: 3, ..Setup::default() }.agent();
    let mut chains = [1, 2, 3].map(Chain::new);
    begin(&mut agent, &chains);
    let reports = play(&mut agent, &mut chains, 100);
    let Counters { agent_steps, updates, episodes } = agent.counters();
    // (300 - 50) / 4
    assert_eq!((agent_steps, updates), (300, 62));
    assert_eq!(reports.iter().map(|report| report.update).collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
    assert!((15..200).contains(&episodes), "{episodes}");
}

#[test]
fn updates_report_what_they_did() {
    let mut agent = Setup::default().agent();
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    let reports = play(&mut agent, &mut chains, 2_000);
    let mean = |reports: &[deepq_agents::UpdateReport]| {
        reports.iter().map(|report| report.loss).sum::<f32>() / reports.len() as f32
    };
    assert!(mean(&reports[1_900..]) < 0.1 * mean(&reports[..100]), "the loss falls");
    // All values lie between 0.5 and 1.
    assert_eq!(agent.figures(), ["q_values"]);
    assert!(reports[1_900..].iter().all(|report| (0.4..1.1).contains(&report.figures[0])));
    assert!(reports[..100].iter().all(|report| report.gradient_norm.is_finite() && report.gradient_norm > 0.0));
}

#[test]
fn greedy_actions_are_the_best_ones_and_count_nothing() {
    let agent = Setup::default().agent();
    set_table(agent.online(), &[1.0, 2.0, 5.0, 3.0, 4.0, 4.0, 0.0, -1.0, -2.0, -1.0]);
    let observations: Vec<f32> = (0..Chain::STATES).flat_map(|state| one_hot(state, Chain::STATES)).collect();
    let mut actions = [9; Chain::STATES];
    agent.greedy(&observations, &mut actions).unwrap();
    // Of equal values the lowest action.
    assert_eq!(actions, [1, 0, 0, 0, 1]);
    assert_eq!(agent.counters(), Counters::default());
    assert_eq!(agent.preferences(&one_hot(1, Chain::STATES)).unwrap(), [5.0, 3.0]);
}

#[test]
fn acts_randomly_with_probability_epsilon() {
    let random_actions = |value| {
        let mut agent = Setup { exploration: epsilon(value), ..Setup::default() }.agent();
        set_table(agent.online(), &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        let mut action = [0];
        let observation = one_hot(0, Chain::STATES);
        let act = |_: &u32| {
            agent.act(&observation, &mut action).unwrap();
            action[0] == 1
        };
        (0..10_000u32).filter(act).count()
    };
    assert_eq!(random_actions(0.0), 0);
    // Half of the random ones are the greedy one.
    assert!((1_350..1_650).contains(&random_actions(0.3)));
    assert!((4_800..5_200).contains(&random_actions(1.0)));
}

#[test]
fn exploration_follows_the_agents_own_counters() {
    let exploration = Schedule::Linear { start: 1.0, end: 0.0, from: 0, to: 1_000, hold_until: 0, by: Clock::Step };
    let mut agent = Setup { exploration, ..Setup::default() }.agent();
    set_table(agent.online(), &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let observation = one_hot(0, Chain::STATES);
    let mut random_actions = || {
        let mut action = [0];
        let count = (0..500)
            .filter(|_| {
                agent.act(&observation, &mut action).unwrap();
                action == [1]
            })
            .count();
        (count, agent.exploration())
    };
    // Half of the random ones are the greedy one: 187.5 and 62.5 are expected of the first two.
    let [first, second, third] = [random_actions(), random_actions(), random_actions()];
    assert!((140..235).contains(&first.0) && (30..95).contains(&second.0) && third.0 == 0, "{first:?} {second:?}");
    assert_eq!([first.1, second.1, third.1], [0.5, 0.0, 0.0]);

    let exploration = Schedule::Exponential { start: 1.0, end: 0.0, decay: 10.0, by: Clock::Episode };
    let mut agent = Setup { exploration, ..Setup::default() }.agent();
    let mut chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    play(&mut agent, &mut chains, 300);
    let episodes = agent.counters().episodes as f64;
    assert!(episodes > 5.0);
    assert_eq!(agent.exploration(), (-episodes / 10.0).exp());
}
