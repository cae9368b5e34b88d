//! What a replay takes is known before it is made, and what is impossible is refused.

use deepq_replay::{
    Batch, Compression, End, FrameStore, Layout, NStep, Replay, ReplayError, ReplayKind, ReplaySpec, Transition,
    Uniform,
};
use rand_core::Rng;
use rand_pcg::Pcg64;

const ATARI: Layout = Layout { observation_len: 4 * 84 * 84, stack: 4, streams: 2 };

fn spec(kind: ReplayKind, capacity: usize) -> ReplaySpec {
    ReplaySpec { kind, capacity, n_step: 3, compression: Compression::None }
}

#[test]
fn a_full_replay_takes_what_was_planned() {
    for kind in [ReplayKind::Uniform, ReplayKind::Frames] {
        let spec = spec(kind, 64);
        let planned = spec.planned_bytes::<u8>(&ATARI).unwrap();
        assert_eq!(spec.expected_bytes::<u8>(&ATARI).unwrap(), planned);
        let mut replay = spec.build::<u8>(&ATARI, 0.99).unwrap();
        let observation = vec![1; ATARI.observation_len];
        assert!(replay.size_in_bytes() < planned);
        for stream in 0..2 {
            replay.begin(stream, &observation).unwrap();
            for _ in 0..40 {
                let step = Transition { action: 1, reward: 0.5, next_observation: &observation, end: End::RUNNING };
                replay.push(stream, &step).unwrap();
            }
        }
        assert_eq!(replay.size_in_bytes(), planned);
    }
}

/// Frames that cannot be packed, and the same frame again and again.
#[test]
fn a_compressed_replay_takes_at_most_what_was_planned() {
    let spec = ReplaySpec { compression: Compression::Lz4, ..spec(ReplayKind::Frames, 1000) };
    let planned = spec.planned_bytes::<u8>(&ATARI).unwrap();
    let expected = spec.expected_bytes::<u8>(&ATARI).unwrap();
    let filled = |noise: bool| {
        let mut rng = Pcg64::new(1, 1);
        let mut replay = spec.build::<u8>(&ATARI, 0.99).unwrap();
        let mut observation = vec![0; ATARI.observation_len];
        let mut most = 0;
        for stream in 0..2 {
            replay.begin(stream, &observation).unwrap();
            for _ in 0..1500 {
                observation.copy_within(84 * 84.., 0);
                if noise {
                    rng.fill_bytes(&mut observation[3 * 84 * 84..]);
                }
                let step = Transition { action: 1, reward: 0.5, next_observation: &observation, end: End::RUNNING };
                replay.push(stream, &step).unwrap();
                most = most.max(replay.size_in_bytes());
            }
            observation.fill(0);
        }
        most
    };
    let (noisy, still) = (filled(true), filled(false));
    assert!(noisy <= planned && noisy > planned * 9 / 10, "{noisy} of {planned} bytes");
    // A chunk or two for each stream, records, buffers.
    assert!(still < 500_000 && still < expected && expected < planned / 6, "{still} of {expected} bytes");
}

#[test]
fn what_is_impossible_is_refused() {
    let key = |result: Result<u64, ReplayError>| match result {
        Err(ReplayError::Setting { key, .. }) => key,
        Err(ReplayError::OutOfMemory { .. }) => "memory",
        _ => "nothing",
    };
    let frames = |capacity, layout: Layout| key(spec(ReplayKind::Frames, capacity).planned_bytes::<u8>(&layout));
    assert_eq!(frames(500_000, ATARI), "nothing");
    assert_eq!(frames(13, ATARI), "capacity");
    assert_eq!(frames(usize::MAX, ATARI), "memory");
    assert_eq!(frames(500, Layout { stack: 3, ..ATARI }), "nothing");
    assert_eq!(frames(500, Layout { stack: 5, ..ATARI }), "stack");
    assert_eq!(frames(500, Layout { stack: 0, ..ATARI }), "stack");
    assert_eq!(frames(500_000, Layout { stack: 256, observation_len: 256, streams: 1 }), "stack");
    assert_eq!(frames(500, Layout { streams: 0, ..ATARI }), "streams");
    assert_eq!(frames(500, Layout { observation_len: 0, ..ATARI }), "observation_len");

    let uniform = |capacity, layout: Layout| key(spec(ReplayKind::Uniform, capacity).planned_bytes::<f32>(&layout));
    assert_eq!(uniform(1, Layout::single(4)), "nothing");
    assert_eq!(uniform(0, Layout::single(4)), "capacity");
    assert_eq!(uniform(10, Layout::single(usize::MAX)), "memory");
    let packed = |kind, layout| {
        key(ReplaySpec { compression: Compression::Lz4, ..spec(kind, 500) }.planned_bytes::<u8>(&layout))
    };
    assert_eq!(packed(ReplayKind::Frames, ATARI), "nothing");
    assert_eq!(packed(ReplayKind::Uniform, ATARI), "compression");
    assert_eq!(packed(ReplayKind::Frames, Layout::single(1 << 30)), "compression");
    assert_eq!(packed(ReplayKind::Frames, Layout::single((1 << 30) - 1)), "nothing");
    let huge = ReplaySpec { compression: Compression::Lz4, ..spec(ReplayKind::Frames, usize::MAX) };
    assert_eq!(key(huge.planned_bytes::<u8>(&ATARI)), "memory");
    assert_eq!(key(ReplaySpec { n_step: 0, ..spec(ReplayKind::Uniform, 10) }.planned_bytes::<u8>(&ATARI)), "n_step");
}

#[test]
fn more_memory_than_there_is_is_an_error() {
    // Can be addressed, but no machine has it.
    let layout = Layout { observation_len: 1 << 40, stack: 1, streams: 1 };
    for kind in [ReplayKind::Uniform, ReplayKind::Frames] {
        let spec = spec(kind, 1 << 20);
        assert!(spec.planned_bytes::<u8>(&layout).is_ok());
        assert!(matches!(spec.build::<u8>(&layout, 0.9), Err(ReplayError::OutOfMemory { .. })));
    }
}

#[test]
fn a_batch_of_impossible_size_is_an_error() {
    let mut replay = spec(ReplayKind::Uniform, 10).build::<u8>(&Layout::single(1000), 0.9).unwrap();
    replay.begin(0, &[0; 1000]).unwrap();
    replay.push(0, &Transition { action: 0, reward: 0.0, next_observation: &[0; 1000], end: End::TERMINATED }).unwrap();
    let mut batch = Batch::new();
    let result = replay.sample(1 << 50, &mut Pcg64::new(0, 0), &mut batch);
    assert!(matches!(result, Err(ReplayError::OutOfMemory { .. })));
}

/// Extended data table 1: "replay memory size 1000000".
#[test]
fn the_replay_of_2015_holds_a_million_frames() {
    let spec = ReplaySpec::nature_2015();
    let unpacked = ReplaySpec { n_step: 1, ..self::spec(ReplayKind::Frames, 1_000_000) };
    assert_eq!(spec, ReplaySpec { compression: Compression::Lz4, ..unpacked.clone() });
    let gigabytes = |spec: &ReplaySpec| spec.expected_bytes::<u8>(&ATARI).unwrap() as f64 / 1e9;
    assert!((7.0..7.1).contains(&gigabytes(&unpacked)), "{} GB", gigabytes(&unpacked));
    assert!(gigabytes(&spec) < 0.5, "{} GB", gigabytes(&spec));
}

#[test]
fn an_unknown_setting_is_refused() {
    let read = |json| serde_json::from_str::<ReplaySpec>(json);
    assert_eq!(read(r#"{ "kind": "frames", "capacity": 9, "n_step": 3 }"#).unwrap(), spec(ReplayKind::Frames, 9));
    assert_eq!(read(r#"{ "kind": "uniform", "capacity": 9 }"#).unwrap().n_step, 1);
    let packed = read(r#"{ "kind": "frames", "capacity": 9, "compression": "lz4" }"#).unwrap();
    assert_eq!(packed.compression, Compression::Lz4);
    assert!(read(r#"{ "kind": "uniform", "capacity": 9, "nstep": 3 }"#).is_err());
    assert!(read(r#"{ "kind": "prioritized", "capacity": 9 }"#).is_err());
}

/// Calls that break the order of episodes change nothing.
#[test]
fn calls_out_of_order_are_refused() {
    let layout = Layout { observation_len: 4, stack: 2, streams: 1 };
    let store = FrameStore::<u8>::new(50, &layout, NStep::one(0.9).unwrap(), Compression::None).unwrap();
    let mut replay = Replay::new(store, Uniform);
    let step = |next_observation, end| Transition { action: 0, reward: 0.0, next_observation, end };
    assert!(matches!(replay.push(0, &step(&[0; 4], End::RUNNING)), Err(ReplayError::NoEpisode { stream: 0 })));
    assert!(matches!(replay.begin(1, &[0; 4]), Err(ReplayError::Stream { stream: 1, streams: 1 })));
    assert!(matches!(replay.begin(0, &[0; 3]), Err(ReplayError::ObservationLength { expected: 4, found: 3 })));
    replay.begin(0, &[1, 2, 3, 4]).unwrap();
    assert!(matches!(replay.begin(0, &[0; 4]), Err(ReplayError::EpisodeRunning { stream: 0 })));
    assert!(matches!(replay.push(0, &step(&[1, 2, 5, 6], End::RUNNING)), Err(ReplayError::NotAStack { stream: 0 })));
    replay.push(0, &step(&[3, 4, 5, 6], End::TRUNCATED)).unwrap();
    assert!(matches!(replay.push(0, &step(&[5, 6, 7, 8], End::RUNNING)), Err(ReplayError::NoEpisode { stream: 0 })));
    assert_eq!(replay.len(), 1);
}
