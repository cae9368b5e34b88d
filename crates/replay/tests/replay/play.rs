//! Random play, given to a replay and to the model alike.

use std::collections::BTreeMap;

use deepq_replay::{
    Batch, Compression, End, FrameStore, Layout, NStep, Replay, ReplayError, Sampler, Status, Transition,
    TransitionStore, Uniform,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::generator::Generator;
use crate::model::{Model, Row};

/// The replays that there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Uniform,
    Frames,
    PackedFrames,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Uniform, Self::Frames, Self::PackedFrames];

    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop::sample::select(&Self::ALL)
    }
}

/// A call for one of the streams: whatever it is waiting for.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    stream: usize,
    /// Frames of a first observation; the last one is also that of a step.
    frames: Vec<u8>,
    first: First,
    reward: i8,
    end: End,
}

/// The older frames of a first observation.
#[derive(Clone, Copy, Debug)]
enum First {
    Repeated,
    Zeros,
    Different,
}

/// A replay's settings and the calls that it gets.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) capacity: usize,
    pub(crate) layout: Layout,
    pub(crate) n: usize,
    pub(crate) discount: f32,
    pub(crate) calls: Vec<Call>,
}

pub(crate) const FRAME_LEN: usize = 40;
const MAX_STACK: usize = 5;

impl Play {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let sizes = (1..=MAX_STACK, 1..=3usize, 1..=4usize, 0..40usize);
        // Powers of two keep the sums exact, whatever their order.
        let discount = prop_oneof![Just(0.0), Just(0.5), Just(1.0)];
        // Quiet play with long episodes up to play in which almost every step is an end.
        let ends = prop_oneof![Just(2), Just(10), Just(100)];
        (sizes, discount, ends).prop_flat_map(|((stack, streams, n, extra), discount, running)| {
            let layout = Layout { observation_len: stack * FRAME_LEN, stack, streams };
            let capacity = streams * (stack + n) + extra;
            let calls = prop::collection::vec(Call::any(streams, running), 1..400);
            calls.prop_map(move |calls| Self { capacity, layout, n, discount, calls })
        })
    }

    /// A long play with two streams and a stack of 3, always the same.
    pub(crate) fn of(capacity: usize, calls: usize) -> Self {
        let layout = Layout { observation_len: 3 * FRAME_LEN, stack: 3, streams: 2 };
        let calls = prop::collection::vec(Call::any(2, 30), calls).new_tree(&mut TestRunner::deterministic());
        Self { capacity, layout, n: 3, discount: 0.5, calls: calls.unwrap().current() }
    }

    pub(crate) fn replay(&self, kind: Kind) -> Replay<u8> {
        self.replay_with(kind, Uniform)
    }

    pub(crate) fn replay_with(&self, kind: Kind, sampler: impl Sampler + 'static) -> Replay<u8> {
        let n_step = NStep::new(self.n, f64::from(self.discount)).unwrap();
        let frames = |compression| FrameStore::new(self.capacity, &self.layout, n_step.clone(), compression).unwrap();
        match kind {
            Kind::Uniform => Replay::new(TransitionStore::new(self.capacity, &self.layout, n_step).unwrap(), sampler),
            Kind::Frames => Replay::new(frames(Compression::None), sampler),
            Kind::PackedFrames => Replay::new(frames(Compression::Lz4), sampler),
        }
    }

    pub(crate) fn model(&self) -> Model {
        Model::new(self.capacity, self.layout, self.n, self.discount)
    }
}

impl Call {
    fn any(streams: usize, running: u32) -> impl Strategy<Value = Self> {
        let first = prop_oneof![3 => Just(First::Repeated), 1 => Just(First::Zeros), 1 => Just(First::Different)];
        let end = prop_oneof![
            running => Just(End::RUNNING),
            1 => Just(End::LIFE_LOST),
            1 => Just(End::TERMINATED),
            1 => Just(End::TRUNCATED),
            1 => (prop_oneof![Just(Status::Terminated), Just(Status::Truncated)]).prop_map(|status| End { status, life_lost: true })
        ];
        // Few values, so that frames often equal one another.
        let frames = prop::collection::vec(0..4u8, MAX_STACK);
        (0..streams, frames, first, -8..8i8, end).prop_map(|(stream, frames, first, reward, end)| Self {
            stream,
            frames,
            first,
            reward,
            end,
        })
    }

    /// Makes the call on both.
    pub(crate) fn make(&self, replay: &mut Replay<u8>, model: &mut Model) {
        self.try_make(replay, model).unwrap();
    }

    /// Makes the call on the model, and on a replay that need not be in the same state.
    pub(crate) fn try_make(&self, replay: &mut Replay<u8>, model: &mut Model) -> Result<(), ReplayError> {
        let newest = self.frames[MAX_STACK - 1];
        if model.running(self.stream) {
            let reward = f32::from(self.reward) / 4.0;
            let (action, next_observation) = model.push(self.stream, &frame(newest), reward, self.end);
            let transition = Transition { action, reward, next_observation: &next_observation, end: self.end };
            replay.push(self.stream, &transition)
        } else {
            let older = &self.frames[MAX_STACK - model.layout.stack..];
            let frames = older.iter().enumerate().map(|(index, &older)| match self.first {
                _ if index + 1 == model.layout.stack => newest,
                First::Repeated => newest,
                First::Zeros => 0,
                First::Different => older,
            });
            let observation: Vec<u8> = frames.flat_map(frame).collect();
            model.begin(self.stream, &observation);
            replay.begin(self.stream, &observation)
        }
    }
}

/// Frames that can be packed in each way: a flat one, the same with a changed pixel, noise, and the same with a changed
/// pixel.
fn frame(value: u8) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    if value >= 2 {
        let noise = |index: usize| (index as u32).wrapping_mul(0x9e37_79b9) >> 11;
        frame.iter_mut().enumerate().for_each(|(index, pixel)| *pixel = noise(index) as u8);
    }
    frame[usize::from(value) * 7] = value;
    frame
}

/// Asserts that sampling gives exactly the rows of the model: each sampled row is one of them, and each is sampled.
pub(crate) fn assert_same(replay: &mut Replay<u8>, rows: &BTreeMap<u32, Row>, batch: &mut Batch<u8>, seed: u64) {
    let mut rng = Generator::new(u128::from(seed));
    assert_eq!(replay.len(), rows.len());
    assert_eq!(replay.is_empty(), rows.is_empty());
    if rows.is_empty() {
        assert!(matches!(replay.sample(1, &mut rng, batch), Err(ReplayError::Empty)));
        return;
    }
    let mut missing: Vec<u32> = rows.keys().copied().collect();
    // Each of the rows stays unseen with a probability below e^-40.
    for _ in 0..rows.len() {
        assert!(replay.sample(40, &mut rng, batch).is_ok());
        assert_eq!(batch.len(), 40);
        for row in 0..40 {
            let sampled = row_of(batch, row);
            assert_eq!(Some(&sampled), rows.get(&batch.actions[row]), "action {}", batch.actions[row]);
            assert_eq!(batch.weights[row], 1.0);
        }
        missing.retain(|action| !batch.actions.contains(action));
    }
    assert!(missing.is_empty(), "never sampled: {missing:?}");
}

/// A row as the model has it.
pub(crate) fn row_of(batch: &Batch<u8>, row: usize) -> Row {
    let len = batch.observations.len() / batch.len();
    Row {
        observation: batch.observations[row * len..(row + 1) * len].to_vec(),
        reward: batch.rewards[row],
        discount: batch.discounts[row],
        next_observation: batch.next_observations[row * len..(row + 1) * len].to_vec(),
    }
}
