//! What every environment checks before it does anything, so that an error changes nothing.
//!
//! For authors of an [`Env`]: call these first in `reset`, `step` and `render`.

use crate::{Env, EnvError, Reset};

/// Whether an observation fits into `observation`.
///
/// # Errors
///
/// [`EnvError::ObservationLength`] for a buffer of the wrong length.
#[inline]
pub fn buffer<E: Env + ?Sized>(env: &E, observation: &[E::Element]) -> Result<(), EnvError> {
    let expected = env.observation_space().len();
    if observation.len() == expected { Ok(()) } else { Err(wrong_length(env.id(), expected, observation.len())) }
}

/// Refuses bounds of the start state, for environments whose start state has none.
///
/// # Errors
///
/// [`EnvError::InvalidOption`] where `reset` gives bounds.
pub fn no_bounds<E: Env + ?Sized>(env: &E, reset: &Reset) -> Result<(), EnvError> {
    reset.bounds.map_or(Ok(()), |bounds| Err(invalid_bounds(env.id(), bounds, "its start state has no bounds")))
}

/// The bounds of the start state: those that `reset` gives, or the environment's own.
///
/// # Errors
///
/// [`EnvError::InvalidOption`] for bounds that are not finite or in the wrong order.
pub fn bounds<E: Env + ?Sized>(env: &E, reset: &Reset, default: (f64, f64)) -> Result<(f64, f64), EnvError> {
    let (low, high) = reset.bounds.unwrap_or(default);
    if low <= high && (high - low).is_finite() {
        Ok((low, high))
    } else {
        Err(invalid_bounds(env.id(), (low, high), "both must be finite, the lower first"))
    }
}

/// Whether a step may be taken and written into `observation`; `running` says whether an episode runs.
///
/// # Errors
///
/// Those that [`Env::step`] promises.
#[inline]
pub fn step<E: Env + ?Sized>(
    env: &E,
    running: bool,
    action: usize,
    observation: &[E::Element],
) -> Result<(), EnvError> {
    if running && env.action_space().contains(action) && observation.len() == env.observation_space().len() {
        return Ok(());
    }
    Err(if !running {
        no_episode(env.id())
    } else if !env.action_space().contains(action) {
        wrong_action(env.id(), action, env.action_space().n())
    } else {
        wrong_length(env.id(), env.observation_space().len(), observation.len())
    })
}

/// Whether there is anything to draw; `started` says whether there was a reset.
///
/// # Errors
///
/// [`EnvError::NoEpisode`] where there was none.
pub fn render<E: Env + ?Sized>(env: &E, started: bool) -> Result<(), EnvError> {
    if started { Ok(()) } else { Err(no_episode(env.id())) }
}

#[cold]
fn no_episode(env: &str) -> EnvError {
    EnvError::NoEpisode { env: env.into() }
}

#[cold]
fn wrong_action(env: &str, action: usize, n: usize) -> EnvError {
    EnvError::Action { env: env.into(), action, n }
}

#[cold]
fn wrong_length(env: &str, expected: usize, actual: usize) -> EnvError {
    EnvError::ObservationLength { env: env.into(), expected, actual }
}

#[cold]
fn invalid_bounds(env: &str, (low, high): (f64, f64), reason: &str) -> EnvError {
    EnvError::InvalidOption {
        env: env.into(),
        option: "bounds".into(),
        value: format!("[{low}, {high}]"),
        reason: reason.into(),
    }
}
