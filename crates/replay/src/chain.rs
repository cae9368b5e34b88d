//! The increments of a saved replay, in order.

use std::io;

use serde::{Deserialize, Serialize};

use crate::{Increment, Mark, Replay, ReplayError};

/// The increments from which a replay can be put together again, oldest first. See
/// [`increment`](crate::increment).
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
    pub fn extend<T>(&self, replay: &Replay<T>, to: &mut dyn io::Write) -> Result<Self, ReplayError> {
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
