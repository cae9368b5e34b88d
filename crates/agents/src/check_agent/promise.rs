//! What every agent promises.

use std::fmt::Display;

use thiserror::Error;

use super::play::Whole;

/// What every agent promises, in the order in which [`check_agent`](crate::check_agent()) tests it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Promise {
    /// It can be made, and made again with the same weights.
    #[error("an agent can be made, the same each time from one seed")]
    Made,
    /// An episode must begin before it is told of.
    #[error("a transition of an episode that has not begun is refused")]
    BeginFirst,
    /// The same seed and experience give the same bits.
    #[error("the same seed and experience give the same actions, updates and state, to the bit")]
    Determinism,
    /// Steps, updates and episodes are counted.
    #[error("agent steps, updates and episodes are counted one by one")]
    Counting,
    /// It learns something, and reports it.
    #[error("updates are made, and report finite numbers: one for each of the agent's figures")]
    Updates,
    /// Asking changes nothing.
    #[error("preferences, greedy actions and exploration can be asked for, agree, and change nothing")]
    Asking,
    /// A state restores exactly, at any moment.
    #[error("an agent restored from a state and a replay goes on as the one that they were taken of, to the bit")]
    CaptureAndRestore,
    /// A state is a value.
    #[error("a state stays as it is when the agent goes on")]
    StateIsAValue,
    /// What does not fit is refused.
    #[error("lengths, streams, actions and rewards that do not fit are refused, and change nothing")]
    Refusals,
    /// A state that is not the agent's is refused.
    #[error("a state that does not fit is refused, and changes nothing")]
    ForeignStates,
    /// Two halves are the whole.
    #[error("the halves of an agent act and learn as the whole one does")]
    Halves,
    /// Parts of weights can be taken over and frozen.
    #[error("parts of the weights can be taken over and frozen before the first update, and not after it")]
    Transfer,
}

/// A promise that an agent does not keep.
#[derive(Debug, Error)]
#[error("the agent breaks a promise: {promise}; but {found}")]
pub struct BrokenPromise {
    /// The promise.
    pub promise: Promise,
    /// What happened instead.
    pub found: String,
}

impl Promise {
    pub(super) fn broken(self, found: impl Into<String>) -> BrokenPromise {
        BrokenPromise { promise: self, found: found.into() }
    }

    /// `Ok` if `holds`.
    pub(super) fn unless(self, holds: bool, found: impl Into<String>) -> Result<(), BrokenPromise> {
        if holds { Ok(()) } else { Err(self.broken(found)) }
    }

    /// The value of something that must work.
    pub(super) fn must<T, E: Display>(self, what: &str, result: Result<T, E>) -> Result<T, BrokenPromise> {
        result.map_err(|error| self.broken(format!("{what} failed: {error}")))
    }

    /// That two agents are the same, to the bit.
    pub(super) fn same(self, one: &Whole, other: &Whole) -> Result<(), BrokenPromise> {
        one.difference(other).map_or(Ok(()), |difference| Err(self.broken(difference)))
    }
}
