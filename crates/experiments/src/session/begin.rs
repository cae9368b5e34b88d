//! Makes or restores all that a run needs, and sets it going.

use std::path::Path;

use deepq_envs::ElementKind;
use deepq_runs::{Checkpoint, Checkpoints, Kind, RunFolder, StorageError, Summary, Videos, grouped};

use super::running::Session;
use super::saved::{Newest, SavedRun};
use super::timing::{Timing, TimingState};
use super::{Settings, starting};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::{Changes, Document, Experiment};
use crate::listeners::{Metrics, MetricsState, Progress};
use crate::memory;
use crate::training::{Plan, Training};
use crate::weights;

/// The keys that say how long a run is.
const LENGTH: [&str; 2] = ["training.steps", "training.episodes"];

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
    settings.in_pool(|threads| {
        let device = settings.device.open()?;
        let assembly = Assembly::new(experiment, document, &settings.registry, &device);
        match assembly.element()? {
            ElementKind::F32 => run::<f32>(&assembly, begin, threads, settings),
            ElementKind::U8 => run::<u8>(&assembly, begin, threads, settings),
        }
    })?
}

/// Makes everything, then trains.
fn run<E: Observed>(
    assembly: &Assembly<'_>,
    begin: Begin<'_>,
    threads: usize,
    settings: &Settings,
) -> Result<Summary, RunError> {
    let screen = &settings.screen;
    let environments = starting::told(assembly, screen, || assembly.training_environments::<E>())?;
    let first = &environments[0];
    let memory = assembly.memory(first)?;
    let machine = memory::of_this_machine().unwrap_or(u64::MAX);
    memory.check(machine)?;
    // A run that was stopped before its first checkpoint starts from the same weights as a new one.
    let from_the_beginning = match &begin {
        Begin::New(_) => true,
        Begin::Resumed(folder) => folder.checkpoints().steps(Kind::Step)?.is_empty(),
    };
    let init_from = assembly.experiment.transfer.init_from.as_deref().filter(|_| from_the_beginning);
    let weights = init_from.map(|path| weights::to_start_from(path, assembly.document)).transpose()?;
    let mut agent = assembly.agent(first, weights.as_ref())?;
    let evaluator = starting::told(assembly, screen, || assembly.evaluator(assembly.protocol()))?;

    let Experiment { training, evaluation, checkpoint, .. } = assembly.experiment;
    let plan = Plan::new(training, evaluation, checkpoint.every);
    let (folder, saved) = match begin {
        Begin::New(path) => (RunFolder::create(path)?, None),
        Begin::Resumed(folder) => {
            let saved = newest(&folder.checkpoints())?;
            let saved = saved.map(|checkpoint| Ok::<_, RunError>((SavedRun::read(&checkpoint)?, checkpoint)));
            let saved = saved.transpose()?;
            if let Some((state, checkpoint)) = &saved {
                fits(assembly, &folder, checkpoint, state, settings)?;
                screen.note(&format!("Going on from step {}", grouped(checkpoint.agent_step())));
            }
            (folder, saved)
        }
    };
    // Nothing is refused from here on.
    screen.note(&format!("Planned memory: {memory}"));
    if let Some(warning) = memory.warning(machine) {
        tracing::warn!("{warning}");
    }
    let text = assembly.document.text();
    // A run that goes on as it was needs no space for that.
    if std::fs::read_to_string(folder.experiment()).ok().as_ref() != Some(&text) {
        folder.write(&folder.experiment(), &text)?;
    }
    (settings.on_start)();
    let checkpoints = folder.checkpoints();
    let (training, metrics, timing, newest) = match saved {
        None => {
            let training = Training::new(plan, environments, agent, &assembly.seeds())?;
            checkpoints.clear()?;
            cut_back(&folder.videos(), 0);
            (training, MetricsState::default(), TimingState::default(), None)
        }
        Some((saved, checkpoint)) => {
            let (captures, replay) = SavedRun::restore(&saved, &checkpoint, &mut *agent)?;
            let training = Training::resume(plan, environments, agent, saved.training, &captures)?;
            let digest = match &saved.increments {
                None => training.digest()?,
                // Reading all of a large replay once more would take as long as reading it did; it has checksums of its own.
                Some(_) => training.digest_of(&training.agent().state()?, &training.captures()?, &replay)?,
            };
            if digest != saved.digest {
                let reason = "what was restored from it is not what was saved".to_owned();
                return Err(RunError::Checkpoint { path: checkpoint.path().to_owned(), reason });
            }
            checkpoints.cut_back(checkpoint.agent_step())?;
            cut_back(&folder.videos(), checkpoint.agent_step());
            tracing::info!("going on from step {}", checkpoint.agent_step());
            let folder = checkpoint.path().to_owned();
            let newest = Newest::new(checkpoint.agent_step(), digest, saved.increments, folder);
            (training, saved.metrics, saved.timing, Some(newest))
        }
    };
    let experiment = (assembly.experiment.name.as_str(), assembly.document);
    let metrics = Metrics::open(&folder, experiment, &metrics, training.counters().agent_steps)?;
    let progress = Progress::new(screen.clone());
    let timing = Timing::new(timing, training.stopwatches().clone(), assembly.sampling.clone());
    let increments_from = settings.increments_from;
    let mut session = Session {
        assembly,
        folder,
        checkpoints,
        training,
        evaluator,
        metrics,
        progress,
        timing,
        newest,
        increments_from,
    };
    let summary = session.train(threads, settings);
    summary.map_err(|cause| RunError::Stopped {
        cause: Box::new(cause),
        agent_step: session.training.counters().agent_steps,
        run: session.folder.path().to_owned(),
        checkpoint: session.checkpoints.steps(Kind::Step).ok().and_then(|steps| steps.first().copied()),
    })
}

/// Whether a run can go on from a checkpoint with the experiment as it is now.
fn fits(
    assembly: &Assembly<'_>,
    folder: &RunFolder,
    checkpoint: &Checkpoint,
    state: &SavedRun,
    settings: &Settings,
) -> Result<(), RunError> {
    let Experiment { training, evaluation, .. } = assembly.experiment;
    let done = checkpoint.agent_step();
    let of_step = state.training.counters.agent_steps;
    if of_step != done {
        let reason = format!("it is the one of step {of_step}, whatever its folder is called");
        return Err(RunError::Checkpoint { path: checkpoint.path().to_owned(), reason });
    }
    let Changes { harmless, forbidden } = Changes::between(&SavedRun::document(checkpoint)?, assembly.document)?;
    // All environments take a step together, so that a run may have made a few steps more than it was asked for.
    let shortened = harmless.iter().any(|change| change.key == "training.steps") && training.steps < done;
    if shortened {
        return Err(RunError::TooFewSteps { done, asked: training.steps });
    }
    if !forbidden.is_empty() {
        let (file, checkpoint) = (folder.experiment(), checkpoint.path().to_owned());
        return Err(RunError::Changed { file, changes: forbidden, checkpoint });
    }
    for change in &harmless {
        settings.screen.note(&change.to_string());
    }
    if let Some(isa) = state.other_order()
        && assembly.device.is_cpu()
    {
        tracing::warn!(
            "an older deepq computed the run so far, whose {isa} instructions summed in an order of their own: it goes on \
             as well, but not bit for bit as it would have there"
        );
    }
    let longer = harmless.iter().any(|change| LENGTH.contains(&change.key.as_str()));
    match (evaluation.stop_at, &state.training.last_evaluation) {
        (Some(stop_at), Some(last)) if longer && last.mean() >= stop_at => {
            Err(RunError::GoalReached { at_step: last.at_step, mean: last.mean(), stop_at })
        }
        _ => Ok(()),
    }
}

/// The newest checkpoint that can be used, with a warning for each that cannot.
fn newest(checkpoints: &Checkpoints) -> Result<Option<Checkpoint>, RunError> {
    match checkpoints.newest(Kind::Step) {
        Ok((checkpoint, damaged)) => {
            for reason in damaged {
                tracing::warn!("{reason}: using the checkpoint of step {} instead", checkpoint.agent_step());
            }
            Ok(Some(checkpoint))
        }
        Err(StorageError::NoCheckpoint { damaged, .. }) if damaged.is_empty() => {
            // Starting again would remove them.
            if let Some(step) = checkpoints.steps(Kind::Best)?.first() {
                return Err(RunError::OnlyBest { step: *step });
            }
            tracing::warn!("the run has no checkpoint: it starts from the beginning");
            Ok(None)
        }
        Err(cause) => Err(match checkpoints.newest(Kind::Best) {
            Ok((best, _)) => RunError::OnlyBestIsWhole { cause, step: best.agent_step() },
            Err(_) => cause.into(),
        }),
    }
}

/// Removes the videos that a run will make again which goes on from `agent_step`. That they stay is no reason to stop it.
fn cut_back(videos: &Videos, agent_step: u64) {
    if let Err(error) = videos.cut_back(agent_step) {
        tracing::warn!("an old video stays: {error}");
    }
}
