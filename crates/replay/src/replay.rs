//! A replay memory: a store, and a sampler that chooses from it.

use std::io;

use bytemuck::Pod;
use rand_core::Rng;

use crate::checked::{CheckedReader, CheckedWriter};
use crate::restoring::Restoring;
use crate::saved_sampler::SavedSampler;
use crate::{Batch, Increment, Mark, ReplayError, Sampler, Store, Transition};

/// A memory of transitions to sample batches from: a [`Store`] that keeps them, and a [`Sampler`] that chooses.
///
/// Transitions come in *streams*, one for each environment that plays at the same time, numbered from 0. The calls of a
/// stream follow its episodes: [`begin`](Self::begin) with the first observation, [`push`](Self::push) for each step,
/// and after a step that ended the episode `begin` again. Streams may be interleaved in any way; contents, and with them
/// samples, depend on the order of the calls alone.
///
/// ```
/// use deepq_replay::{Layout, NStep, Replay, TransitionStore, Uniform};
///
/// let store = TransitionStore::<f32>::new(1000, &Layout::single(4), NStep::one(0.99)?)?;
/// let replay = Replay::new(store, Uniform);
/// assert!(replay.is_empty());
/// # Ok::<(), deepq_replay::ReplayError>(())
/// ```
pub struct Replay<T> {
    store: Box<dyn Store<T>>,
    sampler: Box<dyn Sampler>,
    hook: Option<Box<dyn SampleHook>>,
}

/// Told of each [`Replay::sample`], on its thread; for a stopwatch, as this crate has no clock.
pub trait SampleHook: Send {
    /// A batch is about to be drawn.
    fn before(&mut self);

    /// It was drawn, or could not be.
    fn after(&mut self);
}

impl<T> Replay<T> {
    /// A replay out of an empty store and a sampler that knows of no transition yet.
    pub fn new(store: impl Store<T> + 'static, sampler: impl Sampler + 'static) -> Self {
        Self { store: Box::new(store), sampler: Box::new(sampler), hook: None }
    }

    /// The same with a hook around each sample.
    #[must_use]
    pub fn with_hook(mut self, hook: impl SampleHook + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Starts an episode of a stream with its first observation, all frames of a stack included.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Stream`], [`ReplayError::ObservationLength`], or [`ReplayError::EpisodeRunning`] if the stream's
    /// last transition was not an episode's end.
    pub fn begin(&mut self, stream: usize, observation: &[T]) -> Result<(), ReplayError> {
        let Self { store, sampler, .. } = self;
        store.begin(stream, observation, &mut |change| sampler.changed(change))
    }

    /// Adds a step of a stream's episode.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Stream`], [`ReplayError::ObservationLength`], [`ReplayError::NoEpisode`] before
    /// [`begin`](Self::begin) and after an end, and [`ReplayError::NotAStack`] where a store of frames is given something
    /// else.
    pub fn push(&mut self, stream: usize, transition: &Transition<'_, T>) -> Result<(), ReplayError> {
        let Self { store, sampler, .. } = self;
        store.push(stream, transition, &mut |change| sampler.changed(change))
    }

    /// How many transitions [`sample`](Self::sample) chooses from.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is nothing to sample yet.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// The most transitions it can hold.
    pub fn capacity(&self) -> usize {
        self.store.capacity()
    }

    /// Bytes of memory that the contents take now, bookkeeping included.
    pub fn size_in_bytes(&self) -> u64 {
        self.store.size_in_bytes() + self.sampler.size_in_bytes()
    }

    /// What keeps the transitions.
    pub fn store(&self) -> &dyn Store<T> {
        &*self.store
    }

    /// What chooses among them.
    pub fn sampler(&self) -> &dyn Sampler {
        &*self.sampler
    }

    /// Tells the sampler how much there is to learn from transitions, as `&batch.ids` and a number for each row of what was
    /// made of them (Schaul et al. 2016: the size of the temporal-difference error). Of an id that is named twice the last
    /// priority counts; ids that are gone are passed over; a sampler without priorities takes no note.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Priorities`] if there are not as many priorities as ids, [`ReplayError::Priority`] for one that is negative
    /// or not finite, and what the sampler refuses.
    pub fn reprioritise(&mut self, ids: &[u64], priorities: &[f32]) -> Result<(), ReplayError> {
        if ids.len() != priorities.len() {
            return Err(ReplayError::Priorities { ids: ids.len(), priorities: priorities.len() });
        }
        if let Some(&priority) = priorities.iter().find(|&&priority| !(0.0..f32::INFINITY).contains(&priority)) {
            return Err(ReplayError::Priority { priority });
        }
        self.sampler.reprioritise(&*self.store, ids, priorities)
    }

    /// Writes all of it. Equal contents give equal bytes, so that their hash stands for the contents.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Io`] if writing fails.
    pub fn save(&self, to: &mut dyn io::Write) -> Result<(), ReplayError> {
        self.save_since(&Mark::start(), to).map(drop)
    }

    /// Takes the place of a saved replay with the same settings: from here on it does what the saved one would have done,
    /// later samples included.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub fn load(&mut self, from: &mut dyn io::Read) -> Result<(), ReplayError> {
        self.restore(&mut std::iter::once(Ok(Box::new(from) as Box<dyn io::Read + '_>)))
    }

    /// How much has been written until now, for a later [`save_since`](Self::save_since).
    pub fn mark(&self) -> Mark {
        self.store.mark()
    }

    /// Writes what has come since a mark, as far as it is still there, and the little that changes: an
    /// [increment](crate::increment).
    ///
    /// # Errors
    ///
    /// [`ReplayError::ForeignMark`] if the mark is not of this replay's past; [`ReplayError::Io`] if writing fails.
    pub fn save_since(&self, since: &Mark, to: &mut dyn io::Write) -> Result<Increment, ReplayError> {
        let increment = self.store.since(since)?;
        let sampler = SavedSampler::of(&*self.sampler);
        let mut to = CheckedWriter::new(to, sampler.is_some())?;
        self.store.settings().write(&mut to)?;
        increment.write(&mut to)?;
        self.store.save(&increment, &mut to)?;
        if let Some(sampler) = sampler {
            sampler.write(&mut to)?;
        }
        to.finish()?;
        Ok(increment)
    }

    /// Whether anything of what an increment holds is still there, so that the increment is needed to restore it.
    pub fn needs(&self, increment: &Increment) -> bool {
        self.store.needs(increment)
    }

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
    pub fn restore<'a>(&mut self, increments: &mut Increments<'_, 'a>) -> Result<(), ReplayError> {
        let mut restored = self.store.empty()?;
        let mut restoring = Restoring::default();
        let mut sampler = None;
        for increment in increments {
            let mut increment = increment?;
            let mut from = CheckedReader::new(&mut *increment)?;
            self.store.settings().expect(&mut from)?;
            restored.load(&mut from, &mut restoring)?;
            // Each increment has all of it; the newest one counts.
            sampler = if from.has_sampler() { Some(SavedSampler::read(&mut from)?) } else { None };
            from.finish()?;
        }
        restored.loaded(&restoring)?;
        SavedSampler::restore(sampler.as_ref(), &mut *self.sampler, &*restored)?;
        self.store = restored;
        tracing::debug!(transitions = self.len(), "restored a replay");
        Ok(())
    }
}

impl<T: Pod> Replay<T> {
    /// Lets the sampler choose `batch_size` transitions, and copies them into `batch`.
    ///
    /// What is drawn depends only on the contents, what the sampler was told and the generator. A call costs the choice and the
    /// copying of its rows, however many transitions there are, and allocates only when `batch` is too small for it.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Empty`], or [`ReplayError::OutOfMemory`] for a batch of impossible size. The generator is untouched
    /// then.
    pub fn sample(&mut self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        if let Some(hook) = &mut self.hook {
            hook.before();
        }
        let drawn = self.draw(batch_size, rng, batch);
        if let Some(hook) = &mut self.hook {
            hook.after();
        }
        drawn
    }

    fn draw(&mut self, batch_size: usize, rng: &mut dyn Rng, batch: &mut Batch<T>) -> Result<(), ReplayError> {
        if self.store.is_empty() {
            return Err(ReplayError::Empty);
        }
        batch.resize(batch_size, self.store.layout().observation_len)?;
        self.sampler.sample(&*self.store, rng, &mut batch.ids, &mut batch.probabilities)?;
        self.store.fill(batch)
    }
}

/// Readers of saved increments, as they are opened one after another.
pub type Increments<'i, 'a> = dyn Iterator<Item = io::Result<Box<dyn io::Read + 'a>>> + 'i;
