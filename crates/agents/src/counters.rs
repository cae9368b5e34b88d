//! How far an agent is.

use serde::{Deserialize, Serialize};

/// How far an agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Actions chosen by [`Agent::act`](crate::Agent::act), those of all streams together.
    pub agent_steps: u64,
    /// Updates made.
    pub updates: u64,
    /// Episodes ended: whole games, not lives.
    pub episodes: u64,
}
