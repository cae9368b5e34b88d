//! What all streams saw and did over a few steps, for agents that learn from it at once and forget it.

use deepq_core::Element;
use deepq_replay::Transition;
use serde::{Deserialize, Serialize};

use crate::lambda_returns;
use crate::targets::BatchShapeError;

/// Steps of all streams, each stream's one after the other: row `stream * steps + t`. Frames stay bytes.
pub(super) struct Rollout<E> {
    pub(super) streams: usize,
    /// Steps of each stream.
    pub(super) steps: usize,
    /// Elements of an observation.
    pub(super) observation_len: usize,
    /// `[rows, len]`: what actions were chosen for.
    observations: Vec<E>,
    /// `[streams, len]`: what the last step led to.
    pub(super) last: Vec<E>,
    pub(super) rows: Rows,
}

/// A rollout without its observations; `[rows]` each, 0 where nothing has happened yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// Steps that actions were chosen for.
    pub(super) acted: usize,
    /// Of each stream, whether it has told what its latest action led to.
    pub(super) told: Vec<bool>,
    pub(super) actions: Vec<u32>,
    pub(super) rewards: Vec<f32>,
    /// What all that follows counts: 0 after a termination or a lost life.
    pub(super) discounts: Vec<f32>,
    /// The value of what the step led to; known once that was looked at.
    pub(super) values: Vec<f32>,
    /// Whether the episode ended with the step.
    pub(super) over: Vec<bool>,
}

impl Rows {
    fn new(streams: usize, steps: usize) -> Self {
        let n = streams * steps;
        Self {
            acted: 0,
            told: vec![true; streams],
            actions: vec![0; n],
            rewards: vec![0.0; n],
            discounts: vec![0.0; n],
            values: vec![0.0; n],
            over: vec![false; n],
        }
    }

    /// Whether they belong to a rollout of this size.
    pub(super) fn fit(&self, streams: usize, steps: usize) -> bool {
        let n = streams * steps;
        let lengths =
            [self.actions.len(), self.rewards.len(), self.discounts.len(), self.values.len(), self.over.len()];
        self.acted <= steps && self.told.len() == streams && lengths == [n; 5]
    }
}

impl<E: Element> Rollout<E> {
    pub(super) fn new(streams: usize, steps: usize, observation_len: usize) -> Self {
        let observations = vec![E::default(); streams * steps * observation_len];
        let last = vec![E::default(); streams * observation_len];
        Self { streams, steps, observation_len, observations, last, rows: Rows::new(streams, steps) }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.rows = Rows::new(self.streams, self.steps);
        self.last.fill(E::default());
    }

    /// Whether every stream has told what its latest action led to.
    pub(super) fn all_told(&self) -> bool {
        self.rows.told.iter().all(|told| *told)
    }

    /// Whether all steps are there.
    pub(super) fn complete(&self) -> bool {
        self.rows.acted == self.steps && self.all_told()
    }

    /// The row of a stream's latest step.
    fn latest(&self, stream: usize) -> usize {
        stream * self.steps + self.rows.acted - 1
    }

    /// Begins a step with what all streams see, one row each, and the values of these observations.
    pub(super) fn begin_step(&mut self, observations: &[E], values: impl Iterator<Item = f32>) {
        let len = self.observation_len;
        for (stream, (observation, value)) in observations.chunks_exact(len).zip(values).enumerate() {
            // Where the episode goes on this is what the step before led to.
            if self.rows.acted > 0 && !self.rows.over[self.latest(stream)] {
                let row = self.latest(stream);
                self.rows.values[row] = value;
            }
            let row = stream * self.steps + self.rows.acted;
            self.observations[row * len..][..len].copy_from_slice(observation);
        }
        self.rows.acted += 1;
        self.rows.told.fill(false);
    }

    /// What a stream's latest action led to. Says whether the value of this observation must be given with
    /// [`set_value`](Self::set_value), because no step begins with it.
    pub(super) fn tell(&mut self, stream: usize, transition: &Transition<'_, E>, reward: f32, discount: f32) -> bool {
        let row = self.latest(stream);
        self.rows.told[stream] = true;
        self.rows.actions[row] = transition.action;
        self.rows.rewards[row] = reward;
        self.rows.discounts[row] = if transition.end.bootstraps() { discount } else { 0.0 };
        self.rows.over[row] = transition.end.is_over();
        if self.rows.acted == self.steps {
            let len = self.observation_len;
            self.last[stream * len..][..len].copy_from_slice(transition.next_observation);
            return false;
        }
        transition.end.is_over() && transition.end.bootstraps()
    }

    /// The value of what a stream's latest action led to.
    pub(super) fn set_value(&mut self, stream: usize, value: f32) {
        let row = self.latest(stream);
        self.rows.values[row] = value;
    }

    /// Q(lambda) targets of all rows, once all values are known.
    pub(super) fn targets(&self, lambda: f32) -> Result<Vec<f32>, BatchShapeError> {
        let Rows { rewards, discounts, values, over, .. } = &self.rows;
        let lambdas: Vec<f32> = over.iter().map(|over| if *over { 0.0 } else { lambda }).collect();
        let mut targets = Vec::with_capacity(rewards.len());
        for stream in 0..self.streams {
            let rows = stream * self.steps..(stream + 1) * self.steps;
            let slices = [rewards, discounts, values, &lambdas].map(|all| &all[rows.clone()]);
            targets.extend(lambda_returns(slices[0], slices[1], slices[2], slices[3])?);
        }
        Ok(targets)
    }

    /// The observations of some rows, one after the other.
    pub(super) fn gather(&self, rows: &[u32]) -> Vec<E> {
        let len = self.observation_len;
        let mut gathered = Vec::with_capacity(rows.len() * len);
        for &row in rows {
            gathered.extend_from_slice(&self.observations[row as usize * len..][..len]);
        }
        gathered
    }

    /// The rows of the steps so far, in order.
    pub(super) fn rows_so_far(&self) -> impl Iterator<Item = usize> + use<E> {
        let (steps, acted) = (self.steps, self.rows.acted);
        (0..self.streams).flat_map(move |stream| (0..acted).map(move |t| stream * steps + t))
    }

    /// Puts an observation back into a row.
    pub(super) fn set_observation(&mut self, row: usize, observation: &[E]) {
        let len = self.observation_len;
        self.observations[row * len..][..len].copy_from_slice(observation);
    }
}

#[cfg(test)]
mod tests {
    use deepq_core::NumpyRng;
    use deepq_replay::{End, Status};

    use super::*;

    const STREAMS: usize = 3;
    const STEPS: usize = 7;
    const DISCOUNT: f32 = 0.9;
    const LAMBDA: f32 = 0.65;

    /// One step of one stream as it was played: an observation's only number is its value.
    struct Played {
        reward: f32,
        end: End,
        led_to: f32,
    }

    /// The target of step `t`, from the words: what follows counts as long as the episode goes on and the rollout lasts.
    fn naive(played: &[Played], t: usize) -> f32 {
        let Played { reward, end, led_to } = played[t];
        let rest = match (end.status, end.life_lost) {
            (Status::Terminated, _) | (_, true) => return reward,
            (Status::Truncated, false) => led_to,
            (Status::Running, false) if t + 1 == played.len() => led_to,
            (Status::Running, false) => (1.0 - LAMBDA) * led_to + LAMBDA * naive(played, t + 1),
        };
        reward + DISCOUNT * rest
    }

    #[test]
    fn targets_are_those_of_each_stream_and_episode_alone() {
        let mut rng = NumpyRng::new(1);
        let lost_and_cut_off = End { status: Status::Truncated, life_lost: true };
        let ends = [End::RUNNING, End::RUNNING, End::LIFE_LOST, End::TERMINATED, End::TRUNCATED, lost_and_cut_off];
        let mut rollout = Rollout::<f32>::new(STREAMS, STEPS, 1);
        for _ in 0..200 {
            let mut played: [Vec<Played>; STREAMS] = Default::default();
            let mut now = [0.0f32; STREAMS].map(|_| rng.random() as f32);
            rollout.clear();
            for t in 0..STEPS {
                assert!(!rollout.complete());
                rollout.begin_step(&now, now.into_iter());
                for (stream, now) in now.iter_mut().enumerate() {
                    let (reward, led_to, end) = (rng.random() as f32, rng.random() as f32, ends[rng.index(ends.len())]);
                    let transition = Transition { action: 0, reward, next_observation: &[led_to], end };
                    let asks = rollout.tell(stream, &transition, reward, DISCOUNT);
                    assert_eq!(asks, end == End::TRUNCATED && t + 1 < STEPS);
                    if asks {
                        rollout.set_value(stream, led_to);
                    }
                    played[stream].push(Played { reward, end, led_to });
                    *now = if end.is_over() { rng.random() as f32 } else { led_to };
                }
            }
            assert!(rollout.complete());
            for stream in 0..STREAMS {
                let value = rollout.last[stream];
                rollout.set_value(stream, value);
            }
            let expected: Vec<f32> = played.iter().flat_map(|of| (0..STEPS).map(|t| naive(of, t))).collect();
            let actual = rollout.targets(LAMBDA).unwrap();
            let close = |(actual, expected): (&f32, &f32)| (actual - expected).abs() < 1e-5;
            assert!(actual.iter().zip(&expected).all(close), "{actual:?} is not {expected:?}");
        }
    }
}
