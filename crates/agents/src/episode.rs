//! An episode as it is played, for agents that learn from whole episodes.

use deepq_core::{Element, ElementKind};
use deepq_replay::Transition;

/// An episode's steps, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Episode<E> {
    /// `[steps, len]`: the observations that actions were chosen for.
    pub(crate) observations: Vec<E>,
    /// The observation that the next action is chosen for.
    pub(crate) current: Vec<E>,
    pub(crate) actions: Vec<u32>,
    pub(crate) rewards: Vec<f32>,
    /// What the rest of the episode counts, seen from each step.
    pub(crate) discounts: Vec<f32>,
}

impl<E: Element> Episode<E> {
    pub(crate) fn begin(observation: &[E]) -> Self {
        let (observations, current) = (vec![], observation.to_vec());
        Self { observations, current, actions: vec![], rewards: vec![], discounts: vec![] }
    }

    pub(crate) fn push(&mut self, transition: &Transition<'_, E>, reward: f32, discount: f32) {
        self.observations.extend_from_slice(&self.current);
        self.current.copy_from_slice(transition.next_observation);
        self.actions.push(transition.action);
        self.rewards.push(reward);
        self.discounts.push(if transition.end.bootstraps() { discount } else { 0.0 });
    }

    /// All observations, the current one last, as numbers that hold either element exactly.
    pub(crate) fn to_f32(&self) -> Vec<f32> {
        let mut all = numbers(&self.observations);
        all.extend(numbers(&self.current));
        all
    }
}

/// Observations as numbers that hold either element exactly.
pub(crate) fn numbers<E: Element>(observations: &[E]) -> Vec<f32> {
    match E::KIND {
        ElementKind::F32 => bytemuck::cast_slice(observations).to_vec(),
        ElementKind::U8 => bytemuck::cast_slice::<E, u8>(observations).iter().copied().map(f32::from).collect(),
    }
}

/// The elements whose [`numbers`] these are; none where they are not.
pub(crate) fn elements<E: Element>(numbers: &[f32]) -> Option<Vec<E>> {
    let element = |number: &f32| match E::KIND {
        ElementKind::F32 => Some(bytemuck::cast(*number)),
        ElementKind::U8 => {
            let byte = *number as u8;
            (f32::from(byte) == *number).then(|| bytemuck::cast(byte))
        }
    };
    numbers.iter().map(element).collect()
}
