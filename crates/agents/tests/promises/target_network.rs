//! The target network follows the online network when the rule says so, and only then.

use deepq_agents::{Agent, Dqn, DqnSpec, TargetUpdate, UpdateSpec};

use crate::setup::{Chain, Setup, begin, bits, play};

fn agent(target_update: TargetUpdate, update_every: u64) -> (Dqn<f32>, [Chain; 1]) {
    let spec = DqnSpec { target_update, ..Setup::default().spec };
    let updates = UpdateSpec { update_every, ..Setup::default().updates };
    let mut agent = Setup { spec, updates, ..Setup::default() }.agent();
    let chains = [Chain::new(1)];
    begin(&mut agent, &chains);
    (agent, chains)
}

fn equal(agent: &Dqn<f32>) -> bool {
    bits(agent.online()) == bits(agent.target().unwrap())
}

#[test]
fn starts_as_a_copy() {
    assert!(equal(&agent(TargetUpdate::Updates(3), 1).0));
}

#[test]
fn follows_after_every_third_update() {
    let (mut agent, mut chains) = agent(TargetUpdate::Updates(3), 1);
    let initial = bits(agent.online());
    assert!(play(&mut agent, &mut chains, 16).is_empty());
    for update in 1..=7 {
        let report = &play(&mut agent, &mut chains, 1)[0];
        assert_eq!((report.update, report.target_copied), (update, update % 3 == 0));
        assert_eq!(equal(&agent), update % 3 == 0);
        assert_eq!(bits(agent.target().unwrap()) == initial, update < 3);
    }
}

#[test]
fn follows_with_every_tenth_agent_step() {
    // An update at steps 20, 24, 28, ...; copies at steps 10 and 20, and at 30 although there is no update.
    let (mut agent, mut chains) = agent(TargetUpdate::Steps(10), 4);
    for step in 1..=40u64 {
        let reports = play(&mut agent, &mut chains, 1);
        assert_eq!(reports.len(), usize::from(step > 16 && step % 4 == 0));
        assert_eq!(reports.iter().any(|report| report.target_copied), step == 20 || step == 40, "step {step}");
        assert_eq!(equal(&agent), step < 24 || (30..32).contains(&step) || step == 40, "step {step}");
    }
}

#[test]
fn follows_with_every_second_episode() {
    let (mut agent, mut chains) = agent(TargetUpdate::Episodes(2), 1);
    let mut copies = 0;
    for _ in 0..300 {
        let before = agent.counters().episodes;
        let copied = play(&mut agent, &mut chains, 1).iter().any(|report| report.target_copied);
        let episodes = agent.counters().episodes;
        let due = episodes > before && episodes % 2 == 0;
        assert_eq!(copied, due && agent.counters().updates > 0);
        assert!(!due || equal(&agent));
        copies += u32::from(copied);
    }
    assert!(copies > 10);
}

#[test]
fn moves_by_tau() {
    let (mut agent, mut chains) = agent(TargetUpdate::Polyak { tau: 0.25, updates: 1 }, 1);
    play(&mut agent, &mut chains, 16);
    for _ in 0..5 {
        let before = bits(agent.target().unwrap());
        assert!(play(&mut agent, &mut chains, 1)[0].target_copied);
        let (online, after) = (bits(agent.online()), bits(agent.target().unwrap()));
        for ((before, online), after) in before.into_iter().zip(online).zip(after) {
            let [before, online, after] = [before, online, after].map(f32::from_bits);
            assert!((after - (0.75 * before + 0.25 * online)).abs() < 1e-6);
        }
    }
}

#[test]
fn there_is_none_if_it_never_follows() {
    let (mut agent, mut chains) = agent(TargetUpdate::None, 1);
    assert!(agent.target().is_none());
    assert!(play(&mut agent, &mut chains, 50).iter().all(|report| !report.target_copied));
}
