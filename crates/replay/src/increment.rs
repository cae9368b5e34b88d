//! Saving a replay of gigabytes bit by bit: each save writes only what is new.
//!
//! A store only ever appends, and what it holds never changes. So it can be saved as a chain of *increments*, one for
//! each checkpoint: what came between two [`Mark`]s. An increment is written once and never touched again; old ones can
//! be removed when the replay has overwritten everything that they hold. All increments still needed, read in order, give
//! back the replay exactly. (What a sampler remembers does change, so each increment has all of it; the newest one counts.)
//!
//! A [`Chain`](crate::Chain) keeps the accounts. It is a small value that belongs into the checkpoint's manifest, and the increments'
//! files are named by its numbers:
//!
//! ```
//! use std::fs::{self, File};
//! use deepq_replay::{Chain, Layout, NStep, Replay, TransitionStore, Uniform};
//!
//! let folder = std::env::temp_dir().join(format!("deepq-chain-{}", std::process::id()));
//! fs::create_dir_all(&folder)?;
//! let file = |number: u64| folder.join(format!("replay-{number:08}"));
//! let store = TransitionStore::<f32>::new(1000, &Layout::single(4), NStep::one(0.99)?)?;
//! let mut replay = Replay::new(store, Uniform);
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

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::ReplayError;
use crate::checked::{CheckedReader, CheckedWriter};

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
        slots: impl ExactSizeIterator<Item = usize>,
    ) -> Result<Vec<Range<u64>>, ReplayError> {
        // Far more than any machine can play, and far from overflow, also as ids of all rings.
        let most = (1 << 60) / slots.len().max(1) as u64;
        slots
            .map(|slots| {
                let range = from.u64()?..from.u64()?;
                if range.start > range.end || range.end > most || range.end - range.start > slots as u64 {
                    return Err(ReplayError::damaged("it holds an impossible number of entries"));
                }
                Ok(range)
            })
            .collect()
    }
}
