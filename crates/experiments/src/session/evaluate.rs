//! Evaluates a run's weights again, from a checkpoint.

use std::path::Path;
use std::sync::atomic::Ordering;

use deepq_agents::Agent;
use deepq_envs::Seeds;
use deepq_runs::{RunFolder, Weights, WhichCheckpoint};

use super::task::{self, Task};
use super::{Settings, starting};
use crate::RunError;
use crate::assembly::{Assembly, Observed};
use crate::config::{self, Overrides};
use crate::evaluation::{Evaluation, Protocol};
use crate::weights;

/// What to evaluate, beside the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationRequest {
    /// Which weights.
    pub checkpoint: WhichCheckpoint,
    /// Episodes; those of the experiment's protocol where it is not given.
    pub episodes: Option<usize>,
    /// The root of the evaluation's randomness; the run's own, which gives the very episodes of the evaluation in
    /// training, where it is not given.
    pub seed: Option<u64>,
}

/// Evaluates weights of a run by its experiment's protocol. From a checkpoint at which the run was evaluated come the
/// returns of that evaluation, exactly.
///
/// # Errors
///
/// [`RunError`] says what is missing.
pub fn evaluate(run: &Path, request: &EvaluationRequest, settings: &Settings) -> Result<Evaluation, RunError> {
    let folder = RunFolder::look_at(run)?;
    let (experiment, document) = config::of_run(&folder, &Overrides::default())?;
    let weights = Weights::of_run(&folder, &request.checkpoint)?;
    let task = Evaluate { request, weights: &weights, settings };
    settings.in_pool(|_| task::run(task, &experiment, &document, settings))?
}

struct Evaluate<'a> {
    request: &'a EvaluationRequest,
    weights: &'a Weights,
    settings: &'a Settings,
}

impl Task for Evaluate<'_> {
    type Output = Evaluation;

    fn run<E: Observed>(self, assembly: &Assembly<'_>) -> Result<Evaluation, RunError> {
        let Self { request, weights, settings } = self;
        let protocol = request.protocol(assembly);
        let player = player::<E>(assembly, weights)?;
        let mut evaluator = starting::with_progress(assembly, &settings.screen, || assembly.evaluator(protocol))?;
        Ok(evaluator.evaluate(&*player, weights.at_step, &|| settings.stop.load(Ordering::Relaxed))?)
    }
}

impl EvaluationRequest {
    /// The experiment's own protocol, with what is asked for.
    pub(super) fn protocol(&self, assembly: &Assembly<'_>) -> Protocol {
        let own = assembly.protocol();
        Protocol {
            episodes: self.episodes.unwrap_or(own.episodes).max(1),
            seeds: self.seed.map_or(own.seeds, Seeds::new),
            ..own
        }
    }
}

/// An agent with these weights, to play.
pub(super) fn player<E: Observed>(assembly: &Assembly<'_>, weights: &Weights) -> Result<Box<dyn Agent<E>>, RunError> {
    let player = assembly.player(&assembly.training_environment::<E>()?)?;
    weights::load(weights, player.parameters())?;
    Ok(player)
}
