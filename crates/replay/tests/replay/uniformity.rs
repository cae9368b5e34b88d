//! Every transition is drawn with the same probability, and what is drawn depends on the generator alone.

use std::collections::BTreeMap;

use deepq_replay::{Batch, Compression, End, FrameReplay, Layout, NStep, Replay, Transition, UniformReplay};

use crate::generator::Generator;

/// Streams that differ in how much they hold and in the length of their episodes.
fn filled(mut replay: impl Replay<u8>) -> impl Replay<u8> {
    let mut action = 0;
    for (stream, (steps, episode)) in [(40, 1), (7, 100), (60, 9)].into_iter().enumerate() {
        for step in 0..steps {
            if step % episode == 0 {
                replay.begin(stream, &[0, 0]).unwrap();
            }
            let end = if (step + 1) % episode == 0 { End::TERMINATED } else { End::RUNNING };
            let newest = (step % episode) as u8;
            let next_observation = [newest, newest + 1];
            let transition = Transition { action, reward: 0.0, next_observation: &next_observation, end };
            replay.push(stream, &transition).unwrap();
            action += 1;
        }
    }
    replay
}

fn assert_uniform(replay: &dyn Replay<u8>) {
    let (mut rng, mut batch) = (Generator::new(1), Batch::new());
    let mut counts = BTreeMap::<u32, u32>::new();
    let draws = 2000 * replay.len();
    replay.sample(draws, &mut rng, &mut batch).unwrap();
    for action in &batch.actions {
        *counts.entry(*action).or_default() += 1;
    }
    assert_eq!(counts.len(), replay.len());
    // Counts are near 2000 with a standard deviation of 44.7; five of them never happen by chance.
    assert!(counts.values().all(|count| count.abs_diff(2000) < 224), "{counts:?}");

    let (mut rng, mut again) = (Generator::new(1), Batch::new());
    replay.sample(draws, &mut rng, &mut again).unwrap();
    assert!(again == batch);
}

#[test]
fn all_transitions_of_all_streams_are_equally_likely() {
    let layout = Layout { observation_len: 2, stack: 2, streams: 3 };
    let n_step = NStep::new(2, 0.9).unwrap();
    assert_uniform(&filled(FrameReplay::new(151, &layout, n_step.clone(), Compression::None).unwrap()));
    assert_uniform(&filled(UniformReplay::new(80, &layout, n_step).unwrap()));
}

/// What is drawn from does not grow with what was played.
#[test]
fn a_long_life_makes_no_draw_longer() {
    let layout = Layout { observation_len: 2, stack: 2, streams: 1 };
    let mut replay = FrameReplay::<u8>::new(50, &layout, NStep::one(0.9).unwrap(), Compression::None).unwrap();
    replay.begin(0, &[0, 0]).unwrap();
    for action in 0..5_000 {
        let transition = Transition { action, reward: 0.0, next_observation: &[0, 0], end: End::RUNNING };
        replay.push(0, &transition).unwrap();
    }
    let mut rng = Generator::new(1);
    replay.sample(1_000, &mut rng, &mut Batch::new()).unwrap();
    assert!(rng.drawn() < 1_100, "{} numbers for 1000 transitions", rng.drawn());
}

/// Batches are the same where every column is.
#[test]
fn batches_differ_where_one_column_does() {
    let layout = Layout { observation_len: 2, stack: 2, streams: 3 };
    let replay = filled(UniformReplay::new(80, &layout, NStep::new(2, 0.9).unwrap()).unwrap());
    let mut batch = Batch::new();
    replay.sample(5, &mut Generator::new(1), &mut batch).unwrap();
    let changes: [fn(&mut Batch<u8>); 6] = [
        |batch| batch.observations[0] += 1,
        |batch| batch.actions[0] += 1,
        |batch| batch.rewards[0] += 1.0,
        |batch| batch.discounts[0] += 1.0,
        |batch| batch.next_observations[0] += 1,
        |batch| batch.weights[0] += 1.0,
    ];
    assert!(batch.clone() == batch);
    for change in changes {
        let mut other = batch.clone();
        change(&mut other);
        assert!(other != batch);
    }
}
