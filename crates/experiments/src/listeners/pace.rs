//! How fast a run is, and how long it will take.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use deepq_agents::Counters;

/// The pace is that of the last seconds.
const LOOKED_AT: Duration = Duration::from_secs(10);
/// What is shorter says nothing.
const SHORTEST: Duration = Duration::from_millis(500);

/// The pace of training. Evaluations and checkpoints are not part of it, but of the time that is left.
pub(super) struct Pace {
    /// Time of training and counters, over the last [`LOOKED_AT`].
    points: VecDeque<(Duration, Counters)>,
    begun: Instant,
    paused: Duration,
    pause: Option<Instant>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { points: VecDeque::new(), begun: now, paused: Duration::ZERO, pause: None }
    }

    /// Something else begins.
    pub(super) fn pause(&mut self, now: Instant) {
        self.pause.get_or_insert(now);
    }

    /// Training goes on, if something else was done.
    pub(super) fn go_on(&mut self, now: Instant) {
        if let Some(pause) = self.pause.take() {
            self.paused += now.saturating_duration_since(pause);
        }
    }

    /// The run stands here. Before the first update it is as fast as it will never be again, and starts anew with that.
    pub(super) fn stands_at(&mut self, counters: &Counters, now: Instant) {
        self.go_on(now);
        if counters.updates > 0 && self.points.back().is_some_and(|(_, before)| before.updates == 0) {
            *self = Self::new(now);
        }
        let trained = self.trained(now);
        self.points.push_back((trained, *counters));
        while self.points.len() > 2 && trained - self.points[1].0 > LOOKED_AT {
            self.points.pop_front();
        }
    }

    fn trained(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.begun).saturating_sub(self.paused)
    }

    /// How many of something went by in a second.
    fn rate(&self, of: impl Fn(&Counters) -> u64) -> Option<f64> {
        let ((then, before), (now, counters)) = (self.points.front()?, self.points.back()?);
        let (time, done) = (*now - *then, of(counters).saturating_sub(of(before)));
        (time >= SHORTEST && done > 0).then(|| done as f64 / time.as_secs_f64())
    }

    /// Agent steps a second.
    pub(super) fn steps_per_second(&self) -> Option<f64> {
        self.rate(|counters| counters.agent_steps)
    }

    /// How long the rest takes, at this pace and with as many pauses as there were; unknown before the first update.
    pub(super) fn left(&self, steps: u64, episodes: Option<u64>, now: Instant) -> Option<Duration> {
        let (_, counters) = self.points.back()?;
        if counters.updates == 0 {
            return None;
        }
        let rest = |all: u64, done: u64, rate: Option<f64>| Some(all.saturating_sub(done) as f64 / rate?);
        let of_steps = rest(steps, counters.agent_steps, self.steps_per_second());
        let of_episodes = episodes.and_then(|all| rest(all, counters.episodes, self.rate(|c| c.episodes)));
        let training = of_steps.into_iter().chain(of_episodes).reduce(f64::min)?;
        let all = now.saturating_duration_since(self.begun).as_secs_f64();
        let pauses = all / self.trained(now).as_secs_f64().max(1e-9);
        Duration::try_from_secs_f64((training * pauses).min(1e9)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(agent_steps: u64, updates: u64, episodes: u64) -> Counters {
        Counters { agent_steps, updates, episodes }
    }

    #[test]
    fn time_left_counts_pauses_and_not_what_comes_before_learning() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(begun);
        pace.stands_at(&counters(0, 0, 0), at(0));
        pace.stands_at(&counters(50_000, 0, 0), at(1));
        assert_eq!(pace.steps_per_second(), Some(50_000.0));
        assert_eq!(pace.left(100_000, None, at(1)), None);
        // Learning begins: a hundredth of that.
        pace.stands_at(&counters(50_000, 1, 0), at(1));
        pace.stands_at(&counters(52_000, 500, 20), at(5));
        assert_eq!(pace.steps_per_second(), Some(500.0));
        assert_eq!(pace.left(62_000, None, at(5)), Some(Duration::from_secs(20)));
        // Five episodes a second, of which fifty are left.
        assert_eq!(pace.left(62_000, Some(70), at(5)), Some(Duration::from_secs(10)));
        // Four seconds of eight were an evaluation: the pace stays, the rest takes twice as long.
        pace.pause(at(5));
        pace.stands_at(&counters(52_000, 500, 20), at(9));
        assert_eq!(pace.steps_per_second(), Some(500.0));
        assert_eq!(pace.left(62_000, None, at(9)), Some(Duration::from_secs(40)));
    }
}
