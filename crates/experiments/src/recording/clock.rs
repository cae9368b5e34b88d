//! Time in the whole ticks of a file.

use std::time::Duration;

/// Turns durations into whole ticks. What rounding loses goes to the next one, so that a minute stays a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    ticks_per_second: f64,
    /// All durations so far.
    elapsed: Duration,
    /// All ticks so far.
    ticks: u64,
}

impl Clock {
    pub(super) fn new(ticks_per_second: f64) -> Self {
        Self { ticks_per_second, elapsed: Duration::ZERO, ticks: 0 }
    }

    /// The ticks of what lasts so long, at least `least`.
    pub(super) fn ticks(&mut self, duration: Duration, least: u64) -> u64 {
        self.elapsed += duration;
        let end = (self.elapsed.as_secs_f64() * self.ticks_per_second).round() as u64;
        let ticks = end.saturating_sub(self.ticks).max(least);
        self.ticks += ticks;
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_a_second_are_a_hundred_centiseconds() {
        let mut clock = Clock::new(100.0);
        let ticks: Vec<u64> = (0..15).map(|_| clock.ticks(Duration::from_secs(1) / 15, 2)).collect();
        assert_eq!(ticks.iter().sum::<u64>(), 100);
        assert_eq!(ticks[..3], [7, 6, 7]);
    }
}
