//! How long a run took, all its parts together, and how fast it was.

use std::time::Instant;

use deepq_agents::Counters;
use serde::{Deserialize, Serialize};

/// The clock's part of a checkpoint; no result depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimingState {
    /// All time.
    seconds: f64,
    /// Time without evaluations and checkpoints.
    training_seconds: f64,
    first_update: Option<FirstUpdate>,
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
    /// Seconds of evaluations and checkpoints in this part.
    paused: f64,
}

impl Timing {
    pub(super) fn new() -> Self {
        Self::resumed(TimingState::default())
    }

    pub(super) fn resumed(before: TimingState) -> Self {
        Self { before, begun: Instant::now(), paused: 0.0 }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.before.seconds + self.begun.elapsed().as_secs_f64()
    }

    fn training_seconds(&self) -> f64 {
        self.before.training_seconds + self.begun.elapsed().as_secs_f64() - self.paused
    }

    /// An evaluation or a checkpoint begins.
    pub(super) fn pause(&self) -> Instant {
        Instant::now()
    }

    /// It is over.
    pub(super) fn go_on(&mut self, pause: Instant) {
        self.paused += pause.elapsed().as_secs_f64();
    }

    /// The network was updated.
    pub(super) fn updated(&mut self, counters: &Counters) {
        if self.before.first_update.is_none() {
            let training_seconds = self.training_seconds();
            self.before.first_update = Some(FirstUpdate { training_seconds, counters: *counters });
        }
    }

    pub(super) fn state(&self) -> TimingState {
        TimingState { seconds: self.seconds(), training_seconds: self.training_seconds(), ..self.before }
    }

    /// Agent steps a second since the first update, evaluations and checkpoints not counted.
    pub(super) fn steps_per_second(&self, counters: &Counters) -> Option<f64> {
        self.rate(|first| counters.agent_steps - first.agent_steps)
    }

    /// Updates a second since the first one, evaluations and checkpoints not counted.
    pub(super) fn updates_per_second(&self, counters: &Counters) -> Option<f64> {
        self.rate(|first| counters.updates - first.updates)
    }

    fn rate(&self, since: impl Fn(&Counters) -> u64) -> Option<f64> {
        let first = self.before.first_update.as_ref()?;
        let seconds = self.training_seconds() - first.training_seconds;
        (seconds > 0.0).then(|| since(&first.counters) as f64 / seconds)
    }
}
