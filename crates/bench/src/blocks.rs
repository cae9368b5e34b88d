//! Timing: one thing done over and over, in blocks.

use std::time::{Duration, Instant};

use crate::BenchError;

/// The samples of one round, in seconds per unit of work.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
pub(crate) struct Samples {
    /// Time gone by.
    pub(crate) wall: Vec<f64>,
    /// Processor time of all the process's threads; none where the system does not say.
    #[serde(default)]
    pub(crate) cpu: Vec<f64>,
    /// What was done in the round, where the work is fixed.
    #[serde(default)]
    pub(crate) done: serde_json::Map<String, serde_json::Value>,
}

/// As many samples as a round should have, and the fewest that it may have. The peers' programs have the same numbers.
const BLOCKS: u32 = 20;
const FEWEST: usize = 3;
const WARM_UP: usize = 5;

/// Calls `call`, which does `units` of work, over and over for about so many seconds.
pub(crate) fn blocks(
    seconds: f64,
    units: u64,
    mut call: impl FnMut() -> Result<(), BenchError>,
) -> Result<Samples, BenchError> {
    for _ in 0..WARM_UP {
        call()?;
    }
    let seconds = Duration::from_secs_f64(seconds);
    let once = Stopwatch::start();
    call()?;
    let once = once.wall().max(Duration::from_nanos(20));
    let calls = (seconds / BLOCKS).as_nanos() / once.as_nanos();
    let calls = u64::try_from(calls).unwrap_or(u64::MAX).max(1);
    let mut samples = Samples::default();
    let begin = Instant::now();
    while begin.elapsed() < seconds || samples.wall.len() < FEWEST {
        let watch = Stopwatch::start();
        for _ in 0..calls {
            call()?;
        }
        watch.stop((calls * units) as f64, &mut samples);
    }
    Ok(samples)
}

/// Wall and processor time.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: processor_time() }
    }

    fn wall(&self) -> Duration {
        self.wall.elapsed()
    }

    /// Adds a sample: the time since the start, divided by the units of work done in it.
    pub(crate) fn stop(self, units: f64, samples: &mut Samples) {
        samples.wall.push(self.wall().as_secs_f64() / units);
        let cpu = self.cpu.zip(processor_time()).map(|(from, to)| to.saturating_sub(from));
        samples.cpu.extend(cpu.map(|cpu| cpu.as_secs_f64() / units));
    }
}

/// What all threads of this process have computed so far.
#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_counted_and_every_block_sampled() {
        let mut calls = 0u64;
        let samples = blocks(0.02, 10, || {
            calls += 1;
            std::hint::black_box((0..2_000).map(f64::from).sum::<f64>());
            Ok(())
        });
        let samples = samples.unwrap();
        assert!(samples.wall.len() >= FEWEST && calls >= (samples.wall.len() + WARM_UP) as u64);
        assert!(samples.wall.iter().all(|&time| time > 0.0));
        assert!(samples.cpu.is_empty() || samples.cpu.len() == samples.wall.len());
    }
}
