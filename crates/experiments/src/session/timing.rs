//! How long a run took, all its parts together, and how fast it was.

use std::time::Instant;

use deepq_agents::Counters;
use deepq_runs::TimeSpent;
use serde::{Deserialize, Serialize};

use crate::stopwatch::Stopwatch;
use crate::training::Stopwatches;

/// The clock's part of a checkpoint; no result depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimingState {
    /// All time.
    seconds: f64,
    /// Time without evaluations and checkpoints.
    training_seconds: f64,
    first_update: Option<FirstUpdate>,
    spent: TimeSpent,
}

/// Where the run stood at its first update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstUpdate {
    training_seconds: f64,
    counters: Counters,
}

/// A run's clock.
pub(super) struct Timing {
    before: TimingState,
    begun: Instant,
    playing: Stopwatches,
    sampling: Stopwatch,
    pub(super) evaluation: Stopwatch,
    pub(super) checkpoints: Stopwatch,
}

impl Timing {
    /// Goes on from an earlier part; `playing` and `sampling` are what the loop and the replay add to.
    pub(super) fn new(before: TimingState, playing: Stopwatches, sampling: Stopwatch) -> Self {
        let (evaluation, checkpoints) = (Stopwatch::default(), Stopwatch::default());
        Self { before, begun: Instant::now(), playing, sampling, evaluation, checkpoints }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.before.seconds + self.begun.elapsed().as_secs_f64()
    }

    fn training_seconds(&self) -> f64 {
        let paused = self.evaluation.elapsed() + self.checkpoints.elapsed();
        self.before.training_seconds + self.begun.elapsed().saturating_sub(paused).as_secs_f64()
    }

    /// Where the time went.
    pub(super) fn spent(&self) -> TimeSpent {
        let Stopwatches { acting, environments, storing, learning } = &self.playing;
        let before = &self.before.spent;
        let sum = |before: f64, now: &Stopwatch| before + now.elapsed().as_secs_f64();
        TimeSpent {
            acting: sum(before.acting, acting),
            environments: sum(before.environments, environments),
            storing: sum(before.storing, storing),
            sampling: sum(before.sampling, &self.sampling),
            learning: sum(before.learning, learning) - self.sampling.elapsed().as_secs_f64(),
            evaluation: sum(before.evaluation, &self.evaluation),
            checkpoints: sum(before.checkpoints, &self.checkpoints),
        }
    }

    /// The network was updated.
    pub(super) fn updated(&mut self, counters: &Counters) {
        if self.before.first_update.is_none() {
            let training_seconds = self.training_seconds();
            self.before.first_update = Some(FirstUpdate { training_seconds, counters: *counters });
        }
    }

    pub(super) fn state(&self) -> TimingState {
        let (seconds, training_seconds) = (self.seconds(), self.training_seconds());
        TimingState { seconds, training_seconds, spent: self.spent(), ..self.before }
    }

    /// Agent steps a second since the first update, evaluations and checkpoints not counted.
    pub(super) fn steps_per_second(&self, counters: &Counters) -> Option<f64> {
        self.rate(|first| counters.agent_steps.saturating_sub(first.agent_steps))
    }

    /// Updates a second since the first one, evaluations and checkpoints not counted.
    pub(super) fn updates_per_second(&self, counters: &Counters) -> Option<f64> {
        self.rate(|first| counters.updates.saturating_sub(first.updates))
    }

    /// What is counted since the first update, a second. Where that was is no part of the digest: a checkpoint may say
    /// anything of it.
    fn rate(&self, since: impl Fn(&Counters) -> u64) -> Option<f64> {
        let first = self.before.first_update.as_ref()?;
        let seconds = self.training_seconds() - first.training_seconds;
        (seconds > 0.0).then(|| since(&first.counters) as f64 / seconds)
    }
}
