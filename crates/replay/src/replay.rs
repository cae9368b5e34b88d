//! The interface of a replay memory.

use rand_core::Rng;

use crate::{Batch, ReplayError, Transition};

/// A memory of transitions to sample batches from.
///
/// Transitions come in *streams*, one for each environment that plays at the same time, numbered from 0. The calls of a
/// stream follow its episodes: [`begin`](Self::begin) with the first observation, [`push`](Self::push) for each step,
/// and after a step that ended the episode `begin` again. Streams may be interleaved in any way; contents, and with them
/// samples, depend on the order of the calls alone.
pub trait Replay<T>: Send {
    /// Starts an episode of a stream with its first observation, all frames of a stack included.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Stream`], [`ReplayError::ObservationLength`], or [`ReplayError::EpisodeRunning`] if the stream's
    /// last transition was not an episode's end.
    fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError>;

    /// Adds a step of a stream's episode.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Stream`], [`ReplayError::ObservationLength`], [`ReplayError::NoEpisode`] before
    /// [`begin`](Self::begin) and after an end, and [`ReplayError::NotAStack`] where a replay of frames is given
    /// something else.
    fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError>;

    /// How many transitions [`sample`](Self::sample) chooses from.
    fn len(&self) -> usize;

    /// Whether there is nothing to sample yet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most transitions it can hold.
    fn capacity(&self) -> usize;

    /// Bytes of memory that the contents take now, bookkeeping included.
    fn size_in_bytes(&self) -> u64;

    /// Draws `batch_size` transitions, each independently and uniformly from all [`len`](Self::len), into `batch`.
    ///
    /// What is drawn depends only on the contents and the generator. A call costs the copying of its rows, however many
    /// transitions there are, and allocates only when `batch` is too small for it.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Empty`], or [`ReplayError::OutOfMemory`] for a batch of impossible size. The generator is untouched
    /// then.
    fn sample(&self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError>;
}
