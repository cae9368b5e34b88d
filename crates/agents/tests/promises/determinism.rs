//! The same seed gives the same bits, and a restored agent goes on as the saved one would have.

use deepq_agents::{Agent, Dqn, DqnSpec, TargetUpdate};

use crate::setup::{Chain, Setup, begin, fingerprint, play};

fn setup(seed: u64) -> Setup {
    let spec = DqnSpec { double: true, target_update: TargetUpdate::Episodes(3), ..Setup::default().spec };
    Setup { spec, hidden: vec![16], streams: 2, capacity: 60, seed, ..Setup::default() }
}

fn start(seed: u64) -> (Dqn<f32>, [Chain; 2]) {
    let mut agent = setup(seed).agent();
    let chains = [1, 2].map(Chain::new);
    begin(&mut agent, &chains);
    (agent, chains)
}

#[test]
fn one_seed_gives_one_agent() {
    let run = |seed| {
        let (mut agent, mut chains) = start(seed);
        let reports = play(&mut agent, &mut chains, 150);
        (fingerprint(&agent), reports)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0.tensors, run(8).0.tensors);
}

#[test]
fn a_restored_agent_goes_on_to_the_same_bits() {
    let (mut agent, mut chains) = start(1);
    play(&mut agent, &mut chains, 61);
    let state = agent.state().unwrap();
    let mut replay = vec![];
    agent.save_replay(&mut replay).unwrap();
    let mut same_chains = chains.clone();
    let expected = (play(&mut agent, &mut chains, 100), fingerprint(&agent));

    // Into an agent of another seed, which has a life of its own behind it.
    let (mut restored, mut others) = start(2);
    play(&mut restored, &mut others, 77);
    restored.restore(&state).unwrap();
    restored.load_replay(&mut replay.as_slice()).unwrap();
    let actual = (play(&mut restored, &mut same_chains, 100), fingerprint(&restored));
    assert_eq!(actual, expected);
    assert_eq!(same_chains, chains);
}

#[test]
fn a_captured_state_stays_as_it_is() {
    let (mut agent, mut chains) = start(1);
    play(&mut agent, &mut chains, 50);
    let state = agent.state().unwrap();
    let before = fingerprint(&agent);
    play(&mut agent, &mut chains, 50);
    assert_ne!(fingerprint(&agent).tensors, before.tensors);
    agent.restore(&state).unwrap();
    let after = fingerprint(&agent);
    assert_eq!((after.document, after.tensors), (before.document, before.tensors));
}
