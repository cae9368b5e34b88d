//! Where a run starts: at its first step, or where a checkpoint left it.

use deepq_agents::Agent;
use deepq_envs::{BoxedEnv, Element};
use deepq_runs::{Checkpoint, RunFolder, Videos};

use super::saved::{Newest, SavedRun};
use super::timing::TimingState;
use crate::RunError;
use crate::assembly::Assembly;
use crate::listeners::MetricsState;
use crate::training::{Plan, Training};

/// A run at its start.
pub(super) struct Start<E: Element> {
    pub(super) training: Training<E>,
    pub(super) metrics: MetricsState,
    pub(super) timing: TimingState,
    /// The checkpoint that it starts from.
    pub(super) newest: Option<Newest>,
}

impl<E: Element> Start<E> {
    /// The first step; what an earlier attempt left is removed.
    pub(super) fn at_first_step(
        assembly: &Assembly<'_>,
        environments: Vec<BoxedEnv<E>>,
        agent: Box<dyn Agent<E>>,
        folder: &RunFolder,
    ) -> Result<Self, RunError> {
        let training = Training::new(plan(assembly), environments, agent, &assembly.seeds())?;
        folder.checkpoints().clear()?;
        cut_back(&folder.videos(), 0);
        Ok(Self { training, metrics: MetricsState::default(), timing: TimingState::default(), newest: None })
    }

    /// The state of a checkpoint; what was written after it is removed.
    pub(super) fn at_checkpoint(
        assembly: &Assembly<'_>,
        environments: Vec<BoxedEnv<E>>,
        mut agent: Box<dyn Agent<E>>,
        folder: &RunFolder,
        saved: SavedRun,
        checkpoint: &Checkpoint,
    ) -> Result<Self, RunError> {
        let (captures, replay) = saved.restore(checkpoint, &mut *agent)?;
        let training = Training::resume(plan(assembly), environments, agent, saved.training, &captures)?;
        let digest = match &saved.increments {
            None => training.digest()?,
            // Reading all of a large replay once more would take as long as reading it did; it has checksums of its own.
            Some(_) => training.digest_of(&training.agent().state()?, &training.captures()?, &replay)?,
        };
        if digest != saved.digest {
            let reason = "what was restored from it is not what was saved".to_owned();
            return Err(RunError::Checkpoint { path: checkpoint.path().to_owned(), reason });
        }
        folder.checkpoints().cut_back(checkpoint.agent_step())?;
        cut_back(&folder.videos(), checkpoint.agent_step());
        tracing::info!("going on from step {}", checkpoint.agent_step());
        let newest = Newest::new(checkpoint.agent_step(), digest, saved.increments, checkpoint.path().to_owned());
        Ok(Self { training, metrics: saved.metrics, timing: saved.timing, newest: Some(newest) })
    }
}

/// How the loop goes.
fn plan(assembly: &Assembly<'_>) -> Plan {
    let experiment = assembly.experiment;
    Plan::new(&experiment.training, &experiment.evaluation, experiment.checkpoint.every)
}

/// Removes the videos that a run will make again which goes on from `agent_step`. That they stay is no reason to stop it.
fn cut_back(videos: &Videos, agent_step: u64) {
    if let Err(error) = videos.cut_back(agent_step) {
        tracing::warn!("an old video stays: {error}");
    }
}
