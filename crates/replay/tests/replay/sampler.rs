//! A sampler that remembers something is told everything it needs, and saved whole with the replay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use deepq_replay::{Batch, Chain, Replay, ReplayError, SampleHook, Uniform};
use proptest::prelude::*;

use crate::generator::Generator;
use crate::play::{Kind, Play};
use crate::proportional::Proportional;

fn saved(replay: &Replay<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    replay.save(&mut file).unwrap();
    file
}

/// Draws a batch and gives its transitions new priorities.
fn learn(replay: &mut Replay<u8>, seed: u64) -> Option<Batch<u8>> {
    let mut batch = Batch::new();
    match replay.sample(8, &mut Generator::new(u128::from(seed)), &mut batch) {
        Ok(()) => {
            let priorities: Vec<f32> = (0..8).map(|row| ((seed + row) % 5) as f32).collect();
            replay.reprioritise(&batch.ids, &priorities).unwrap();
            Some(batch)
        }
        Err(error) => {
            assert!(matches!(error, ReplayError::Empty));
            None
        }
    }
}

proptest! {
    #[test]
    fn priorities_are_saved_with_the_replay(play in Play::any(), kind in Kind::any(), every in 1..60usize) {
        let empty = || play.replay_with(kind, Proportional::new(play.capacity));
        let (mut replay, mut model) = (empty(), play.model());
        let (mut files, mut chain) = (Vec::<(u64, Vec<u8>)>::new(), Chain::new());
        for (count, calls) in play.calls.chunks(every).enumerate() {
            calls.iter().for_each(|call| call.make(&mut replay, &mut model));
            learn(&mut replay, count as u64);

            let mut loaded = empty();
            loaded.load(&mut saved(&replay).as_slice()).unwrap();
            prop_assert!(saved(&loaded) == saved(&replay));

            let mut file = Vec::new();
            let next = chain.extend(&replay, &mut file).unwrap();
            files.push((chain.next_number(), file));
            files.retain(|(number, _)| next.contains(*number));
            chain = next;
            let mut restored = empty();
            let mut readers =
                files.iter().map(|(_, file)| Ok(Box::new(file.as_slice()) as Box<dyn std::io::Read + '_>));
            restored.restore(&mut readers).unwrap();
            prop_assert!(saved(&restored) == saved(&replay));

            // From here on the restored one plays, and draws what the saved one would have drawn.
            for seed in 0..3 {
                prop_assert!(learn(&mut restored, seed) == learn(&mut replay, seed));
            }
            replay = restored;
        }
    }
}

fn played() -> (Play, Replay<u8>) {
    let play = Play::of(40, 150);
    let (mut replay, mut model) = (play.replay_with(Kind::Frames, Proportional::new(40)), play.model());
    play.calls.iter().for_each(|call| call.make(&mut replay, &mut model));
    learn(&mut replay, 1);
    (play, replay)
}

#[test]
fn a_saved_state_is_given_back_to_a_sampler_of_the_same_name_alone() {
    let (play, replay) = played();
    let (mut uniform, mut model) = (play.replay(Kind::Frames), play.model());
    play.calls.iter().for_each(|call| call.make(&mut uniform, &mut model));
    let before = saved(&uniform);

    let error = uniform.load(&mut saved(&replay).as_slice()).unwrap_err();
    assert!(error.to_string().contains("sampler = proportional 1"), "{error}");
    assert!(saved(&uniform) == before);
    let mut proportional = play.replay_with(Kind::Frames, Proportional::new(40));
    let error = proportional.load(&mut before.as_slice()).unwrap_err();
    assert!(matches!(error, ReplayError::Different { key: "sampler", .. }), "{error}");
}

#[test]
fn every_flipped_byte_and_every_early_end_of_a_state_is_noticed() {
    let (play, replay) = played();
    let file = saved(&replay);
    let mut loaded = play.replay_with(Kind::Frames, Proportional::new(40));
    let before = saved(&loaded);
    for position in 0..file.len() {
        let mut damaged = file.clone();
        damaged[position] ^= 1 << (position % 8);
        assert!(loaded.load(&mut damaged.as_slice()).is_err(), "byte {position} of {}", file.len());
        assert!(loaded.load(&mut &file[..position]).is_err(), "cut at {position} of {}", file.len());
    }
    assert!(saved(&loaded) == before);
    // A state that a sampler refuses: that of a table of another size.
    let mut other = play.replay_with(Kind::Frames, Proportional::new(39));
    assert!(matches!(other.load(&mut file.as_slice()), Err(ReplayError::Damaged { .. })));
    assert!(other.is_empty());
}

/// What a replay without a sampler's state writes has not changed since there are samplers.
#[test]
fn a_sampler_without_a_state_leaves_no_trace() {
    let (play, replay) = played();
    let (mut uniform, mut model) = (play.replay(Kind::Frames), play.model());
    play.calls.iter().for_each(|call| call.make(&mut uniform, &mut model));
    let (with, without) = (saved(&replay), saved(&uniform));
    assert_eq!((&with[8..12], &without[8..12]), (&2_u32.to_le_bytes()[..], &1_u32.to_le_bytes()[..]));
    // Two lengths, the name, and twelve bytes a slot.
    assert_eq!(with.len() - without.len(), 8 + 14 + 8 + 12 * 40);
    assert_eq!(replay.size_in_bytes() - uniform.size_in_bytes(), 16 * 40);
}

#[test]
fn priorities_are_checked_whatever_the_sampler() {
    let (play, mut proportional) = played();
    let mut uniform = play.replay_with(Kind::Frames, Uniform);
    for replay in [&mut proportional, &mut uniform] {
        let before = saved(replay);
        assert!(replay.reprioritise(&[], &[]).is_ok());
        let error = replay.reprioritise(&[1, 2], &[1.0]).unwrap_err();
        assert!(matches!(error, ReplayError::Priorities { ids: 2, priorities: 1 }), "{error}");
        for priority in [-1.0, f32::NAN, f32::INFINITY] {
            let error = replay.reprioritise(&[1, 2], &[1.0, priority]).unwrap_err();
            assert!(matches!(error, ReplayError::Priority { .. }), "{error}");
        }
        // Ids that are gone, or never were, are passed over.
        replay.reprioritise(&[0, u64::MAX], &[0.0, 1.0]).unwrap();
        assert!(saved(replay) == before);
    }
}

/// Of ids that are named twice the last priority counts.
#[test]
fn new_priorities_change_what_is_drawn() {
    let (_, mut replay) = played();
    let mut batch = Batch::new();
    replay.sample(8, &mut Generator::new(1), &mut batch).unwrap();
    let id = batch.ids[0];
    replay.reprioritise(&[id, id], &[0.0, 1e9]).unwrap();
    replay.sample(100, &mut Generator::new(2), &mut batch).unwrap();
    assert!(batch.ids.iter().all(|drawn| *drawn == id));
    assert!(batch.probabilities.iter().all(|probability| (0.999..=1.0).contains(probability)));
}

#[test]
fn a_hook_is_told_of_each_sample_also_of_one_that_fails() {
    struct Count([Arc<AtomicU32>; 2]);
    impl SampleHook for Count {
        fn before(&mut self) {
            self.0[0].fetch_add(1, Ordering::Relaxed);
        }

        fn after(&mut self) {
            assert_eq!(self.0[0].load(Ordering::Relaxed), self.0[1].fetch_add(1, Ordering::Relaxed) + 1);
        }
    }
    let counts: [Arc<AtomicU32>; 2] = Default::default();
    let play = Play::of(40, 150);
    let mut replay = play.replay(Kind::Uniform).with_hook(Count(counts.clone()));
    assert!(replay.sample(1, &mut Generator::new(1), &mut Batch::new()).is_err());
    let mut model = play.model();
    play.calls.iter().for_each(|call| call.make(&mut replay, &mut model));
    replay.sample(1, &mut Generator::new(1), &mut Batch::new()).unwrap();
    assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [2, 2]);
}
