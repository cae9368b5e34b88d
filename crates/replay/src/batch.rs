//! A batch of sampled transitions.

use crate::scratch::Scratch;
use crate::{ReplayError, memory};

/// Rows of transitions drawn from a replay, one after another in flat memory, as a network wants them.
///
/// Keep one and give it to every [`sample`](crate::Replay::sample): after the first call its memory is reused.
#[derive(Clone, Debug, Default)]
pub struct Batch<T> {
    /// Which transitions the rows are: `[batch]`, see [`Ids`](crate::Ids). An id that was drawn twice stands here twice.
    pub ids: Vec<u64>,
    /// Observations that the transitions start from: `[batch, observation_len]`.
    pub observations: Vec<T>,
    /// Actions taken there: `[batch]`.
    pub actions: Vec<u32>,
    /// Rewards, for n-step returns the discounted sum over the steps of the transition: `[batch]`.
    pub rewards: Vec<f32>,
    /// What the value of the next observation is multiplied with: `[batch]`. `discount^k` for a transition of `k`
    /// steps, 0 where bootstrapping stops.
    pub discounts: Vec<f32>,
    /// Observations that the transitions lead to: `[batch, observation_len]`. Where the discount is 0, the final
    /// observation of the episode (or of the life).
    pub next_observations: Vec<T>,
    /// With what probability a draw gives the row's transition: `[batch]`, above 0 and at most 1. In `f64`, because it is one
    /// part of a sum over a million priorities, and a weight in a loss is made of it, rounded once
    /// ([`importance_weights`](crate::importance_weights)).
    pub probabilities: Vec<f64>,
    /// Importance weights of the rows in a loss: `[batch]`. A sample sets them to 1, so that all rows count the same.
    pub weights: Vec<f32>,
    /// Memory for unpacking compressed frames.
    pub(crate) scratch: Scratch,
}

/// Whether the rows are the same.
impl<T: PartialEq> PartialEq for Batch<T> {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids
            && self.observations == other.observations
            && self.actions == other.actions
            && self.rewards == other.rewards
            && self.discounts == other.discounts
            && self.next_observations == other.next_observations
            && self.probabilities == other.probabilities
            && self.weights == other.weights
    }
}

impl<T: bytemuck::Pod> Batch<T> {
    /// An empty batch; sampling gives it its size.
    pub fn new() -> Self {
        Self {
            ids: Vec::new(),
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            discounts: Vec::new(),
            next_observations: Vec::new(),
            probabilities: Vec::new(),
            weights: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Gives every field the length of `rows` transitions; allocates only what is missing.
    pub(crate) fn resize(&mut self, rows: usize, observation_len: usize) -> Result<(), ReplayError> {
        let elements = rows.checked_mul(observation_len).ok_or(ReplayError::OutOfMemory { bytes: u64::MAX })?;
        memory::resize(&mut self.observations, elements)?;
        memory::resize(&mut self.next_observations, elements)?;
        memory::resize(&mut self.ids, rows)?;
        memory::resize(&mut self.actions, rows)?;
        memory::resize(&mut self.rewards, rows)?;
        memory::resize(&mut self.discounts, rows)?;
        memory::resize(&mut self.probabilities, rows)?;
        memory::resize(&mut self.weights, rows)?;
        self.weights.fill(1.0);
        Ok(())
    }
}
