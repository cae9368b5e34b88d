//! How transitions are chosen.

use rand_core::Rng;

use crate::{Change, Ids, ReplayError};

/// Chooses the transitions of a batch, by id, and says how probable each was.
///
/// A sampler sees [`Ids`], never a transition. It is told which ids come and go, and, where it wants to know, how much there is
/// to learn from a transition. What it remembers is saved with the replay, whole.
///
/// One of your own that draws a transition in proportion to its priority
/// ([Schaul et al. 2016](https://arxiv.org/abs/1511.05952), section 3.3, in its simplest form):
///
/// ```
/// use std::collections::BTreeMap;
/// use deepq_replay::rand_core::Rng;
/// use deepq_replay::{Change, Ids, ReplayError, Sampler};
///
/// #[derive(Default)]
/// struct Proportional {
///     priorities: BTreeMap<u64, f32>,
///     largest: f32,
/// }
///
/// impl Sampler for Proportional {
///     fn name(&self) -> &'static str {
///         "proportional 1"
///     }
///
///     fn changed(&mut self, change: Change) {
///         match change {
///             // Each transition is to be seen at least once: a new one has the largest priority.
///             Change::Available(id) => self.priorities.insert(id, self.largest.max(1.0)),
///             Change::Gone(id) => self.priorities.remove(&id),
///         };
///     }
///
///     fn sample(
///         &mut self,
///         _: &dyn Ids,
///         rng: &mut dyn Rng,
///         ids: &mut [u64],
///         probabilities: &mut [f64],
///     ) -> Result<(), ReplayError> {
///         let total: f64 = self.priorities.values().copied().map(f64::from).sum();
///         for (drawn, probability) in ids.iter_mut().zip(probabilities) {
///             let mut left = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * total;
///             for (&id, &priority) in &self.priorities {
///                 (*drawn, *probability) = (id, f64::from(priority) / total);
///                 left -= f64::from(priority);
///                 if left < 0.0 {
///                     break;
///                 }
///             }
///         }
///         Ok(())
///     }
///
///     fn reprioritise(&mut self, _: &dyn Ids, ids: &[u64], priorities: &[f32]) -> Result<(), ReplayError> {
///         for (id, &new) in ids.iter().zip(priorities) {
///             // None may become impossible.
///             let new = new + 1e-6;
///             self.largest = self.largest.max(new);
///             // An id that is gone is passed over.
///             self.priorities.entry(*id).and_modify(|priority| *priority = new);
///         }
///         Ok(())
///     }
///
///     fn state(&self) -> Option<Vec<u8>> {
///         let entries = self.priorities.iter();
///         let entries = entries.flat_map(|(id, priority)| id.to_le_bytes().into_iter().chain(priority.to_le_bytes()));
///         Some(self.largest.to_le_bytes().into_iter().chain(entries).collect())
///     }
///
///     fn restore(&mut self, state: &[u8], held: &dyn Ids) -> Result<(), ReplayError> {
///         let damaged = || ReplayError::Damaged { reason: "its priorities are not those of its transitions".to_owned() };
///         let (largest, entries) = state.split_first_chunk().ok_or_else(damaged)?;
///         let mut restored = Self { priorities: BTreeMap::new(), largest: f32::from_le_bytes(*largest) };
///         for entry in entries.chunks(12) {
///             let (id, priority) = entry.split_first_chunk().ok_or_else(damaged)?;
///             let priority = priority.try_into().map_err(|_| damaged())?;
///             restored.priorities.insert(u64::from_le_bytes(*id), f32::from_le_bytes(priority));
///         }
///         if restored.priorities.len() != held.len() || restored.priorities.keys().any(|id| !held.contains(*id)) {
///             return Err(damaged());
///         }
///         *self = restored;
///         Ok(())
///     }
/// }
/// ```
pub trait Sampler: Send {
    /// Its name, and the version of its [`state`](Self::state) if it has one, as `"prioritised 1"`: a saved state is given back
    /// only to a sampler of the same name.
    fn name(&self) -> &'static str;

    /// Takes note of a transition that has come or gone. Changes come in an order in which each slot (`id % capacity`) is free
    /// before it is taken anew. One that remembers nothing of single transitions has nothing to do.
    fn changed(&mut self, _change: Change) {}

    /// Chooses a transition for each of `ids`, each one of those that `held` contains, and says for each with what probability
    /// a draw gives it: above 0 and at most 1. Both slices have the length of the batch. An id may be drawn more than once.
    ///
    /// What is chosen depends on the changes and priorities it was told, and on the generator, alone.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Empty`] if there is no transition. The generator is untouched then.
    fn sample(
        &mut self,
        held: &dyn Ids,
        rng: &mut dyn Rng,
        ids: &mut [u64],
        probabilities: &mut [f64],
    ) -> Result<(), ReplayError>;

    /// Takes new priorities: how much there is to learn from each of these transitions, 0 or more and finite, as many as ids. Of
    /// an id that is named twice the last one counts; one that is gone is passed over. A sampler without priorities takes no
    /// note, so that agents need not know which one they have.
    ///
    /// # Errors
    ///
    /// What the sampler cannot use; it is as it was then.
    fn reprioritise(&mut self, _held: &dyn Ids, _ids: &[u64], _priorities: &[f32]) -> Result<(), ReplayError> {
        Ok(())
    }

    /// Bytes of memory that it takes beside its own size.
    fn size_in_bytes(&self) -> u64 {
        0
    }

    /// Everything that later samples depend on beside the transitions themselves, settings included; equal states give equal
    /// bytes. `None` for a sampler that remembers nothing: then a saved replay says nothing about it.
    fn state(&self) -> Option<Vec<u8>> {
        None
    }

    /// Goes on from a state that [`state`](Self::state) gave when the transitions were those that `held` contains now.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Damaged`] if these bytes are no state or one of other transitions, [`ReplayError::Different`] if it had
    /// other settings. Nothing has changed then.
    fn restore(&mut self, _state: &[u8], _held: &dyn Ids) -> Result<(), ReplayError> {
        Ok(())
    }
}
