//! What an agent reports to a replay: one step, and what follows it.

use deepq_core::End;

/// One step of an episode. The observation that it starts from is the one that the stream's previous call gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a, T> {
    /// The action taken, numbered from 0.
    pub action: u32,
    /// The reward that learning should see (clipped already, if it is to be clipped).
    pub reward: f32,
    /// The observation that the action led to, whole (all frames of a stack); after an end, the episode's final one.
    pub next_observation: &'a [T],
    /// What follows. After an end that is over, the next call for this stream must be [`begin`](crate::Replay::begin); after a
    /// lost life alone the game goes on, and the next transition starts where this one ended.
    pub end: End,
}
