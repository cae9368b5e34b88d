//! How much memory a run will take, and how much there is.

use std::fmt;

use sysinfo::System;

/// What a run will hold in memory when its replay is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Runs at the same time; the figures are of all of them together.
    pub runs: usize,
    /// The replay memory; compressed frames as they are likely to be.
    pub replay: u64,
    /// The replay memory if no frame can be made smaller; the same where none is compressed.
    pub replay_at_worst: u64,
    /// Weights, target weights, gradients and the optimizer's moments.
    pub networks: u64,
}

impl MemoryPlan {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.replay.saturating_add(self.networks)
    }

    /// What to say of a run that is likely to fit, but need not.
    pub fn warning(&self, machine: u64) -> Option<String> {
        let worst = self.replay_at_worst.saturating_add(self.networks);
        (worst > machine).then(|| {
            format!(
                "the machine has {}: enough for the compressed replay of a usual game, but frames that can be made no \
                 smaller would need {}",
                Bytes(machine),
                Bytes(worst)
            )
        })
    }

    /// That of so many runs at the same time.
    pub fn times(self, runs: usize) -> Self {
        let all = |bytes: u64| bytes.saturating_mul(runs as u64);
        let Self { runs: before, replay, replay_at_worst, networks } = self;
        let runs = before.saturating_mul(runs);
        Self { runs, replay: all(replay), replay_at_worst: all(replay_at_worst), networks: all(networks) }
    }

    /// Refuses what the machine does not have.
    ///
    /// # Errors
    ///
    /// [`TooMuchMemory`], with the figures.
    pub fn check(self, machine: u64) -> Result<(), TooMuchMemory> {
        if self.total() <= machine { Ok(()) } else { Err(TooMuchMemory { plan: self, machine }) }
    }
}

impl fmt::Display for MemoryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replay, replay_at_worst, networks, .. } = *self;
        write!(f, "{} (replay {}", Bytes(self.total()), Bytes(replay))?;
        if replay_at_worst > replay {
            write!(f, ", at worst {}", Bytes(replay_at_worst))?;
        }
        write!(f, ", networks {})", Bytes(networks))
    }
}

/// A run that needs more memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} {plan} and the machine has {}; choose a smaller replay, as with --set replay.capacity=N{}",
    match plan.runs { 1 => "this run needs".to_owned(), runs => format!("{runs} runs at the same time need") },
    Bytes(*machine),
    if plan.runs == 1 { "" } else { ", or fewer --jobs" }
)]
pub struct TooMuchMemory {
    /// What it needs.
    pub plan: MemoryPlan,
    /// What the machine has.
    pub machine: u64,
}

/// Bytes in words: `3.6 GB`, in units of 1024 as memory is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        match unit {
            0 => write!(f, "{} bytes", self.0),
            _ if value < 10.0 => write!(f, "{value:.1} {}", UNITS[unit]),
            _ => write!(f, "{value:.0} {}", UNITS[unit]),
        }
    }
}

/// Bytes of memory of this machine, or of the container that the process runs in.
///
/// `None` where the system does not say.
pub fn of_this_machine() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let total = system.total_memory();
    let limit = system.cgroup_limits().map(|limits| limits.total_memory).filter(|&limit| limit > 0);
    Some(limit.map_or(total, |limit| total.min(limit))).filter(|&total| total > 0)
}

/// The most memory that this process has held at once, where the system says.
pub fn peak() -> Option<u64> {
    // Linux only: `VmHWM:     12345 kB`.
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_refused_with_the_figures() {
        let plan = MemoryPlan { runs: 1, replay: 3_528_000_000, replay_at_worst: 3_528_000_000, networks: 25_000_000 };
        assert_eq!(plan.to_string(), "3.3 GB (replay 3.3 GB, networks 24 MB)");
        let refused = plan.check(2 << 30).unwrap_err().to_string();
        assert!(
            refused.starts_with("this run needs 3.3 GB (replay 3.3 GB, networks 24 MB) and the machine has 2.0 GB")
        );
        let refused = plan.times(3).check(8 << 30).unwrap_err().to_string();
        assert!(
            refused.starts_with("3 runs at the same time need 9.9 GB (replay 9.9 GB, networks 72 MB)"),
            "{refused}"
        );
        assert!(refused.ends_with(", or fewer --jobs"), "{refused}");
        assert_eq!(plan.check(4 << 30), Ok(()));
        assert_eq!(plan.warning(4 << 30), None);
        assert!(of_this_machine().is_none_or(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn compressed_frames_are_judged_by_what_they_are_likely_to_take() {
        let plan = MemoryPlan { runs: 1, replay: 220 << 20, replay_at_worst: 3528 << 20, networks: 25 << 20 };
        assert_eq!(plan.check(2 << 30), Ok(()));
        let warning = plan.warning(2 << 30).unwrap();
        assert!(warning.contains("the machine has 2.0 GB") && warning.contains("would need 3.5 GB"), "{warning}");
        assert!(plan.check(200 << 20).is_err());
        assert_eq!(plan.to_string(), "245 MB (replay 220 MB, at worst 3.4 GB, networks 25 MB)");
    }
}
