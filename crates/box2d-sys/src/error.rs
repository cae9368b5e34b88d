//! What can go wrong in a world.

/// Why a world could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that Box2D must not see: not finite, negative where it may not be, a polygon that is not convex.
    /// Nothing has changed.
    #[error("{what} is not allowed: {reason}")]
    Invalid {
        /// What was given.
        what: &'static str,
        /// What is allowed.
        reason: &'static str,
    },
    /// A body of another world. Nothing has changed.
    #[error("the body belongs to another world")]
    ForeignBody,
    /// Memory ran out. The world cannot be used any more.
    #[error("Box2D could not get memory; the world cannot be used any more")]
    OutOfMemory,
    /// A condition that Box2D relies on did not hold. The world cannot be used any more.
    #[error("Box2D's assertion `{0}` failed; the world cannot be used any more")]
    Broken(String),
}
