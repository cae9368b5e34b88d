//! Saving a replay of gigabytes bit by bit: each save writes only what is new.
//!
//! A replay only ever appends, and what it holds never changes. So it can be saved as a chain of *increments*, one for
//! each checkpoint: what came between two [`Mark`]s. An increment is written once and never touched again; old ones can
//! be removed when the replay has overwritten everything that they hold. All increments still needed, read in order, give
//! back the replay exactly.
//!
//! A [`Chain`] keeps the accounts. It is a small value that belongs into the checkpoint's manifest, and the increments'
//! files are named by its numbers:
//!
//! ```
//! use std::fs::{self, File};
//! use deepq_replay::{Chain, Layout, NStep, Replay, UniformReplay};
//!
//! let folder = std::env::temp_dir().join(format!("deepq-chain-{}", std::process::id()));
//! fs::create_dir_all(&folder)?;
//! let file = |number: u64| folder.join(format!("replay-{number:08}"));
//! let mut replay = UniformReplay::<f32>::new(1000, &Layout::single(4), NStep::one(0.99)?)?;
//! let mut chain = Chain::new();
//!
//! // At each checkpoint: write and sync a new file, which no older checkpoint knows of, ...
//! let mut new = File::create(file(chain.next_number()))?;
//! let next = chain.extend(&replay, &mut new)?;
//! new.sync_all()?;
//! // ... write the manifest with the new chain in it, and when that is safe remove the files that are in no chain any more.
//! for gone in chain.numbers().filter(|number| !next.contains(*number)) {
//!     fs::remove_file(file(gone))?;
//! }
//! chain = next;
//!
//! // To go on from a checkpoint:
//! let mut files = chain.numbers().map(|number| Ok(Box::new(File::open(file(number))?) as Box<dyn std::io::Read>));
//! replay.restore(&mut files)?;
//! # fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If a save fails, the old chain is still whole: it is extended again later.

use std::io;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{Replay, ReplayError};

/// A moment in a replay's life: how much had been written by then, in each of its rings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark {
    pub(crate) written: Vec<u64>,
}

impl Mark {
    /// The moment before anything was written, for a replay of any shape.
    pub fn start() -> Self {
        Self::default()
    }

    /// How much of each ring had been written, where the mark can be one of a replay that is at `now`.
    pub(crate) fn within(&self, now: &Self) -> Result<Vec<u64>, ReplayError> {
        if self.written.is_empty() {
            return Ok(vec![0; now.written.len()]);
        }
        let past =
            self.written.len() == now.written.len() && self.written.iter().zip(&now.written).all(|(a, b)| a <= b);
        if past { Ok(self.written.clone()) } else { Err(ReplayError::ForeignMark) }
    }
}

/// What one save wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Increment {
    /// For each ring the number of the first entry in it.
    pub(crate) first: Vec<u64>,
    /// The moment of the save.
    pub until: Mark,
}

impl Increment {
    /// Entries of the replay's rings (transitions or frames) that it holds.
    pub fn entries(&self) -> u64 {
        self.first.iter().zip(&self.until.written).map(|(first, until)| until.saturating_sub(*first)).sum()
    }

    pub(crate) fn write(&self, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        self.first.iter().zip(&self.until.written).try_for_each(|(&first, &until)| {
            to.u64(first)?;
            to.u64(until)
        })
    }

    /// Reads which entries follow: the range of each ring, none longer than the ring.
    pub(crate) fn read_ranges(
        from: &mut CheckedReader<'_>,
        slots: impl Iterator<Item = usize>,
    ) -> Result<Vec<Range<u64>>, ReplayError> {
        /// Far more than any machine can play, and far from overflow.
        const MOST: u64 = 1 << 60;
        slots
            .map(|slots| {
                let range = from.u64()?..from.u64()?;
                if range.start > range.end || range.end > MOST || range.end - range.start > slots as u64 {
                    return Err(ReplayError::damaged("it holds an impossible number of entries"));
                }
                Ok(range)
            })
            .collect()
    }
}

/// Keeps watch that the increments of a restored replay leave nothing out.
pub(crate) struct Restoring {
    /// For each ring the number from which on every entry has been read; before the first increment none.
    starts: Vec<Option<u64>>,
}

impl Restoring {
    pub(crate) fn new(rings: usize) -> Self {
        Self { starts: vec![None; rings] }
    }

    /// Takes note of the entries that follow for a ring which has read those before `written`.
    pub(crate) fn take(&mut self, ring: usize, range: &Range<u64>, written: u64) -> Result<(), ReplayError> {
        let start = &mut self.starts[ring];
        if start.is_none() || range.start > written {
            *start = Some(range.start);
        } else if range.start < written {
            return Err(ReplayError::Incomplete { reason: "increments are out of order".into() });
        }
        Ok(())
    }

    /// Makes sure that each ring has everything from its oldest entry on.
    pub(crate) fn finish(&self, oldest: impl Iterator<Item = u64>) -> Result<(), ReplayError> {
        for (start, oldest) in self.starts.iter().zip(oldest) {
            match *start {
                Some(start) if start <= oldest => {}
                Some(start) => {
                    let reason = format!("entries {oldest} to {start} are in no increment");
                    return Err(ReplayError::Incomplete { reason });
                }
                None => return Err(ReplayError::Incomplete { reason: "there is no increment".into() }),
            }
        }
        Ok(())
    }
}

/// The increments from which a replay can be put together again, oldest first. See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    links: Vec<Link>,
    next: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    number: u64,
    increment: Increment,
}

impl Chain {
    /// Increments with fewer entries than this share of the capacity are written again together with the next one, so
    /// that a chain has at most about twice as many links, however often checkpoints are made.
    const SHARE: u64 = 256;

    /// A chain without links, for a replay that was never saved.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number that the next link will have. No link of this chain has or had it; after going back to an older
    /// checkpoint, a file of a newer, forgotten one may.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Numbers of the links, in the order in which they must be read.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.links.iter().map(|link| link.number)
    }

    /// Whether a link has this number.
    pub fn contains(&self, number: u64) -> bool {
        self.numbers().any(|known| known == number)
    }

    /// Saves what the chain does not hold yet, as link [`next_number`](Self::next_number), and gives the chain that holds
    /// all of the replay: without the links that it has outlived, with the new one at the end.
    ///
    /// The chain itself stays as it is, and so do its links: until the new one is safely stored, it is the one to go back
    /// to.
    ///
    /// # Errors
    ///
    /// [`ReplayError::ForeignMark`] if the chain is of another replay; [`ReplayError::Io`] if writing fails.
    pub fn extend<T>(&self, replay: &dyn Replay<T>, to: &mut dyn io::Write) -> Result<Self, ReplayError> {
        let mut links: Vec<_> = self.links.iter().filter(|link| replay.needs(&link.increment)).cloned().collect();
        let small = |link: &mut Link| link.increment.entries() < replay.capacity() as u64 / Self::SHARE;
        links.pop_if(small);
        // What the links that are left do not hold; if there are none, that is all that is still there.
        let since = links.last().map_or_else(Mark::start, |link| link.increment.until.clone());
        let increment = replay.save_since(&since, to)?;
        links.push(Link { number: self.next, increment });
        Ok(Self { links, next: self.next + 1 })
    }
}
