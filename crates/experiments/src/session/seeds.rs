//! The same experiment from several seeds: a run each, in one folder.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use deepq_runs::{RunFolder, Summary};

use super::Settings;
use super::begin::{Begin, train};
use super::group::{Group, Stage};
use super::task::{self, Task};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::memory::{self, MemoryPlan};

/// What became of one seed.
#[derive(Debug)]
pub struct SeedRun {
    /// The root seed.
    pub seed: u64,
    /// The run's folder.
    pub folder: PathBuf,
    /// What came out, or why nothing did; the others went on.
    pub outcome: Result<Summary, RunError>,
}

/// Trains every seed of a group to its end, `jobs` at a time: starts what is missing, goes on with what has begun, and keeps
/// what is done. A run that fails stops no other. Where no number of threads is given, the runs share the machine's. How
/// many run at a time changes no result. `settings_of` gives the settings of a seed's run.
///
/// # Errors
///
/// If the experiment is impossible, the machine has not the memory for so many runs at a time, or the folder cannot be
/// written.
pub fn train_seeds(
    group: &Group,
    jobs: usize,
    settings: &Settings,
    settings_of: &(dyn Fn(u64, &Path) -> Settings + Sync),
) -> Result<Vec<SeedRun>, RunError> {
    let mut runs = Vec::new();
    let mut open = Vec::new();
    for &seed in group.seeds() {
        match group.stage(seed)? {
            Stage::Done(summary) => {
                settings.screen.note(&format!("seed {seed} is done"));
                runs.push(SeedRun { seed, folder: group.run(seed), outcome: Ok(*summary) });
            }
            Stage::Begun => open.push((seed, true)),
            Stage::Missing => open.push((seed, false)),
        }
    }
    let jobs = jobs.clamp(1, open.len().max(1));
    if let Some(&(seed, _)) = open.first() {
        fits_in_memory(group, seed, jobs, settings)?;
    }
    group.write()?;
    (settings.on_start)();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = settings.threads.unwrap_or((cores / jobs).max(1));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(runs);
    let work = || {
        while let Some(&(seed, begun)) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Whoever asked to stop wants no new runs.
            if settings.stop.load(Ordering::Relaxed) {
                break;
            }
            let folder = group.run(seed);
            let train = || {
                let settings = Settings { threads: Some(threads), shares_process: true, ..settings_of(seed, &folder) };
                (settings.on_thread)();
                let (experiment, document) = group.experiment(seed)?;
                let begin = if begun { Begin::Resumed(RunFolder::open(&folder)?) } else { Begin::New(&folder) };
                train(&experiment, &document, begin, &settings)
            };
            // A run that breaks down takes no other with it: nothing that it had is used again.
            let outcome =
                catch_unwind(AssertUnwindSafe(train)).unwrap_or_else(|panic| Err(RunError::panicked(&*panic)));
            if let Err(error) = &outcome {
                settings.screen.line(&format!("seed {seed} failed: {error}"));
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push(SeedRun { seed, folder, outcome });
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
    let mut runs = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    runs.sort_by_key(|run| group.seeds().iter().position(|seed| *seed == run.seed));
    Ok(runs)
}

/// Refuses more runs at a time than there is memory for; they all need the same.
fn fits_in_memory(group: &Group, seed: u64, jobs: usize, settings: &Settings) -> Result<(), RunError> {
    let (experiment, document) = group.experiment(seed)?;
    let plan = task::run(PlanMemory, &experiment, &document, settings)?.times(jobs);
    let machine = memory::of_this_machine().unwrap_or(u64::MAX);
    plan.check(machine)?;
    if jobs > 1 {
        settings.screen.note(&format!("Planned memory of {jobs} runs at a time: {plan}"));
    }
    if let Some(warning) = plan.warning(machine) {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// What a run of an experiment will hold in memory.
struct PlanMemory;

impl Task for PlanMemory {
    type Output = MemoryPlan;

    fn run<E: Observed>(self, assembly: &Assembly<'_>) -> Result<MemoryPlan, RunError> {
        assembly.memory(&assembly.training_environment::<E>()?)
    }
}
