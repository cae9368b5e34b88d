//! Shows a run's weights at play.

use std::path::Path;

use deepq_runs::{RunFolder, Weights};

use super::Settings;
use super::evaluate::{EvaluationRequest, player};
use super::task::{self, Task};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::{self, Overrides};
use crate::gameplay::Gameplay;

/// Lets somebody watch weights of a run play: the very episodes that [`evaluate`](super::evaluate) plays at the same
/// request. `watcher` takes as many steps as it likes, on a thread of the run's pool, and looks at
/// [`Settings::stop`] itself.
///
/// # Errors
///
/// [`RunError`] says what is missing; what the watcher says is its own.
pub fn watch<T: Send>(
    run: &Path,
    request: &EvaluationRequest,
    settings: &Settings,
    watcher: impl FnOnce(&mut dyn Gameplay) -> T + Send,
) -> Result<T, RunError> {
    let folder = RunFolder::look_at(run)?;
    let (experiment, document) = config::of_run(&folder, &Overrides::default())?;
    let weights = Weights::of_run(&folder, &request.checkpoint)?;
    let task = Watch { request, weights: &weights, watcher };
    settings.in_pool(|_| task::run(task, &experiment, &document, settings))?
}

struct Watch<'a, W> {
    request: &'a EvaluationRequest,
    weights: &'a Weights,
    watcher: W,
}

impl<T, W: FnOnce(&mut dyn Gameplay) -> T> Task for Watch<'_, W> {
    type Output = T;

    fn run<E: Observed>(self, assembly: &Assembly<'_>) -> Result<T, RunError> {
        let Self { request, weights, watcher } = self;
        let player = player::<E>(assembly, weights)?;
        let mut gameplay = assembly.gameplay(&*player, request.protocol(assembly), weights.at_step)?;
        Ok(watcher(&mut gameplay))
    }
}
