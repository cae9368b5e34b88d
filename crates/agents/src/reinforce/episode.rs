//! An episode as it is played, for agents that learn from whole episodes.

use deepq_core::Element;
use deepq_replay::Transition;

use crate::rows::numbers;

/// An episode's steps, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Episode<E> {
    /// `[steps, len]`: the observations that actions were chosen for.
    pub(super) observations: Vec<E>,
    /// The observation that the next action is chosen for.
    pub(super) current: Vec<E>,
    pub(super) actions: Vec<u32>,
    pub(super) rewards: Vec<f32>,
    /// What the rest of the episode counts, seen from each step.
    pub(super) discounts: Vec<f32>,
}

impl<E: Element> Episode<E> {
    pub(super) fn begin(observation: &[E]) -> Self {
        let (observations, current) = (vec![], observation.to_vec());
        Self { observations, current, actions: vec![], rewards: vec![], discounts: vec![] }
    }

    pub(super) fn push(&mut self, transition: &Transition<'_, E>, reward: f32, discount: f32) {
        self.observations.extend_from_slice(&self.current);
        self.current.copy_from_slice(transition.next_observation);
        self.actions.push(transition.action);
        self.rewards.push(reward);
        self.discounts.push(if transition.end.bootstraps() { discount } else { 0.0 });
    }

    /// All observations, the current one last, as numbers that hold either element exactly.
    pub(super) fn to_f32(&self) -> Vec<f32> {
        let mut all = numbers(&self.observations);
        all.extend(numbers(&self.current));
        all
    }
}
