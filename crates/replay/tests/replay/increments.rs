//! Increments: a replay of gigabytes is saved by what is new of it, and each increment is needed exactly as long as it is.

use deepq_replay::{
    Chain, Compression, End, FrameStore, Layout, Mark, NStep, Replay, ReplayError, Transition, TransitionStore, Uniform,
};

use crate::play::{Kind, Play};
use crate::saving::{Files, assert_equal, played};

#[test]
fn increments_out_of_order_are_refused() {
    for kind in Kind::ALL {
        let play = Play::of(1000, 300);
        let (mut replay, mut model) = (play.replay(kind), play.model());
        let (mut files, mut chain) = (Files::default(), Chain::new());
        for calls in play.calls.chunks(100) {
            calls.iter().for_each(|call| call.make(&mut replay, &mut model));
            chain = files.extend(&chain, &replay);
        }
        assert!(chain.numbers().eq(0..3));
        for numbers in [[0, 0, 1], [1, 0, 2], [0, 2, 1]] {
            let error = files.restore(numbers, &mut play.replay(kind)).unwrap_err();
            assert!(matches!(error, ReplayError::Incomplete { .. }), "{kind:?} {numbers:?}: {error}");
        }
        files.restore(0..3, &mut play.replay(kind)).unwrap();
    }
}

#[test]
fn a_chain_writes_only_what_is_new_and_stays_short() {
    for kind in Kind::ALL {
        let play = Play::of(6000, 20_000);
        let (mut replay, mut model) = (play.replay(kind), play.model());
        let (mut files, mut chain) = (Files::default(), Chain::new());
        for (count, calls) in play.calls.chunks(10).enumerate() {
            calls.iter().for_each(|call| call.make(&mut replay, &mut model));
            chain = files.extend(&chain, &replay);
            let newest = files.0.last_key_value().map_or(0, |(_, file)| file.len());
            // Ten calls and what is written again, less than a 256th of the capacity: 23 entries. A lost life completes
            // several transitions.
            let entry = if matches!(kind, Kind::Uniform) { 2 * 3 * 40 + 12 } else { 40 + 14 };
            assert!(newest < 500 + 40 * entry, "{newest} bytes");
            assert!(files.0.len() <= 2 * 256 + 2, "{} files", files.0.len());
            if count % 200 == 199 {
                let mut restored = play.replay(kind);
                files.restore(chain.numbers(), &mut restored).unwrap();
                assert_equal(&mut restored, &mut replay);
            }
        }
    }
}

/// Of ten places: what was written first is needed until the tenth entry after it.
#[test]
fn an_increment_is_needed_until_its_last_entry_is_overwritten() {
    let (layout, n_step) = (Layout::single(1), NStep::one(0.9).unwrap());
    let replays: [(Replay<u8>, usize); 2] = [
        (Replay::new(TransitionStore::new(10, &layout, n_step.clone()).unwrap(), Uniform), 10),
        // An episode's first observation is an entry, too.
        (Replay::new(FrameStore::new(10, &layout, n_step, Compression::None).unwrap(), Uniform), 9),
    ];
    for (mut replay, first) in replays {
        let step = Transition { action: 0, reward: 0.0, next_observation: &[0], end: End::RUNNING };
        replay.begin(0, &[0]).unwrap();
        (0..first).for_each(|_| replay.push(0, &step).unwrap());
        let increment = replay.save_since(&Mark::start(), &mut Vec::new()).unwrap();
        assert_eq!(increment.entries(), 10);
        (0..9).for_each(|_| replay.push(0, &step).unwrap());
        assert!(replay.needs(&increment));
        replay.push(0, &step).unwrap();
        assert!(!replay.needs(&increment));
    }
}

/// Of a capacity of 512 that share is two entries.
#[test]
fn increments_of_less_than_a_256th_of_the_capacity_are_written_again() {
    let n_step = NStep::one(0.9).unwrap();
    let store = TransitionStore::<u8>::new(512, &Layout::single(1), n_step).unwrap();
    let mut replay = Replay::new(store, Uniform);
    replay.begin(0, &[0]).unwrap();
    let mut chain = Chain::new();
    for (steps, numbers) in [(2, vec![0]), (1, vec![0, 1]), (1, vec![0, 2]), (1, vec![0, 2, 3])] {
        for _ in 0..steps {
            let step = Transition { action: 0, reward: 0.0, next_observation: &[0], end: End::RUNNING };
            replay.push(0, &step).unwrap();
        }
        chain = chain.extend(&replay, &mut Vec::new()).unwrap();
        assert_eq!(chain.numbers().collect::<Vec<_>>(), numbers);
    }
}

#[test]
fn a_mark_of_another_replay_is_refused() {
    let (_, replay) = played(Kind::Frames);
    let (_, other) = played(Kind::Uniform);
    assert!(matches!(replay.save_since(&other.mark(), &mut Vec::new()), Err(ReplayError::ForeignMark)));
    let (play, _) = played(Kind::Frames);
    let future = replay.mark();
    assert!(matches!(play.replay(Kind::Frames).save_since(&future, &mut Vec::new()), Err(ReplayError::ForeignMark)));
}
