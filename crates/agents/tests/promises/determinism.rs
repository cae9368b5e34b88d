//! The same seed gives the same bits, and another one others.

use deepq_agents::{Dqn, DqnSpec, TargetUpdate};

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
