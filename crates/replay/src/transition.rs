//! What an agent reports to a replay: one step, and what follows it.

/// What follows a transition.
///
/// Three things can end what the agent sees as an episode, and they differ in what they say about the value of the
/// observation that follows: only [`Terminated`](Self::Terminated) and [`LifeLost`](Self::LifeLost) say that there is
/// nothing left to gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The episode goes on.
    Running,
    /// The agent lost a life. Bootstrapping stops as at a termination, but the game and its frames go on: the next
    /// transition starts where this one ended, without a [`begin`](crate::Replay::begin).
    LifeLost,
    /// The task itself ended, or a life and the episode with it: there is no value after this transition.
    Terminated,
    /// Something outside the task, as a time limit, cut the episode off: the final observation still has a value.
    Truncated,
}

impl End {
    /// Whether the value of the next observation counts: while running, and where an episode was only cut off.
    pub fn bootstraps(self) -> bool {
        matches!(self, Self::Running | Self::Truncated)
    }

    /// Whether the episode is over: the next call for this stream must be [`begin`](crate::Replay::begin).
    pub fn over(self) -> bool {
        matches!(self, Self::Terminated | Self::Truncated)
    }
}

/// One step of an episode. The observation that it starts from is the one that the stream's previous call gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a, T> {
    /// The action taken, numbered from 0.
    pub action: u32,
    /// The reward that learning should see (clipped already, if it is to be clipped).
    pub reward: f32,
    /// The observation that the action led to, whole (all frames of a stack); after an end, the episode's final one.
    pub next_observation: &'a [T],
    /// What follows.
    pub end: End,
}
