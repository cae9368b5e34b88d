//! Makes all that a run needs, and sets it going.

use std::path::Path;

use deepq_agents::Agent;
use deepq_envs::BoxedEnv;
use deepq_runs::{Checkpoint, Document, Kind, RunFolder, StorageError, Summary};

use super::running::Session;
use super::saved::SavedRun;
use super::start::Start;
use super::task::{self, Task};
use super::timing::Timing;
use super::{Settings, resume, starting};
use crate::assembly::{Assembly, Observed};
use crate::config::Experiment;
use crate::evaluation::Evaluator;
use crate::listeners::{Metrics, Progress};
use crate::memory::{self, MemoryPlan};
use crate::{RunError, weights};

/// How a run begins.
pub(super) enum Begin<'a> {
    New(&'a Path),
    Resumed(RunFolder),
}

/// Trains in a pool of threads of the run's own.
pub(super) fn train(
    experiment: &Experiment,
    document: &Document,
    begin: Begin<'_>,
    settings: &Settings,
) -> Result<Summary, RunError> {
    settings.in_pool(|threads| task::run(Train { begin, threads, settings }, experiment, document, settings))?
}

struct Train<'a> {
    begin: Begin<'a>,
    threads: usize,
    settings: &'a Settings,
}

impl Task for Train<'_> {
    type Output = Summary;

    /// Makes everything, then trains.
    fn run<E: Observed>(self, assembly: &Assembly<'_>) -> Result<Summary, RunError> {
        let Self { begin, threads, settings } = self;
        let parts = Parts::<E>::make(assembly, begin.is_from_first_step()?, settings)?;
        let (folder, saved) = begin.open(assembly, settings)?;
        // Nothing is refused from here on.
        parts.announce(settings);
        write_experiment(&folder, assembly.document)?;
        (settings.on_start)();
        let mut session = parts.into_session(assembly, folder, saved, settings)?;
        session.train(threads, settings).map_err(|cause| session.stopped(cause))
    }
}

impl Begin<'_> {
    /// Whether it begins with its first step: so does a run that was stopped before its first checkpoint.
    fn is_from_first_step(&self) -> Result<bool, StorageError> {
        match self {
            Self::New(_) => Ok(true),
            Self::Resumed(folder) => Ok(folder.checkpoints().steps(Kind::Step)?.is_empty()),
        }
    }

    /// The run's folder, and the checkpoint that the run goes on from.
    fn open(
        self,
        assembly: &Assembly<'_>,
        settings: &Settings,
    ) -> Result<(RunFolder, Option<(SavedRun, Checkpoint)>), RunError> {
        match self {
            Self::New(path) => Ok((RunFolder::create(path)?, None)),
            Self::Resumed(folder) => {
                let saved = resume::find(assembly, &folder, settings)?;
                Ok((folder, saved))
            }
        }
    }
}

/// What a run is made of, before anything of it is on the disk.
struct Parts<E: Observed> {
    environments: Vec<BoxedEnv<E>>,
    agent: Box<dyn Agent<E>>,
    evaluator: Evaluator<E>,
    memory: MemoryPlan,
    /// Bytes of memory that the machine has.
    machine: u64,
}

impl<E: Observed> Parts<E> {
    /// Makes them. The agent has weights of another run, where the experiment says so and it is to be `at_first_step`.
    fn make(assembly: &Assembly<'_>, at_first_step: bool, settings: &Settings) -> Result<Self, RunError> {
        let screen = &settings.screen;
        let environments = starting::with_progress(assembly, screen, || assembly.training_environments::<E>())?;
        let first = &environments[0];
        let memory = assembly.memory(first)?;
        let machine = memory::of_this_machine().unwrap_or(u64::MAX);
        memory.check(machine)?;
        let init_from = assembly.experiment.transfer.init_from.as_deref().filter(|_| at_first_step);
        let weights = init_from.map(|path| weights::to_start_from(path, assembly.document)).transpose()?;
        let agent = assembly.agent(first, weights.as_ref())?;
        let evaluator = starting::with_progress(assembly, screen, || assembly.evaluator(assembly.protocol()))?;
        Ok(Self { environments, agent, evaluator, memory, machine })
    }

    /// Says how much memory the run will take.
    fn announce(&self, settings: &Settings) {
        settings.screen.note(&format!("Planned memory: {}", self.memory));
        if let Some(warning) = self.memory.warning(self.machine) {
            tracing::warn!("{warning}");
        }
    }

    /// The run at its start, with those who watch it.
    fn into_session<'a>(
        self,
        assembly: &'a Assembly<'a>,
        folder: RunFolder,
        saved: Option<(SavedRun, Checkpoint)>,
        settings: &Settings,
    ) -> Result<Session<'a, E>, RunError> {
        let Self { environments, agent, evaluator, .. } = self;
        let Start { training, metrics, timing, newest } = match saved {
            None => Start::at_first_step(assembly, environments, agent, &folder)?,
            Some((saved, checkpoint)) => {
                Start::at_checkpoint(assembly, environments, agent, &folder, saved, &checkpoint)?
            }
        };
        let experiment = (assembly.experiment.name.as_str(), assembly.document);
        let (figures, agent_step) = (training.agent().figures(), training.counters().agent_steps);
        let metrics = Metrics::open(&folder, experiment, figures, &metrics, agent_step)?;
        Ok(Session {
            assembly,
            checkpoints: folder.checkpoints(),
            evaluator,
            metrics,
            progress: Progress::new(settings.screen.clone()),
            timing: Timing::new(timing, training.stopwatches().clone(), assembly.sampling.clone()),
            newest,
            increments_from: settings.increments_from,
            training,
            folder,
        })
    }
}

/// Writes the experiment as it is run.
fn write_experiment(folder: &RunFolder, document: &Document) -> Result<(), StorageError> {
    let (path, text) = (folder.experiment(), document.text());
    // A run that goes on as it was needs no space for that.
    if std::fs::read_to_string(&path).ok().as_ref() == Some(&text) {
        return Ok(());
    }
    folder.write(&path, &text)
}
