//! Every transition is drawn with the probability that the batch says, by the uniform sampler with the same one, and what is
//! drawn depends on the generator alone.

use std::collections::BTreeMap;

use deepq_replay::{
    Batch, Compression, End, FrameStore, Layout, NStep, Replay, Sampler, Store, Transition, TransitionStore, Uniform,
};

use crate::generator::Generator;
use crate::proportional::Proportional;

/// Streams that differ in how much they hold and in the length of their episodes.
fn filled(store: impl Store<u8> + 'static, sampler: impl Sampler + 'static) -> Replay<u8> {
    let mut replay = Replay::new(store, sampler);
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

fn assert_uniform(mut replay: Replay<u8>) {
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

fn stores() -> (FrameStore<u8>, TransitionStore<u8>) {
    let layout = Layout { observation_len: 2, stack: 2, streams: 3 };
    let n_step = NStep::new(2, 0.9).unwrap();
    let frames = FrameStore::new(151, &layout, n_step.clone(), Compression::None).unwrap();
    (frames, TransitionStore::new(80, &layout, n_step).unwrap())
}

#[test]
fn all_transitions_of_all_streams_are_equally_likely() {
    let (frames, transitions) = stores();
    assert_uniform(filled(frames, Uniform));
    assert_uniform(filled(transitions, Uniform));
}

/// Pearson's chi-squared of what is drawn against the probabilities that the batch says.
fn assert_drawn_as_said(mut replay: Replay<u8>) {
    let (mut rng, mut batch) = (Generator::new(2), Batch::new());
    let draws = 1000 * replay.len();
    replay.sample(draws, &mut rng, &mut batch).unwrap();
    let mut counts = BTreeMap::<u64, (f64, f64)>::new();
    for (&id, &probability) in batch.ids.iter().zip(&batch.probabilities) {
        let (count, said) = counts.entry(id).or_insert((0.0, probability));
        *count += 1.0;
        assert_eq!(*said, probability, "of {id}");
    }
    assert_eq!(counts.len(), replay.len(), "transitions were never drawn");
    let said: f64 = counts.values().map(|(_, said)| said).sum();
    assert!((said - 1.0).abs() < 1e-9, "probabilities add up to {said}");
    let expected = |said: f64| said * draws as f64;
    let chi_squared: f64 =
        counts.values().map(|&(count, said)| (count - expected(said)).powi(2) / expected(said)).sum();
    // Its mean is the number of degrees of freedom, its variance twice that.
    let freedom = counts.len() as f64 - 1.0;
    let deviations = (chi_squared - freedom) / (2.0 * freedom).sqrt();
    assert!(deviations.abs() < 4.0, "{chi_squared} with {freedom} degrees of freedom");
}

#[test]
fn transitions_are_drawn_with_the_probabilities_that_a_batch_says() {
    let ((frames, transitions), (of_frames, of_transitions)) = (stores(), stores());
    assert_drawn_as_said(filled(frames, Uniform));
    assert_drawn_as_said(filled(transitions, Uniform));
    for mut replay in [filled(of_frames, Proportional::new(151)), filled(of_transitions, Proportional::new(80))] {
        let store = replay.store();
        let ids: Vec<u64> = (0..store.places()).filter_map(|place| store.at(place)).collect();
        let priorities: Vec<f32> = (1..=ids.len()).map(|priority| priority as f32).collect();
        replay.reprioritise(&ids, &priorities).unwrap();
        assert_drawn_as_said(replay);
    }
}

/// What is drawn from does not grow with what was played.
#[test]
fn a_long_life_makes_no_draw_longer() {
    let layout = Layout { observation_len: 2, stack: 2, streams: 1 };
    let store = FrameStore::<u8>::new(50, &layout, NStep::one(0.9).unwrap(), Compression::None).unwrap();
    let mut replay = Replay::new(store, Uniform);
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
    let mut replay = filled(stores().1, Uniform);
    let mut batch = Batch::new();
    replay.sample(5, &mut Generator::new(1), &mut batch).unwrap();
    let changes: [fn(&mut Batch<u8>); 8] = [
        |batch| batch.observations[0] += 1,
        |batch| batch.actions[0] += 1,
        |batch| batch.rewards[0] += 1.0,
        |batch| batch.discounts[0] += 1.0,
        |batch| batch.next_observations[0] += 1,
        |batch| batch.weights[0] += 1.0,
        |batch| batch.ids[0] += 1,
        |batch| batch.probabilities[0] += 1.0,
    ];
    assert!(batch.clone() == batch);
    for change in changes {
        let mut other = batch.clone();
        change(&mut other);
        assert!(other != batch);
    }
}
