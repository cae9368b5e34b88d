//! What a store of transitions does, and what it tells a sampler.

use self::contents::Contents;
use crate::{Batch, Increment, Layout, Mark, ReplayError, Transition};

/// The transitions that are there, by id: all that a sampler sees of a store.
///
/// A transition that can be drawn has an **id**, which no other transition of any stream ever has. It keeps it for as long as
/// it is there, and a replay that was saved and loaded goes on with the same ids.
///
/// Ids are numbered so that `id % capacity` is a slot of its own: of all transitions that ever had the same slot at most the
/// newest is there, and its id is the largest. Who remembers something about each transition needs no map, but a table of
/// [`capacity`](Self::capacity) rows. In a [`TransitionStore`](crate::TransitionStore) ids count the transitions in the order in
/// which they became complete; in a [`FrameStore`](crate::FrameStore) a transition's id is that of the frame from which it
/// starts, and ids of frames that start none (an episode's last) are left out.
pub trait Ids {
    /// How many transitions are there.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most that there can be.
    fn capacity(&self) -> usize;

    /// Whether this is the id of a transition that is there.
    fn contains(&self, id: u64) -> bool;

    /// How many places [`at`](Self::at) knows: at least [`len`](Self::len), and hardly more.
    fn places(&self) -> u64;

    /// The id of the transition at a place, numbered from 0; `None` where none lies there. Each transition lies at one place,
    /// which may be another after the next step: who draws a place until there is a transition draws uniformly.
    fn at(&self, place: u64) -> Option<u64>;
}

/// What a step changes about which transitions can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The transition of this id can be drawn from now on: all its steps are known.
    Available(u64),
    /// The transition of this id can no longer be drawn: it, or a frame that it shows, is being overwritten.
    Gone(u64),
}

impl Change {
    /// The same of another id.
    pub(crate) fn map(self, id: impl FnOnce(u64) -> u64) -> Self {
        match self {
            Self::Available(of) => Self::Available(id(of)),
            Self::Gone(of) => Self::Gone(id(of)),
        }
    }
}

/// Keeps transitions and gives them back by id. It only ever appends; how likely a transition is drawn is the business of a
/// [`Sampler`](crate::Sampler).
///
/// There are two, [`TransitionStore`](crate::TransitionStore) and [`FrameStore`](crate::FrameStore), and nobody can add a third:
/// how they are saved is this crate's own. Together with a sampler a store is a [`Replay`](crate::Replay), where the calls that
/// give it transitions are described.
///
/// Both calls tell what they change, one by one and in an order in which each slot is free before it is taken anew. All
/// changes ever told, one after another, say exactly which transitions are there; a call that fails tells nothing.
pub trait Store<T>: Ids + Contents<T> + Send {
    /// Starts an episode of a stream: see [`Replay::begin`](crate::Replay::begin).
    ///
    /// # Errors
    ///
    /// As there.
    fn begin(&mut self, stream: usize, observation: &[T], tell: &mut dyn FnMut(Change)) -> Result<(), ReplayError>;

    /// Adds a step of a stream's episode: see [`Replay::push`](crate::Replay::push).
    ///
    /// # Errors
    ///
    /// As there.
    fn push(
        &mut self,
        stream: usize,
        transition: &Transition<'_, T>,
        tell: &mut dyn FnMut(Change),
    ) -> Result<(), ReplayError>;

    /// Fills a batch with the transitions that [`Batch::ids`] names, a row each. Weights are 1; probabilities get their
    /// length and nothing else, as a store knows none.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Gone`] if a transition is not there, [`ReplayError::OutOfMemory`] for a batch of impossible size. The
    /// batch then holds nothing of use.
    fn fill(&self, batch: &mut Batch<T>) -> Result<(), ReplayError>;

    /// What its transitions look like.
    fn layout(&self) -> &Layout;

    /// Bytes of memory that the contents take now, bookkeeping included.
    fn size_in_bytes(&self) -> u64;

    /// How much has been written until now.
    fn mark(&self) -> Mark;

    /// Whether anything of what an increment holds is still there.
    fn needs(&self, increment: &Increment) -> bool;
}

/// How stores are saved: of no use outside of this crate.
pub(crate) mod contents {
    use super::Store;
    use crate::checked::{CheckedReader, CheckedWriter};
    use crate::restoring::Restoring;
    use crate::settings::Settings;
    use crate::{Increment, Mark, ReplayError};

    pub trait Contents<T> {
        /// What a saved store must have in common with this one.
        fn settings(&self) -> Settings;

        /// What has come since a mark, as far as it is still there.
        fn since(&self, mark: &Mark) -> Result<Increment, ReplayError>;

        /// Writes the contents of an increment that ends now.
        fn save(&self, increment: &Increment, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError>;

        /// An empty store of the same settings.
        fn empty(&self) -> Result<Box<dyn Store<T>>, ReplayError>;

        /// Goes on with the contents of the next increment. Until [`loaded`](Self::loaded) nothing of it is there for anybody.
        fn load(&mut self, from: &mut CheckedReader<'_>, restoring: &mut Restoring) -> Result<(), ReplayError>;

        /// Makes sure that what was loaded is all and makes sense, and takes it into use.
        fn loaded(&mut self, restoring: &Restoring) -> Result<(), ReplayError>;
    }
}
