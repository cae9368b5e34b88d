//! The machine that figures come from: without it they say nothing.

use serde::{Deserialize, Serialize};
use sysinfo::System;

/// A machine in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Its cores, as far as this process may use them.
    pub cores: usize,
    /// The instruction sets among those that kernels are chosen by.
    pub instruction_sets: Vec<String>,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// The operating system.
    pub system: String,
    /// Processes that ran or wanted to, over the minute before the measurement: on a quiet machine near 0.
    pub load: Option<f64>,
    /// This program's version.
    pub deepq: String,
}

impl Machine {
    /// The machine that this runs on.
    pub fn this() -> Self {
        let cpu = System::new().ok().and_then(|mut system| {
            system.refresh_cpu_all();
            system.cpus().first().map(|cpu| cpu.brand().trim().to_owned())
        });
        Self {
            cpu: cpu.filter(|name| !name.is_empty()).unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            instruction_sets: instruction_sets(),
            memory_bytes: deepq_experiments::memory::of_this_machine(),
            system: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
            load: System::load_average().ok().map(|load| load.one),
            deepq: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether others were computing before the measurement began.
    pub fn is_busy(&self) -> bool {
        self.load.is_some_and(|load| load > 0.3 * self.cores as f64)
    }
}

#[cfg(target_arch = "x86_64")]
fn instruction_sets() -> Vec<String> {
    let found = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    found.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn instruction_sets() -> Vec<String> {
    Vec::new()
}
