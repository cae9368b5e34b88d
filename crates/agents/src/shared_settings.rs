//! Settings that belong to an algorithm and stand outside its own section, because several algorithms have them.

use deepq_replay::ReplaySpec;

use crate::{LearningStarts, Schedule, SettingError, UpdateSpec};

/// Whether an algorithm needs a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be there.
    Needed,
    /// It may be left out, and has a value then.
    Optional,
    /// It must not be there, so that nobody tunes a number that does nothing.
    Unused,
}

/// A setting that several algorithms use, and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `[exploration]`.
    Exploration,
    /// `[replay]`.
    Replay,
    /// `training.batch_size`.
    BatchSize,
    /// `training.learning_starts`.
    LearningStarts,
    /// `training.update_every`.
    UpdateEvery,
    /// `training.gradient_steps`.
    GradientSteps,
    /// `training.concurrent_steps`.
    ConcurrentSteps,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Exploration,
        Self::Replay,
        Self::BatchSize,
        Self::LearningStarts,
        Self::UpdateEvery,
        Self::GradientSteps,
        Self::ConcurrentSteps,
    ];

    /// Where it stands in an experiment's file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Exploration => "exploration",
            Self::Replay => "replay",
            Self::BatchSize => "training.batch_size",
            Self::LearningStarts => "training.learning_starts",
            Self::UpdateEvery => "training.update_every",
            Self::GradientSteps => "training.gradient_steps",
            Self::ConcurrentSteps => "training.concurrent_steps",
        }
    }
}

/// What an experiment says of each [`Setting`], where it says something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SharedSettings<'a> {
    /// `[exploration]`: the probability of a random action.
    pub exploration: Option<&'a Schedule>,
    /// `[replay]`.
    pub replay: Option<&'a ReplaySpec>,
    /// See [`UpdateSpec::batch_size`].
    pub batch_size: Option<usize>,
    /// See [`UpdateSpec::learning_starts`].
    pub learning_starts: Option<LearningStarts>,
    /// See [`UpdateSpec::update_every`].
    pub update_every: Option<u64>,
    /// See [`UpdateSpec::gradient_steps`].
    pub gradient_steps: Option<u64>,
    /// Agent steps that are played while the agent learns, in [halves](crate::Agent::halves); 0 for playing and learning in
    /// turn.
    pub concurrent_steps: u64,
}

impl<'a> SharedSettings<'a> {
    /// Whether something is said of a setting.
    pub fn has(&self, setting: Setting) -> bool {
        match setting {
            Setting::Exploration => self.exploration.is_some(),
            Setting::Replay => self.replay.is_some(),
            Setting::BatchSize => self.batch_size.is_some(),
            Setting::LearningStarts => self.learning_starts.is_some(),
            Setting::UpdateEvery => self.update_every.is_some(),
            Setting::GradientSteps => self.gradient_steps.is_some(),
            Setting::ConcurrentSteps => self.concurrent_steps > 0,
        }
    }

    /// The exploration rate, of an algorithm that explores by epsilon.
    ///
    /// # Errors
    ///
    /// If it is missing.
    pub fn exploration(&self) -> Result<&'a Schedule, SettingError> {
        needed(self.exploration, Setting::Exploration)
    }

    /// When updates are due, of an algorithm that learns from a replay.
    ///
    /// # Errors
    ///
    /// The first key that is missing.
    pub fn updates(&self) -> Result<UpdateSpec, SettingError> {
        Ok(UpdateSpec {
            batch_size: needed(self.batch_size, Setting::BatchSize)?,
            learning_starts: needed(self.learning_starts, Setting::LearningStarts)?,
            update_every: needed(self.update_every, Setting::UpdateEvery)?,
            gradient_steps: self.gradient_steps.unwrap_or(UpdateSpec::GRADIENT_STEPS),
        })
    }

    /// Checks what an algorithm that explores by epsilon needs.
    ///
    /// # Errors
    ///
    /// What is missing or not allowed.
    pub(crate) fn check_exploration(&self) -> Result<(), SettingError> {
        crate::EpsilonGreedy::check(self.exploration()?).map_err(SettingError::of("exploration"))
    }

    /// Checks what an algorithm that learns from a replay needs, and whether the replay has room for what learning waits for.
    ///
    /// # Errors
    ///
    /// The first key that is missing or whose value is not allowed.
    pub(crate) fn check_replay(&self) -> Result<(), SettingError> {
        let updates = self.updates()?;
        updates.validate().map_err(SettingError::of("training"))?;
        let capacity = needed(self.replay, Setting::Replay)?.capacity;
        let UpdateSpec { batch_size, learning_starts, .. } = updates;
        let batches = match learning_starts {
            LearningStarts::Steps(_) => 1,
            LearningStarts::Batches(batches) => batches.max(1),
        };
        let needed = batches.saturating_mul(batch_size as u64);
        if capacity == 0 || needed <= capacity as u64 {
            return Ok(());
        }
        let setting = if batches > 1 { Setting::LearningStarts } else { Setting::BatchSize };
        let batches = if batches > 1 { format!("{batches} batches of {batch_size} are ") } else { String::new() };
        let reason =
            format!("{batches}{needed} transitions, more than replay.capacity = {capacity}: learning never starts");
        Err(SettingError::Unfit { key: setting.key(), reason })
    }
}

pub(crate) fn needed<T>(value: Option<T>, setting: Setting) -> Result<T, SettingError> {
    value.ok_or(SettingError::Missing { key: setting.key() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_that_holds_less_than_learning_waits_for_is_refused() {
        let replay = ReplaySpec::uniform(100);
        let shared = |batch_size, learning_starts| SharedSettings {
            replay: Some(&replay),
            batch_size: Some(batch_size),
            learning_starts: Some(learning_starts),
            update_every: Some(1),
            ..SharedSettings::default()
        };
        let refused = |settings: SharedSettings<'_>| settings.check_replay().unwrap_err().to_string();
        shared(100, LearningStarts::Steps(1_000)).check_replay().unwrap();
        shared(10, LearningStarts::Batches(10)).check_replay().unwrap();
        let message = "training.batch_size: 101 transitions, more than replay.capacity = 100: learning never starts";
        assert_eq!(refused(shared(101, LearningStarts::Steps(0))), message);
        let message = "training.learning_starts: 11 batches of 10 are 110 transitions, more than replay.capacity = 100: \
                       learning never starts";
        assert_eq!(refused(shared(10, LearningStarts::Batches(11))), message);
        assert_eq!(refused(SharedSettings::default()), "training.batch_size is missing");
        let no_replay = SharedSettings { replay: None, ..shared(1, LearningStarts::Steps(0)) };
        assert_eq!(refused(no_replay), "replay is missing");
    }
}
