//! `deepq-replay` with a model of one's own: plain slices go in and come out, whatever learns from them.
//!
//! ```text
//! cargo run --package deepq-replay --example linear_model
//! ```
//!
//! The task: a ball on a rail of length 1 is pushed left or right, and earns most in the middle. The model is linear in a few
//! features of the position, one row of weights an action, written out by hand.

use std::error::Error;

use deepq_replay::{Batch, End, Layout, NStep, Replay, Transition, TransitionStore, Uniform};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

const DISCOUNT: f64 = 0.9;
const STEPS: usize = 10_000;
const EPISODE: usize = 40;
const FEATURES: usize = 3;
/// How far a push moves the ball.
const PUSH: f32 = 0.05;

/// Values of the two actions: a parabola each.
#[derive(Default)]
struct Model {
    weights: [[f32; FEATURES]; 2],
}

impl Model {
    fn features(position: f32) -> [f32; FEATURES] {
        [1.0, position, position * position]
    }

    fn values(&self, position: f32) -> [f32; 2] {
        let features = Self::features(position);
        self.weights.map(|weights| weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum())
    }

    /// A step of gradient descent on half the squared error.
    fn learn(&mut self, position: f32, action: usize, target: f32) {
        let error = target - self.values(position)[action];
        for (weight, feature) in self.weights[action].iter_mut().zip(Self::features(position)) {
            *weight += 0.02 * error * feature;
        }
    }

    fn greedy(&self, position: f32) -> usize {
        let [left, right] = self.values(position);
        usize::from(right > left)
    }
}

fn uniform(rng: &mut Pcg64) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 24) as f32
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut model = Model::default();
    // ANCHOR: learn
    // Observations of one number, targets over 3 steps.
    let store = TransitionStore::<f32>::new(5_000, &Layout::single(1), NStep::new(3, DISCOUNT)?)?;
    let mut replay = Replay::new(store, Uniform);
    let mut batch = Batch::new();
    let mut position = uniform(&mut rng);
    replay.begin(0, &[position])?;
    for step in 1..=STEPS {
        let action = if uniform(&mut rng) < 0.3 { (rng.next_u32() % 2) as usize } else { model.greedy(position) };
        position = (position + if action == 1 { PUSH } else { -PUSH }).clamp(0.0, 1.0);
        let reward = 1.0 - 4.0 * (position - 0.5).powi(2);
        // Nothing ends by itself here: what is cut off still has a value.
        let end = if step % EPISODE == 0 { End::TRUNCATED } else { End::RUNNING };
        replay.push(0, &Transition { action: action as u32, reward, next_observation: &[position], end })?;
        if end.is_over() {
            position = uniform(&mut rng);
            replay.begin(0, &[position])?;
        }
        if replay.len() < 100 {
            continue;
        }
        replay.sample(16, &mut rng, &mut batch)?;
        for row in 0..batch.len() {
            let [left, right] = model.values(batch.next_observations[row]);
            let target = batch.rewards[row] + batch.discounts[row] * left.max(right);
            model.learn(batch.observations[row], batch.actions[row] as usize, target);
        }
    }
    // ANCHOR_END: learn
    for position in [0.05, 0.25, 0.75, 0.95] {
        let action = ["left", "right"][model.greedy(position)];
        println!("at {position:.2}: {action}, values {:.2?}", model.values(position));
    }
    let right = |position: f32| model.greedy(position) == 1;
    if right(0.1) && right(0.3) && !right(0.7) && !right(0.9) {
        println!("It has learned to go to the middle.");
        Ok(())
    } else {
        Err("it has not learned to go to the middle".into())
    }
}
