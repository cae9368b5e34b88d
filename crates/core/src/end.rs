//! How a step ends.

use serde::{Deserialize, Serialize};

/// Whether an episode goes on after a step, and if not, why.
///
/// Only termination stops bootstrapping: a time limit says nothing about the value of the state that it cut off
/// (Pardo et al. 2018, "Time Limits in Reinforcement Learning").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The episode goes on.
    Running,
    /// The task itself ended: the pole fell, the game is over.
    Terminated,
    /// Something outside the task, as a time limit, cut the episode off.
    Truncated,
}

impl Status {
    /// Whether the episode is over and the environment waits for a reset.
    pub fn is_over(self) -> bool {
        self != Self::Running
    }
}

/// How a step ends: what it says about the episode, and whether it cost a life.
///
/// Three things can end what an agent sees as an episode, and they differ in what they say about the value of the
/// observation that follows: only a termination and a lost life say that there is nothing left to gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// Whether the episode goes on.
    pub status: Status,
    /// Whether a life was lost, as training may see it: bootstrapping stops as at a termination, but a game that is running
    /// goes on. It may come with any status: a limit can cut a game off in the very step.
    pub life_lost: bool,
}

impl End {
    /// The episode goes on.
    pub const RUNNING: Self = Self::of(Status::Running);
    /// The episode goes on, with a life less.
    pub const LIFE_LOST: Self = Self { status: Status::Running, life_lost: true };
    /// The task itself ended.
    pub const TERMINATED: Self = Self::of(Status::Terminated);
    /// Something outside the task cut the episode off.
    pub const TRUNCATED: Self = Self::of(Status::Truncated);

    /// A step that cost no life.
    pub const fn of(status: Status) -> Self {
        Self { status, life_lost: false }
    }

    /// Whether the value of the next observation counts: while running, and where an episode was only cut off; but never
    /// beyond a lost life.
    pub const fn bootstraps(self) -> bool {
        !self.life_lost && !matches!(self.status, Status::Terminated)
    }

    /// Whether the episode is over: what follows belongs to another one.
    pub fn is_over(self) -> bool {
        self.status.is_over()
    }
}

/// Whether a life is lost where a game that goes on had `before` lives and has `now`, as OpenAI's baselines count them: some
/// games stay at 0 lives for a few frames before they are over, which is no loss of its own, and some go on with 0.
pub fn life_is_lost(before: u32, now: u32) -> bool {
    now < before && now > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminations_and_lost_lives_stop_bootstrapping_and_only_a_status_ends_an_episode() {
        for (end, bootstraps, over) in [
            (End::RUNNING, true, false),
            (End::LIFE_LOST, false, false),
            (End::TERMINATED, false, true),
            (End::TRUNCATED, true, true),
            (End { status: Status::Terminated, life_lost: true }, false, true),
            (End { status: Status::Truncated, life_lost: true }, false, true),
        ] {
            assert_eq!((end.bootstraps(), end.is_over()), (bootstraps, over), "{end:?}");
        }
    }
}
