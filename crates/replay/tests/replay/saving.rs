//! A saved replay goes on as the one that was saved; damage is noticed before anything changes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use deepq_replay::{
    Batch, Chain, Compression, End, FrameStore, Layout, NStep, Replay, ReplayError, Transition, TransitionStore,
    Uniform,
};
use proptest::prelude::*;
use proptest::sample::Index;
use rand_core::Rng;

use crate::generator::Generator;
use crate::play::{Kind, Play};

fn saved(replay: &Replay<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    replay.save(&mut file).unwrap();
    file
}

/// A later sample, which shows contents and their order.
fn sample(replay: &mut Replay<u8>) -> Option<Batch<u8>> {
    let mut batch = Batch::new();
    match replay.sample(50, &mut Generator::new(5), &mut batch) {
        Ok(()) => Some(batch),
        Err(error) => {
            assert!(matches!(error, ReplayError::Empty));
            None
        }
    }
}

pub(crate) fn assert_equal(one: &mut Replay<u8>, other: &mut Replay<u8>) {
    assert_eq!(one.len(), other.len());
    assert!(sample(one) == sample(other));
    assert!(saved(one) == saved(other));
}

/// Links of chains as files.
#[derive(Default)]
pub(crate) struct Files(pub(crate) BTreeMap<u64, Vec<u8>>);

impl Files {
    pub(crate) fn extend(&mut self, chain: &Chain, replay: &Replay<u8>) -> Chain {
        let mut file = Vec::new();
        let next = chain.extend(replay, &mut file).unwrap();
        assert!(self.0.insert(chain.next_number(), file).is_none());
        self.0.retain(|number, _| next.contains(*number));
        next
    }

    pub(crate) fn restore(
        &self,
        numbers: impl IntoIterator<Item = u64>,
        replay: &mut Replay<u8>,
    ) -> Result<(), ReplayError> {
        let mut files = numbers.into_iter().map(|number| {
            let file: Box<dyn Read> = Box::new(Cursor::new(self.0[&number].clone()));
            Ok(file)
        });
        replay.restore(&mut files)
    }
}

proptest! {
    #[test]
    fn a_loaded_replay_goes_on_as_the_saved_one(play in Play::any(), kind in Kind::any(), moment: Index) {
        let (mut replay, mut model) = (play.replay(kind), play.model());
        let moment = moment.index(play.calls.len());
        play.calls[..moment].iter().for_each(|call| call.make(&mut replay, &mut model));

        let file = saved(&replay);
        let mut loaded = play.replay(kind);
        // What it held before does not matter.
        let mut forgotten = play.model();
        play.calls[..moment / 2].iter().for_each(|call| call.make(&mut loaded, &mut forgotten));
        loaded.load(&mut file.as_slice()).unwrap();
        assert_equal(&mut loaded, &mut replay);
        if !matches!(kind, Kind::PackedFrames) {
            prop_assert_eq!(loaded.size_in_bytes(), replay.size_in_bytes());
        }
        let mut model_of_loaded = model.clone();
        for call in &play.calls[moment..] {
            call.make(&mut replay, &mut model);
            call.make(&mut loaded, &mut model_of_loaded);
        }
        assert_equal(&mut loaded, &mut replay);
    }

    #[test]
    fn a_replay_restored_from_its_increments_goes_on_as_the_saved_one(
        play in Play::any(),
        kind in Kind::any(),
        every in 1..60usize,
        failing: [bool; 5],
    ) {
        let (mut replay, mut model) = (play.replay(kind), play.model());
        let (mut files, mut chain) = (Files::default(), Chain::new());
        for (count, calls) in play.calls.chunks(every).enumerate() {
            calls.iter().for_each(|call| call.make(&mut replay, &mut model));
            if failing[count % failing.len()] {
                // A checkpoint that could not be completed: its chain is forgotten.
                chain.extend(&replay, &mut Vec::new()).unwrap();
                continue;
            }
            chain = files.extend(&chain, &replay);
            prop_assert_eq!(files.0.len(), chain.numbers().count());

            // Resume: from here on the restored one plays.
            let mut restored = play.replay(kind);
            files.restore(chain.numbers(), &mut restored).unwrap();
            assert_equal(&mut restored, &mut replay);
            replay = restored;
        }
    }

    /// Compression changes neither samples nor saved bytes, and what the one saved the other loads.
    #[test]
    fn compressed_frames_are_the_same_frames(play in Play::any()) {
        let (mut plain, mut packed) = (play.replay(Kind::Frames), play.replay(Kind::PackedFrames));
        play.calls.iter().fold(play.model(), |mut model, call| { call.make(&mut plain, &mut model); model });
        play.calls.iter().fold(play.model(), |mut model, call| { call.make(&mut packed, &mut model); model });
        assert_equal(&mut plain, &mut packed);
        let mut loaded = play.replay(Kind::PackedFrames);
        loaded.load(&mut saved(&plain).as_slice()).unwrap();
        assert_equal(&mut plain, &mut loaded);
    }

    #[test]
    fn a_missing_increment_is_noticed(play in Play::any(), kind in Kind::any(), every in 1..60usize, missing: Index) {
        let (mut replay, mut model) = (play.replay(kind), play.model());
        let (mut files, mut chain) = (Files::default(), Chain::new());
        for calls in play.calls.chunks(every) {
            calls.iter().for_each(|call| call.make(&mut replay, &mut model));
            chain = files.extend(&chain, &replay);
        }
        let numbers: Vec<u64> = chain.numbers().collect();
        let missing = missing.index(numbers.len());
        let rest = numbers.iter().enumerate().filter(|&(index, _)| index != missing).map(|(_, &number)| number);
        let mut restored = play.replay(kind);
        let before = saved(&restored);
        match files.restore(rest, &mut restored) {
            // The state before the last increment, or one that held nothing which is still there.
            Ok(()) => prop_assert!(missing + 1 == numbers.len() || saved(&restored) == saved(&replay)),
            Err(error) => {
                prop_assert!(matches!(error, ReplayError::Incomplete { .. }), "{}", error);
                prop_assert!(saved(&restored) == before);
            }
        }
    }

    /// Bytes that were changed on purpose, with the right checksums.
    #[test]
    fn no_content_makes_it_panic(
        play in Play::any(),
        kind in Kind::any(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let (mut replay, mut model) = (play.replay(kind), play.model());
        play.calls.iter().for_each(|call| call.make(&mut replay, &mut model));
        let file = changed(&saved(&replay), |payload| {
            changes.iter().for_each(|(index, value)| payload[index.index(payload.len())] = *value);
        });
        let mut loaded = play.replay(kind);
        if loaded.load(&mut file.as_slice()).is_ok() {
            sample(&mut loaded);
            // Calls may be refused, as the other episodes need not be the model's.
            let mut batch = Batch::new();
            for call in &play.calls {
                call.try_make(&mut loaded, &mut model).ok();
                loaded.sample(1, &mut Generator::new(7), &mut batch).ok();
            }
        }
    }
}

/// A file with other contents in its first block, and the right checksum for them.
fn changed(file: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut file = file.to_vec();
    let len = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    change(&mut file[20..20 + len]);
    let checksum = crc32fast::hash(&[&[0; 8], &file[12..16], &file[20..20 + len]].concat());
    file[16..20].copy_from_slice(&checksum.to_le_bytes());
    file
}

pub(crate) fn played(kind: Kind) -> (Play, Replay<u8>) {
    let play = Play::of(60, 300);
    let (mut replay, mut model) = (play.replay(kind), play.model());
    play.calls.iter().for_each(|call| call.make(&mut replay, &mut model));
    (play, replay)
}

#[test]
fn every_flipped_byte_and_every_early_end_is_noticed() {
    for kind in Kind::ALL {
        let (play, mut replay) = played(kind);
        let file = saved(&replay);
        let (mut loaded, mut model) = (play.replay(kind), play.model());
        play.calls[..40].iter().for_each(|call| call.make(&mut loaded, &mut model));
        let before = saved(&loaded);
        for position in 0..file.len() {
            let mut damaged = file.clone();
            damaged[position] ^= 1 << (position % 8);
            assert!(loaded.load(&mut damaged.as_slice()).is_err(), "byte {position} of {}", file.len());
            let cut = loaded.load(&mut &file[..position]);
            assert!(matches!(cut, Err(ReplayError::Damaged { .. })), "cut at {position} of {}", file.len());
        }
        assert!(saved(&loaded) == before);
        loaded.load(&mut file.as_slice()).unwrap();
        assert_equal(&mut loaded, &mut replay);
    }
}

/// Four frames of one episode, whose ages are 0, 1, 2, 3. A frame's age is the last of its record's ten bytes; before the
/// records come nine settings and the first and last number of the entries.
#[test]
fn frames_that_are_older_than_their_episode_are_refused() {
    let n_step = NStep::one(0.9).unwrap();
    let empty = || {
        Replay::new(FrameStore::<u8>::new(10, &Layout::single(1), n_step.clone(), Compression::None).unwrap(), Uniform)
    };
    let mut replay = empty();
    replay.begin(0, &[0]).unwrap();
    let step = Transition { action: 0, reward: 0.0, next_observation: &[0], end: End::RUNNING };
    (0..3).for_each(|_| replay.push(0, &step).unwrap());
    let file = saved(&replay);
    let loaded = |ages: [u8; 4]| {
        let file = changed(&file, |payload| {
            ages.iter().enumerate().for_each(|(i, age)| payload[(9 + 2) * 8 + 10 * i + 9] = *age);
        });
        empty().load(&mut file.as_slice())
    };
    loaded([0, 1, 2, 3]).unwrap();
    for ages in [[0, 1, 2, 2], [0, 2, 3, 4], [1, 2, 3, 4]] {
        assert!(matches!(loaded(ages), Err(ReplayError::Damaged { .. })), "{ages:?}");
    }
}

/// With three-step returns two steps wait at most, and in a running episode alone. What is said of them comes after nine
/// settings and the first and last number of the entries, of which there are none.
#[test]
fn more_steps_than_can_wait_are_refused() {
    let n_step = NStep::new(3, 0.9).unwrap();
    let empty = || Replay::new(TransitionStore::<u8>::new(10, &Layout::single(1), n_step.clone()).unwrap(), Uniform);
    let mut replay = empty();
    replay.begin(0, &[0]).unwrap();
    let step = Transition { action: 0, reward: 0.0, next_observation: &[0], end: End::RUNNING };
    (0..2).for_each(|_| replay.push(0, &step).unwrap());
    let file = saved(&replay);
    let loaded = |running: u8, waiting: u8| {
        let file = changed(&file, |payload| payload[(9 + 2) * 8..][..2].copy_from_slice(&[running, waiting]));
        empty().load(&mut file.as_slice()).map_err(|error| error.to_string())
    };
    loaded(1, 2).unwrap();
    for (running, waiting) in [(1, 3), (0, 2), (0, 1), (2, 2)] {
        let message = loaded(running, waiting).unwrap_err();
        assert!(message.contains("an impossible number of waiting steps"), "{running}, {waiting}: {message}");
    }
}

/// Elements of four bytes, of which a third changes from each frame to the next.
#[test]
fn compressed_frames_of_floats_are_the_same_frames() {
    let file = |compression| {
        let layout = Layout { observation_len: 40, stack: 1, streams: 1 };
        let store = FrameStore::<f32>::new(20, &layout, NStep::one(0.9).unwrap(), compression).unwrap();
        let mut replay = Replay::new(store, Uniform);
        let mut rng = Generator::new(3);
        let mut frame: Vec<f32> = (0..40).map(|_| f32::from_bits(rng.next_u32() >> 2)).collect();
        replay.begin(0, &frame).unwrap();
        for _ in 0..10 {
            frame[..13].iter_mut().for_each(|element| *element = f32::from_bits(rng.next_u32() >> 2));
            let step = Transition { action: 0, reward: 0.0, next_observation: &frame, end: End::RUNNING };
            replay.push(0, &step).unwrap();
        }
        let mut file = Vec::new();
        replay.save(&mut file).unwrap();
        file
    };
    let packed = file(Compression::Lz4);
    assert!(packed == file(Compression::None));
    assert!(packed.len() < 11 * 40 * 4, "{} bytes", packed.len());
}

#[test]
fn other_settings_are_refused() {
    let (play, replay) = played(Kind::Frames);
    let file = saved(&replay);
    let others: [(&str, Play); 4] = [
        ("capacity", Play { capacity: play.capacity + 1, ..play.clone() }),
        ("n_step", Play { n: play.n - 1, ..play.clone() }),
        ("discount", Play { discount: 0.25, ..play.clone() }),
        ("kind", play.clone()),
    ];
    for (expected, other) in others {
        let kind = if expected == "kind" { Kind::Uniform } else { Kind::Frames };
        match other.replay(kind).load(&mut file.as_slice()) {
            Err(ReplayError::Different { key, .. }) => assert_eq!(key, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let words = |kind, file: &[u8]| match played(kind).1.load(&mut &*file) {
        Err(ReplayError::Different { expected, found, .. }) => (expected, found),
        other => panic!("{other:?}"),
    };
    let unknown = changed(&file, |payload| payload[0] = 7);
    assert_eq!(words(Kind::Uniform, &file), ("uniform".to_owned(), "frames".to_owned()));
    assert_eq!(words(Kind::Frames, &unknown), ("frames".to_owned(), "7".to_owned()));
}

/// The first and the last number of the entries come after nine settings.
#[test]
fn entries_that_no_ring_can_hold_are_refused() {
    let n_step = NStep::one(0.9).unwrap();
    let empty = || Replay::new(TransitionStore::<u8>::new(10, &Layout::single(1), n_step.clone()).unwrap(), Uniform);
    let file = saved(&empty());
    let impossible = |first: u64, last: u64| {
        let file = changed(&file, |payload| {
            payload[9 * 8..][..8].copy_from_slice(&first.to_le_bytes());
            payload[10 * 8..][..8].copy_from_slice(&last.to_le_bytes());
        });
        let error = empty().load(&mut file.as_slice()).unwrap_err().to_string();
        error.contains("an impossible number of entries")
    };
    let most = 1 << 60;
    for (first, last) in [(1, 0), (u64::MAX, 3), (0, 11), (most, most + 1)] {
        assert!(impossible(first, last), "{first} to {last}");
    }
    // Refused as well, but because they are not there.
    assert!(!impossible(0, 10) && !impossible(most - 10, most));
}
