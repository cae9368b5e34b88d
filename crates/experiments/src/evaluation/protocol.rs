//! The protocol by which an agent is judged.

use deepq_envs::Seeds;

/// How an evaluation goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protocol {
    /// Episodes to play.
    pub episodes: usize,
    /// Probability of a random action.
    pub epsilon: f64,
    /// The root of its randomness.
    pub seeds: Seeds,
}
