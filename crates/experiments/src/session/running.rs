//! A run under way: the loop, those who watch it, its evaluations and its checkpoints.

use std::sync::atomic::Ordering;
use std::time::Instant;

use deepq_envs::Element;
use deepq_nets::{Device, Isa};
use deepq_runs::{Checkpoints, Finished, Kind, RunFolder, Summary};

use super::Settings;
use super::record::record_evaluation;
use super::saved::{self, Incremental, Newest, SavedBest};
use super::timing::Timing;
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::Experiment;
use crate::evaluation::{Evaluation, EvaluationError, Evaluator};
use crate::listeners::{Listener, Metrics, Progress};
use crate::memory;
use crate::recording::Recording;
use crate::training::{Event, Training};

/// A run under way.
pub(super) struct Session<'a, E: Element> {
    pub(super) assembly: &'a Assembly<'a>,
    pub(super) folder: RunFolder,
    pub(super) checkpoints: Checkpoints,
    pub(super) training: Training<E>,
    pub(super) evaluator: Evaluator<E>,
    pub(super) metrics: Metrics,
    pub(super) progress: Progress,
    pub(super) timing: Timing,
    /// The newest checkpoint.
    pub(super) newest: Option<Newest>,
    pub(super) increments_from: u64,
}

impl<E: Observed> Session<'_, E> {
    pub(super) fn train(&mut self, threads: usize, settings: &Settings) -> Result<Summary, RunError> {
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

    /// A run that was under way and stopped: why, and what it can go on from.
    pub(super) fn stopped(&self, cause: RunError) -> RunError {
        RunError::Stopped {
            cause: Box::new(cause),
            agent_step: self.training.counters().agent_steps,
            run: self.folder.path().to_owned(),
            checkpoint: self.checkpoints.steps(Kind::Step).ok().and_then(|steps| steps.first().copied()),
        }
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
        let first = self.training.last_evaluation().is_none();
        let best = self.training.evaluated(evaluation.clone());
        self.metrics.evaluated(&evaluation, best)?;
        self.progress.evaluated(&evaluation, best)?;
        tracing::debug!("evaluation at step {at_step}: mean {}", evaluation.mean());
        if best {
            let clock = self.timing.checkpoints.clone();
            clock.time(|| self.write_best(evaluation))?;
        }
        if self.assembly.experiment.evaluation.is_recorded(&self.training.counters(), first) {
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
        let writer = self.checkpoints.begin(Kind::Best, evaluation.at_step)?;
        SavedBest::new(self.assembly.experiment, evaluation).write(writer, self.training.agent())?;
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
        let writer = self.checkpoints.begin(Kind::Step, at_step)?;
        let Assembly { experiment, document, .. } = self.assembly;
        let previous = self.newest.as_ref().and_then(|newest| newest.increments.as_ref());
        let incremental = Incremental { from_bytes: self.increments_from, previous };
        let newest =
            saved::write(writer, &incremental, experiment, document, &self.training, metrics, self.timing.state())?;
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
