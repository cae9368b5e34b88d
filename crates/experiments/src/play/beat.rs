//! When the next step is due.

use std::time::{Duration, Instant};

/// A game that is further behind than this goes on from now instead of hurrying.
const LATE: Duration = Duration::from_millis(250);

/// Steps at even times.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    period: Duration,
    next: Instant,
}

impl Beat {
    /// So many steps a second, the first one a period from `now`. From one in an hour to a thousand a second.
    pub fn new(steps_per_second: f64, now: Instant) -> Self {
        let period = Duration::from_secs_f64(1.0 / steps_per_second.clamp(1.0 / 3600.0, 1000.0));
        Self { period, next: now + period }
    }

    /// The time until the next step; nothing where it is due.
    pub fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// A step was made that was due.
    pub fn stepped(&mut self, now: Instant) {
        self.next += self.period;
        if now.saturating_duration_since(self.next) > LATE {
            self.next = now + self.period;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_their_times() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut beat = Beat::new(10.0, start);
        assert_eq!(beat.wait(start), Duration::from_millis(100));
        // A step that comes late does not move the ones after it.
        beat.stepped(after(130));
        assert_eq!(beat.wait(after(130)), Duration::from_millis(70));
        beat.stepped(after(320));
        assert_eq!(beat.wait(after(320)), Duration::ZERO);
        // After a long rest it does.
        beat.stepped(after(9000));
        assert_eq!(beat.wait(after(9000)), Duration::from_millis(100));
    }
}
