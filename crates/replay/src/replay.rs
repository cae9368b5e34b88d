//! The interface of a replay memory.

use std::io;

use rand_core::Rng;

use crate::{Batch, Increment, Mark, ReplayError, Transition};

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

    /// Writes all of it. Equal contents give equal bytes, so that their hash stands for the contents.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Io`] if writing fails.
    fn save(&self, to: &mut dyn io::Write) -> Result<(), ReplayError> {
        self.save_since(&Mark::start(), to).map(drop)
    }

    /// Takes the place of a saved replay with the same settings: from here on it does what the saved one would have done,
    /// later samples included.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    fn load(&mut self, from: &mut dyn io::Read) -> Result<(), ReplayError> {
        self.restore(&mut std::iter::once(Ok(Box::new(from) as Box<dyn io::Read + '_>)))
    }

    /// How much has been written until now, for a later [`save_since`](Self::save_since).
    fn mark(&self) -> Mark;

    /// Writes what has come since a mark, as far as it is still there, and the little that changes: an
    /// [increment](crate::increment).
    ///
    /// # Errors
    ///
    /// [`ReplayError::ForeignMark`] if the mark is not of this replay's past; [`ReplayError::Io`] if writing fails.
    fn save_since(&self, since: &Mark, to: &mut dyn io::Write) -> Result<Increment, ReplayError>;

    /// Whether anything of what an increment holds is still there, so that the increment is needed to restore it.
    fn needs(&self, increment: &Increment) -> bool;

    /// Takes the place of the replay that was saved in these increments, oldest first: a full save, or one increment after
    /// another from the mark of the one before.
    ///
    /// The new contents are put together beside the old ones, which stay until everything has been read and checked.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Damaged`] if a byte changed or is missing, [`ReplayError::Version`] for files of another version,
    /// [`ReplayError::Different`] if the saved replay had other settings, [`ReplayError::Incomplete`] if an increment is
    /// missing between or before the others, [`ReplayError::OutOfMemory`], and [`ReplayError::Io`] if reading fails.
    /// Nothing has changed then.
    fn restore<'a>(&mut self, increments: &mut Increments<'_, 'a>) -> Result<(), ReplayError>;
}

/// Readers of saved increments, as they are opened one after another.
pub type Increments<'i, 'a> = dyn Iterator<Item = io::Result<Box<dyn io::Read + 'a>>> + 'i;
