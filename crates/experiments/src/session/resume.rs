//! What a run goes on from, and whether it can.

use deepq_runs::{Checkpoint, Checkpoints, Kind, RunFolder, StorageError, grouped};

use super::Settings;
use super::saved::SavedRun;
use crate::RunError;
use crate::assembly::Assembly;
use crate::config::{Changes, Experiment};

/// The keys that say how long a run is.
const LENGTH: [&str; 2] = ["training.steps", "training.episodes"];

/// The newest checkpoint of a run and what stands in it; `None` where the run starts from the beginning, as it has none.
///
/// # Errors
///
/// If there are only damaged ones, or the run cannot go on from it with the experiment as it is now.
pub(super) fn find(
    assembly: &Assembly<'_>,
    folder: &RunFolder,
    settings: &Settings,
) -> Result<Option<(SavedRun, Checkpoint)>, RunError> {
    let Some(checkpoint) = newest(&folder.checkpoints())? else { return Ok(None) };
    let saved = SavedRun::read(&checkpoint)?;
    fits(assembly, folder, &checkpoint, &saved, settings)?;
    settings.screen.note(&format!("Going on from step {}", grouped(checkpoint.agent_step())));
    Ok(Some((saved, checkpoint)))
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
