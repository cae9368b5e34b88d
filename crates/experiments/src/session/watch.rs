//! Shows a run's weights at play.

use std::path::Path;

use deepq_envs::ElementKind;
use deepq_runs::{RunFolder, Weights};

use super::Settings;
use super::evaluate::{EvaluationRequest, player};
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
    settings.in_pool(|_| {
        let device = settings.device.open()?;
        let assembly = Assembly::new(&experiment, &document, &settings.registry, &device);
        match assembly.element()? {
            ElementKind::F32 => show::<f32, T>(&assembly, request, &weights, watcher),
            ElementKind::U8 => show::<u8, T>(&assembly, request, &weights, watcher),
        }
    })?
}

fn show<E: Observed, T>(
    assembly: &Assembly<'_>,
    request: &EvaluationRequest,
    weights: &Weights,
    watcher: impl FnOnce(&mut dyn Gameplay) -> T,
) -> Result<T, RunError> {
    let player = player::<E>(assembly, weights)?;
    let mut gameplay = assembly.gameplay(&*player, request.protocol(assembly), weights.at_step)?;
    Ok(watcher(&mut gameplay))
}
