//! A training run from start to end: the loop, those who watch it, its evaluations and its checkpoints.

mod evaluate;
mod group;
mod record;
mod replay;
mod saved;
mod seeds;
mod settings;
mod starting;
mod timing;
mod watch;
mod weights;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use deepq_envs::{Element, ElementKind};
use deepq_nets::{Device, Isa};

pub use evaluate::{EvaluationRequest, evaluate};
pub use group::Group;
use record::record_evaluation;
pub use record::{Recorded, RecordingRequest, record, record_best};
use saved::{Before, Newest, SavedBest, SavedRun};
pub use seeds::{Aggregate, SeedRun, SeedsSummary, train_seeds};
pub use settings::Settings;
use timing::{Timing, TimingState};
pub use watch::watch;
pub use weights::{Weights, WhichCheckpoint};
pub(crate) use weights::{read as read_weights, to_safetensors};

use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::{self, Changes, Document, Experiment, Overrides};
use crate::evaluation::{Evaluation, EvaluationError, Evaluator};
use crate::listeners::{Listener, Metrics, MetricsState, Progress, grouped};
use crate::memory;
use crate::recording::Recording;
use crate::run::{Checkpoint, Checkpoints, Finished, Kind, RunFolder, StorageError, Summary, Videos};
use crate::training::{Event, Plan, Training};

/// Starts a run in a folder of its own, which must be empty or not exist, and trains to the end.
///
/// # Errors
///
/// [`RunError`] says what is wrong and what to do. Before training begins nothing is left behind; after that
/// [`RunError::Stopped`] names the checkpoint to go on from.
pub fn start(
    experiment: &Experiment,
    document: &Document,
    folder: &Path,
    settings: &Settings,
) -> Result<Summary, RunError> {
    train(experiment, document, Begin::New(folder), settings)
}

/// Goes on with a run from its newest checkpoint, exactly. `overrides` may make it longer, and change what decides no
/// number of it ([`config::Changes`]).
///
/// A checkpoint that is damaged is passed over with a warning. A run without any starts again from the beginning.
///
/// # Errors
///
/// As [`start`], and [`RunError::Changed`] if the experiment is another one than that of the checkpoint.
pub fn resume(folder: &Path, overrides: &Overrides, settings: &Settings) -> Result<Summary, RunError> {
    if weights::exported(&RunFolder::look_at(folder)?).is_some() {
        return Err(RunError::Exported { path: folder.to_owned() });
    }
    let folder = RunFolder::open(folder)?;
    let (experiment, document) = read_experiment(&folder, overrides)?;
    train(&experiment, &document, Begin::Resumed(folder), settings)
}

/// What came out of a run so far, as its `summary.json` says; none where it has not ended yet.
fn summary(run: &Path) -> Option<Summary> {
    let text = std::fs::read_to_string(RunFolder::look_at(run).ok()?.summary()).ok()?;
    serde_json::from_str(&text).ok()
}

/// The same of a run that has come to its end, and has the checkpoint of that: to go on with it as it is makes no step.
pub fn done(run: &Path) -> Option<Summary> {
    let summary = summary(run).filter(|summary| summary.finished != Finished::Interrupted)?;
    let (newest, _) = RunFolder::look_at(run).ok()?.checkpoints().newest(Kind::Step).ok()?;
    (newest.agent_step() == summary.agent_steps).then_some(summary)
}

/// The experiment of a run.
pub(crate) fn read_experiment(folder: &RunFolder, overrides: &Overrides) -> Result<(Experiment, Document), RunError> {
    Ok(config::load_file(&folder.experiment(), overrides)?)
}

/// The keys that say how long a run is.
const LENGTH: [&str; 2] = ["training.steps", "training.episodes"];

/// How a run begins.
enum Begin<'a> {
    New(&'a Path),
    Resumed(RunFolder),
}

/// Trains in a pool of threads of the run's own.
fn train(
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
    let (here, there) = (Isa::best().name(), &state.isa);
    if here != there && assembly.device.is_cpu() {
        tracing::warn!(
            "the run was computed with {there} instructions so far, and goes on with {here}: as good, but not bit for bit \
             what it would have been; --isa {there} keeps it so, where the machine has them"
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

/// A run under way.
struct Session<'a, E: Element> {
    assembly: &'a Assembly<'a>,
    folder: RunFolder,
    checkpoints: Checkpoints,
    training: Training<E>,
    evaluator: Evaluator<E>,
    metrics: Metrics,
    progress: Progress,
    timing: Timing,
    /// The newest checkpoint.
    newest: Option<Newest>,
    increments_from: u64,
}

impl<E: Observed> Session<'_, E> {
    fn train(&mut self, threads: usize, settings: &Settings) -> Result<Summary, RunError> {
        let stop = || settings.stop.load(Ordering::Relaxed);
        while let Some(event) = self.training.next() {
            let event = event?;
            if let Event::Updated(_) = event {
                self.timing.updated(&self.training.counters());
            }
            let view = self.training.view();
            self.metrics.event(&event, &view)?;
            self.progress.event(&event, &view)?;
            match event {
                Event::EvaluationDue => self.evaluate(&stop)?,
                Event::CheckpointDue => self.write_checkpoint()?,
                Event::Finished(finished) => return self.finish(finished, threads, settings),
                _ => {}
            }
            if stop() {
                self.training.stop();
            }
        }
        // The loop always says how it ended, or why it cannot go on.
        self.finish(Finished::Interrupted, threads, settings)
    }

    fn evaluate(&mut self, stop: &dyn Fn() -> bool) -> Result<(), RunError> {
        let at_step = self.training.counters().agent_steps;
        // Best weights with nothing to go on from would be all that is left of a run that is killed early.
        if self.newest.is_none() {
            self.write_checkpoint()?;
        }
        let clock = self.timing.evaluation.clone();
        let evaluation = match clock.time(|| self.evaluator.evaluate(self.training.agent(), at_step, stop)) {
            // It stays due, and is made when the run goes on.
            Err(EvaluationError::Interrupted) => {
                self.training.stop();
                return Ok(());
            }
            evaluation => evaluation?,
        };
        let best = self.training.evaluated(evaluation.clone());
        self.metrics.evaluated(&evaluation, best)?;
        self.progress.evaluated(&evaluation, best)?;
        tracing::debug!("evaluation at step {at_step}: mean {}", evaluation.mean());
        if best {
            let clock = self.timing.checkpoints.clone();
            clock.time(|| self.write_best(evaluation))?;
        }
        if self.assembly.experiment.evaluation.is_recorded(&self.training.counters()) {
            self.record(at_step, stop)?;
        }
        Ok(())
    }

    /// Makes a video of the evaluation's first episode. That it cannot be made is no reason to stop a run; a run that is asked
    /// to stop meanwhile goes without.
    fn record(&mut self, at_step: u64, stop: &dyn Fn() -> bool) -> Result<(), RunError> {
        let clock = self.timing.evaluation.clone();
        let recorded = clock
            .time(|| record_evaluation(self.assembly, self.training.agent(), at_step, &self.folder.videos(), stop));
        match recorded {
            Ok(Some(Recording { file, figures })) => {
                Ok(self.metrics.recorded(at_step, (figures.width, figures.height), &file)?)
            }
            Ok(None) => Ok(()),
            Err(error) => {
                tracing::warn!("no video of the evaluation at step {at_step}: {error}");
                Ok(())
            }
        }
    }

    fn write_best(&self, evaluation: Evaluation) -> Result<(), RunError> {
        let draft = self.checkpoints.begin(Kind::Best, evaluation.at_step)?;
        SavedBest::new(self.assembly.experiment, evaluation).write(draft, self.training.agent())?;
        self.prune();
        Ok(())
    }

    fn write_checkpoint(&mut self) -> Result<(), RunError> {
        let clock = self.timing.checkpoints.clone();
        clock.time(|| self.write_checkpoint_now())
    }

    fn write_checkpoint_now(&mut self) -> Result<(), RunError> {
        let begun = Instant::now();
        let at_step = self.training.counters().agent_steps;
        // What the tables hold must be on the disk before a checkpoint counts on it.
        let metrics = self.metrics.sync()?;
        let draft = self.checkpoints.begin(Kind::Step, at_step)?;
        let Assembly { experiment, document, .. } = self.assembly;
        let increments = self.newest.as_ref().and_then(|newest| newest.increments.as_ref());
        let before = Before { increments, from: self.increments_from };
        let newest = saved::write(draft, &before, experiment, document, &self.training, metrics, self.timing.state())?;
        let (seconds, digest) = (begun.elapsed().as_secs_f64(), newest.digest.as_deref().unwrap_or("not computed"));
        tracing::debug!("checkpoint of step {at_step} written in {seconds:.2} s, digest {digest}");
        self.newest = Some(newest);
        self.prune();
        Ok(())
    }

    /// Removes old checkpoints. That they stay is no reason to stop a run.
    fn prune(&self) {
        if let Err(error) = self.checkpoints.prune(self.assembly.experiment.checkpoint.keep) {
            tracing::warn!("an old checkpoint stays: {error}");
        }
    }

    fn finish(&mut self, finished: Finished, threads: usize, settings: &Settings) -> Result<Summary, RunError> {
        let counters = self.training.counters();
        // Behind what the last checkpoint counts on, so that a run that goes on does not end twice.
        if finished != Finished::Interrupted {
            self.metrics.end(counters.agent_steps)?;
        }
        self.metrics.sync()?;
        let newest = self.newest.as_ref().filter(|newest| newest.agent_step == counters.agent_steps);
        let digest = match newest.and_then(|newest| newest.digest.clone()) {
            Some(digest) => digest,
            None => self.training.digest()?,
        };
        let Experiment { name, environment, training, .. } = self.assembly.experiment;
        let summary = Summary {
            experiment: name.clone(),
            environment: environment.id.clone(),
            protocol: self.assembly.experiment.protocol(),
            seed: training.seed,
            device: device_name(self.assembly.device),
            threads,
            isa: Isa::best().to_string(),
            finished,
            agent_steps: counters.agent_steps,
            frames: self.training.frames(),
            updates: counters.updates,
            episodes: counters.episodes,
            seconds: self.timing.seconds(),
            steps_per_second: self.timing.steps_per_second(&counters),
            updates_per_second: self.timing.updates_per_second(&counters),
            time: self.timing.spent(),
            last_evaluation: self.training.last_evaluation().map(Into::into),
            best_evaluation: self.training.best_evaluation().map(Into::into),
            peak_memory_bytes: memory::peak().filter(|_| !settings.shares_process),
            replay_bytes: self.training.agent().replay_bytes(),
            digest,
        };
        let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
        self.folder.write(&self.folder.summary(), &format!("{text}\n"))?;
        Ok(summary)
    }
}

fn device_name(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => "cpu".to_owned(),
        candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}
