//! What every environment checks before it does anything, so that an error changes nothing.
//!
//! For authors of an [`Env`]: call these first in `reset`, `step` and `render`.

use crate::{Env, EnvError, NumpyRng, Reset, Status};

/// Where an environment stands between reset and reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Before the first reset.
    #[default]
    Unstarted,
    /// An episode is running.
    Running,
    /// The episode is over.
    Over,
}

impl Phase {
    /// Whether steps may be taken.
    #[inline]
    pub fn is_running(self) -> bool {
        self == Self::Running
    }

    /// Whether there was a reset.
    pub fn has_started(self) -> bool {
        self != Self::Unstarted
    }
}

impl From<Status> for Phase {
    #[inline]
    fn from(status: Status) -> Self {
        if status.is_over() { Self::Over } else { Self::Running }
    }
}

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

/// The largest absolute values of two quantities in the start state: those that `reset` gives as its bounds, or the
/// environment's own.
///
/// # Errors
///
/// [`EnvError::InvalidOption`] where one of them is negative or not finite.
pub fn largest<E: Env + ?Sized>(env: &E, reset: &Reset, default: (f64, f64)) -> Result<(f64, f64), EnvError> {
    let (first, second) = reset.bounds.unwrap_or(default);
    if [first, second].iter().all(|largest| *largest >= 0.0 && (2.0 * largest).is_finite()) {
        Ok((first, second))
    } else {
        Err(invalid_bounds(env.id(), (first, second), "both must be finite and not negative"))
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

/// The generator whose state [`NumpyRng::to_bytes`] gave, for [`Env::set_generators`].
///
/// # Errors
///
/// [`EnvError::Capture`] if the bytes are not such a state.
pub fn generator<E: Env + ?Sized>(env: &E, state: &[u8]) -> Result<NumpyRng, EnvError> {
    NumpyRng::from_bytes(state).map_err(|error| EnvError::Capture { env: env.id().into(), reason: error.to_string() })
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
