//! Exploration: a random action with probability epsilon, the best one otherwise.

use std::ops::RangeInclusive;

use deepq_core::NumpyRng;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{Counters, Schedule, SpecError};

/// Epsilon-greedy exploration over a stream of randomness of its own.
///
/// Each choice draws once whether to explore, and only when exploring once more, for the action. The draws never depend
/// on Q-values, so that the network need not be asked where the choice is random anyway.
///
/// Watkins 1989; [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 2.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpsilonGreedy {
    epsilon: Schedule,
    rng: NumpyRng,
}

/// Epsilon is a probability.
const PROBABILITIES: RangeInclusive<f64> = 0.0..=1.0;

impl EpsilonGreedy {
    /// Explores with the probability that `epsilon` says.
    ///
    /// # Errors
    ///
    /// If the schedule leaves the range 0 to 1.
    pub fn new(epsilon: Schedule, rng: NumpyRng) -> Result<Self, SpecError> {
        Self::check(&epsilon)?;
        Ok(Self { epsilon, rng })
    }

    /// Whether it can explore with this schedule.
    ///
    /// # Errors
    ///
    /// If the schedule leaves the range 0 to 1.
    pub fn check(epsilon: &Schedule) -> Result<(), SpecError> {
        epsilon.validate(&PROBABILITIES, "a probability, from 0 to 1")
    }

    /// The schema of the schedules that it can explore with.
    pub fn schema(generator: &mut SchemaGenerator) -> Schema {
        Schedule::schema_within(&PROBABILITIES, generator)
    }

    /// Epsilon where a run stands at `counters`.
    pub fn epsilon(&self, counters: &Counters) -> f64 {
        self.epsilon.value(counters)
    }

    /// A uniformly random one of `0..actions` with probability epsilon; `None` says: take the greedy one
    /// ([`targets::argmax`](crate::targets::argmax): of equal values the lowest index).
    pub fn explore(&mut self, counters: &Counters, actions: usize) -> Option<usize> {
        let explores = self.rng.random() < self.epsilon(counters);
        explores.then(|| self.rng.index(actions))
    }

    /// The stream of randomness, as a value that [`set_rng`](Self::set_rng) takes.
    pub fn rng(&self) -> &NumpyRng {
        &self.rng
    }

    /// Goes on from a stream that [`rng`](Self::rng) gave.
    pub fn set_rng(&mut self, rng: NumpyRng) {
        self.rng = rng;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: usize = 4;

    fn explorer(epsilon: f64) -> EpsilonGreedy {
        EpsilonGreedy::new(Schedule::Constant { value: epsilon }, NumpyRng::new(1)).unwrap()
    }

    #[test]
    fn explores_as_often_as_epsilon_says_and_uniformly() {
        let mut explorer = explorer(0.3);
        let mut counts = [0u32; ACTIONS];
        for _ in 0..100_000 {
            if let Some(action) = explorer.explore(&Counters::default(), ACTIONS) {
                counts[action] += 1;
            }
        }
        // 7,500 each; the standard deviation is 83.
        assert!(counts.iter().all(|n| n.abs_diff(7_500) < 400), "{counts:?}");
    }

    #[test]
    fn zero_never_and_one_always_explores() {
        assert!((0..1_000).all(|_| explorer(0.0).explore(&Counters::default(), ACTIONS).is_none()));
        let mut always = explorer(1.0);
        assert!((0..1_000).all(|_| always.explore(&Counters::default(), ACTIONS).is_some()));
    }

    #[test]
    fn goes_on_from_a_saved_stream() {
        let mut explorer = explorer(0.5);
        let draws = |explorer: &mut EpsilonGreedy| (0..20).map(|_| explorer.explore(&Counters::default(), 4)).collect();
        let _: Vec<_> = draws(&mut explorer);
        let saved = explorer.rng().clone();
        let expected: Vec<_> = draws(&mut explorer);
        explorer.set_rng(saved);
        let actual: Vec<_> = draws(&mut explorer);
        assert_eq!(actual, expected);
    }

    #[test]
    fn a_probability_above_one_is_refused() {
        let error = EpsilonGreedy::new(Schedule::Constant { value: 1.5 }, NumpyRng::new(1)).unwrap_err();
        assert_eq!(error.to_string(), "value = 1.5 is not allowed: it must be a probability, from 0 to 1");
    }
}
