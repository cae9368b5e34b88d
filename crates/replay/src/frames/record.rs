//! What is known about a frame beside its pixels.

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{End, ReplayError, Status};

/// What is known about a frame beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Record {
    /// Of the transition that starts here, if one does.
    pub(crate) action: u32,
    pub(crate) reward: f32,
    pub(crate) follows: Follows,
    /// Frames that the episode has before this one, at most 255: how far back a stack may reach.
    pub(crate) age: u8,
}

/// What follows a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    /// Nothing yet: the newest frame of a running episode.
    Unknown,
    /// Another frame of the first observation's stack: no transition starts here.
    Start,
    /// Nothing: an episode's final frame.
    Nothing,
    /// A transition.
    Step(End),
}

impl Record {
    /// Of a slot that nothing was written to.
    pub(crate) const BLANK: Self = Self { action: 0, reward: 0.0, follows: Follows::Nothing, age: 0 };

    /// Whether this record and the next one can be neighbours; the newest one has none.
    pub(crate) fn precedes(&self, next: Option<&Self>) -> bool {
        let Some(next) = next else {
            return matches!(self.follows, Follows::Unknown | Follows::Nothing);
        };
        let same_episode = next.age == self.age.saturating_add(1);
        match self.follows {
            Follows::Unknown => false,
            Follows::Nothing => next.age == 0 && next.follows != Follows::Nothing,
            Follows::Start => same_episode && next.follows != Follows::Nothing,
            Follows::Step(end) if end.is_over() => same_episode && next.follows == Follows::Nothing,
            Follows::Step(_) => same_episode && !matches!(next.follows, Follows::Nothing | Follows::Start),
        }
    }

    pub(crate) fn write(&self, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        to.u32(self.action)?;
        to.f32(self.reward)?;
        to.u8(self.follows.code())?;
        to.u8(self.age)
    }

    pub(crate) fn read(from: &mut CheckedReader<'_>) -> Result<Self, ReplayError> {
        let (action, reward) = (from.u32()?, from.f32()?);
        let follows = Follows::from_code(from.u8()?)
            .ok_or_else(|| ReplayError::damaged("a frame is followed by something unknown"))?;
        Ok(Self { action, reward, follows, age: from.u8()? })
    }
}

impl Follows {
    /// All, in the order of their codes.
    const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Start,
        Self::Nothing,
        Self::Step(End::RUNNING),
        Self::Step(End::LIFE_LOST),
        Self::Step(End::TERMINATED),
        Self::Step(End::TRUNCATED),
    ];

    fn code(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Start => 1,
            Self::Nothing => 2,
            Self::Step(End { status: Status::Running, life_lost: false }) => 3,
            Self::Step(End { status: Status::Running, life_lost: true }) => 4,
            // A life lost with the episode says no more than that the episode has no value beyond.
            Self::Step(End { status: Status::Truncated, life_lost: false }) => 6,
            Self::Step(End { status: Status::Terminated | Status::Truncated, .. }) => 5,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways() {
        for (code, follows) in Follows::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(follows.code()), code);
        }
        assert_eq!(Follows::from_code(7), None);
    }

    #[test]
    fn only_frames_that_can_come_after_one_another_are_neighbours() {
        let record = |follows, age| Record { follows, age, ..Record::BLANK };
        let after = |follows, ages: (u8, u8)| -> Vec<Follows> {
            let next = |next: &Follows| record(follows, ages.0).precedes(Some(&record(*next, ages.1)));
            Follows::ALL.into_iter().filter(next).collect()
        };
        let [unknown, start, nothing, running, life_lost, terminated, truncated] = Follows::ALL;
        let steps = [running, life_lost, terminated, truncated];
        for ages in [(3, 4), (255, 255)] {
            assert_eq!(after(start, ages), [&[unknown, start][..], &steps].concat());
            assert_eq!(
                [running, life_lost].map(|step| after(step, ages)),
                [(); 2].map(|()| [&[unknown][..], &steps].concat())
            );
            assert_eq!([terminated, truncated].map(|step| after(step, ages)), [[nothing]; 2]);
            assert_eq!([unknown, nothing].map(|last| after(last, ages)), [[]; 2]);
        }
        // The first frame of another episode.
        assert_eq!(after(nothing, (3, 0)), [&[unknown, start][..], &steps].concat());
        for ages in [(3, 0), (3, 3), (3, 5)] {
            assert!([unknown, start].into_iter().chain(steps).all(|follows| after(follows, ages).is_empty()));
        }
        let newest = Follows::ALL.into_iter().filter(|follows| record(*follows, 3).precedes(None));
        assert_eq!(newest.collect::<Vec<_>>(), [unknown, nothing]);
    }
}
