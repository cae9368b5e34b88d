//! Whether an environment keeps what [`Env`] promises.

use std::fmt::Debug;

use thiserror::Error;

use crate::{Element, Env, EnvError, Journal, NumpyRng, Reset, Step};

/// What every environment promises, in the order in which [`check_env`] tests it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Promise {
    /// It can be made, and made again with the same spaces and id.
    #[error("an environment can be made, the same each time")]
    Made,
    /// Shape, length and bounds of the observation space agree.
    #[error("the shape, the length and the bounds of the observation space agree")]
    Spaces,
    /// Nothing but a reset works before the first one.
    #[error("before the first reset, step and render give EnvError::NoEpisode")]
    ResetFirst,
    /// A reset fills the whole buffer.
    #[error("reset writes the whole observation")]
    ResetWrites,
    /// A step fills the whole buffer.
    #[error("step writes the whole observation")]
    StepWrites,
    /// Observations lie in the observation space.
    #[error("observations lie within the bounds of the observation space")]
    Bounds,
    /// Rewards are numbers, steps take frames.
    #[error("rewards are finite, and a step takes at least one frame")]
    Rewards,
    /// The same seed and actions give the same bits.
    #[error("the same seed and actions give the same episodes, to the bit")]
    Determinism,
    /// An over episode takes no step.
    #[error("after an episode's end, step gives EnvError::NoEpisode")]
    EndIsEnd,
    /// Actions outside the action space are refused.
    #[error("an action outside the action space gives EnvError::Action")]
    Actions,
    /// Buffers of the wrong length are refused.
    #[error("a buffer of the wrong length gives EnvError::ObservationLength")]
    Buffers,
    /// Bounds that cannot be met are refused.
    #[error("bounds of the start state in the wrong order give EnvError::InvalidOption")]
    StartBounds,
    /// Errors have no effect.
    #[error("an error changes nothing")]
    ErrorsChangeNothing,
    /// The generators are all that a reset depends on.
    #[error("an environment with the generators of another starts the same episode")]
    Generators,
    /// Bytes of something else are refused.
    #[error("generators refuse bytes that are no state of theirs with EnvError::Capture")]
    GeneratorsRefuse,
    /// A capture restores exactly.
    #[error("an environment restored from a capture goes on as the captured one")]
    CaptureAndRestore,
    /// There is a picture, always of one size.
    #[error("render draws a picture, always of the same size, and changes nothing")]
    Rendering,
}

/// A promise that an environment does not keep.
#[derive(Debug, Error)]
#[error("{env} breaks a promise: {promise}; but {found}")]
pub struct BrokenPromise {
    /// The environment's id.
    pub env: String,
    /// The promise.
    pub promise: Promise,
    /// What happened instead.
    pub found: String,
}

/// Agent steps that are tried with random actions.
const STEPS: usize = 600;
/// Seeds of the episodes: small, and beyond 32 bits.
const SEEDS: [u64; 3] = [0, 123, (1 << 40) + 5];

/// Tests whether an environment keeps the promises of [`Env`], as Gymnasium's `check_env` does: spaces, shapes and bounds,
/// determinism under a seed, the status after the end, errors for bad actions and buffers that change nothing,
/// generators, capture and restore, rendering.
///
/// It makes a few environments and takes some thousand steps with random actions. What it cannot see is whether the
/// task is the one that was meant.
///
/// ```
/// use deepq_envs::{CartPole, check_env};
/// check_env(|| Ok(CartPole::new()))?;
/// # Ok::<(), deepq_envs::BrokenPromise>(())
/// ```
///
/// # Errors
///
/// The first promise that is broken.
pub fn check_env<E: Env>(make: impl Fn() -> Result<E, EnvError>) -> Result<(), BrokenPromise> {
    let new = || make().map_err(|error| broken("the environment", Promise::Made, error.to_string()));
    made(&new()?, &new()?)?;
    spaces(&new()?)?;
    reset_comes_first(new()?)?;
    writes_everything(new()?, new()?)?;
    episodes(new()?, new()?, Promise::Determinism)?;
    episodes(new()?, new()?, Promise::ErrorsChangeNothing)?;
    start_bounds(new()?)?;
    generators(new()?, new()?)?;
    capture_and_restore(&new)?;
    rendering(new()?, new()?)
}

fn broken(env: &str, promise: Promise, found: impl Into<String>) -> BrokenPromise {
    BrokenPromise { env: env.into(), promise, found: found.into() }
}

/// The value of something that must work, while a promise is tested.
fn must<T>(env: &str, promise: Promise, what: &str, result: Result<T, EnvError>) -> Result<T, BrokenPromise> {
    result.map_err(|error| broken(env, promise, format!("{what} failed: {error}")))
}

/// An error that must come, and be of one kind.
fn must_fail<T: Debug>(
    env: &str,
    promise: Promise,
    what: &str,
    result: Result<T, EnvError>,
    kind: impl Fn(&EnvError) -> bool,
) -> Result<(), BrokenPromise> {
    match result {
        Err(error) if kind(&error) => Ok(()),
        Err(error) => Err(broken(env, promise, format!("{what} gave another error: {error}"))),
        Ok(value) => Err(broken(env, promise, format!("{what} gave {value:?}"))),
    }
}

fn is_no_episode(error: &EnvError) -> bool {
    matches!(error, EnvError::NoEpisode { .. })
}

fn made<E: Env>(one: &E, other: &E) -> Result<(), BrokenPromise> {
    let differ = if one.id().is_empty() {
        "the id is empty"
    } else if one.id() != other.id() {
        "the ids of two of them differ"
    } else if one.observation_space() != other.observation_space() {
        "the observation spaces of two of them differ"
    } else if one.action_space() != other.action_space() {
        "the action spaces of two of them differ"
    } else {
        return Ok(());
    };
    Err(broken(one.id(), Promise::Made, differ))
}

fn spaces<E: Env>(env: &E) -> Result<(), BrokenPromise> {
    let space = env.observation_space();
    let (shape, len) = (space.shape(), space.len());
    let found = if shape.iter().product::<usize>() != len {
        format!("the shape {shape:?} does not hold {len} elements")
    } else if space
        .low()
        .iter()
        .zip(space.high())
        .any(|(low, high)| !matches!(low.partial_cmp(high), Some(o) if o.is_le()))
    {
        "a lower bound is not below its upper bound".into()
    } else {
        return Ok(());
    };
    Err(broken(env.id(), Promise::Spaces, found))
}

fn reset_comes_first<E: Env>(mut env: E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let mut observation = buffer(&env, 0);
    must_fail(&id, Promise::ResetFirst, "step", env.step(0, &mut observation), is_no_episode)?;
    must_fail(&id, Promise::ResetFirst, "render", env.render().map(|_| "a picture"), is_no_episode)
}

/// Two buffers with different contents must hold the same afterwards.
fn writes_everything<E: Env>(mut env: E, mut twin: E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let mut rng = NumpyRng::new(1);
    for seed in SEEDS {
        let (mut zeros, mut ones) = (buffer(&env, 0), buffer(&env, 1));
        must(&id, Promise::ResetWrites, "reset", env.reset(&Reset::seeded(seed), &mut zeros))?;
        must(&id, Promise::ResetWrites, "reset", twin.reset(&Reset::seeded(seed), &mut ones))?;
        same(&id, Promise::ResetWrites, &zeros, &ones)?;
        for _ in 0..10 {
            (zeros, ones) = (buffer(&env, 0), buffer(&env, 1));
            let action = rng.index(env.action_space().n());
            let step = must(&id, Promise::StepWrites, "step", env.step(action, &mut zeros))?;
            must(&id, Promise::StepWrites, "step", twin.step(action, &mut ones))?;
            same(&id, Promise::StepWrites, &zeros, &ones)?;
            if step.status.is_over() {
                break;
            }
        }
    }
    Ok(())
}

/// The same episodes twice; the second time, for [`Promise::ErrorsChangeNothing`], with mistakes in between.
fn episodes<E: Env>(mut env: E, mut other: E, promise: Promise) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let mut rng = NumpyRng::new(2);
    for seed in SEEDS {
        let (mut one, mut two) = (buffer(&env, 0), buffer(&env, 0));
        start(&mut env, &mut other, Some(seed), (&mut one, &mut two), promise)?;
        for t in 0..STEPS / SEEDS.len() {
            if promise == Promise::ErrorsChangeNothing && t % 7 == 0 {
                mistakes(&mut other)?;
            }
            let action = rng.index(env.action_space().n());
            let step = must(&id, promise, "step", env.step(action, &mut one))?;
            let again = must(&id, promise, "step", other.step(action, &mut two))?;
            same(&id, promise, &one, &two)?;
            if !same_step(step, again) {
                return Err(broken(&id, promise, format!("{step:?} became {again:?}")));
            }
            sound(&env, step, &one)?;
            if step.status.is_over() {
                let late = env.step(action, &mut one);
                must_fail(&id, Promise::EndIsEnd, "another step", late, is_no_episode)?;
                start(&mut env, &mut other, None, (&mut one, &mut two), promise)?;
            }
        }
    }
    Ok(())
}

fn start<E: Env>(
    env: &mut E,
    other: &mut E,
    seed: Option<u64>,
    (one, two): (&mut [E::Element], &mut [E::Element]),
    promise: Promise,
) -> Result<(), BrokenPromise> {
    let (id, reset) = (env.id().to_owned(), Reset { seed, bounds: None });
    must(&id, promise, "reset", env.reset(&reset, one))?;
    must(&id, promise, "reset", other.reset(&reset, two))?;
    same(&id, promise, one, two)?;
    within_bounds(env, one)
}

fn sound<E: Env>(env: &E, step: Step, observation: &[E::Element]) -> Result<(), BrokenPromise> {
    if !step.reward.is_finite() || step.frames == 0 {
        return Err(broken(env.id(), Promise::Rewards, format!("a step was {step:?}")));
    }
    within_bounds(env, observation)
}

fn within_bounds<E: Env>(env: &E, observation: &[E::Element]) -> Result<(), BrokenPromise> {
    let space = env.observation_space();
    if space.contains(observation) {
        return Ok(());
    }
    let outside = observation.iter().zip(space.low().iter().zip(space.high())).enumerate();
    let found = outside
        .filter(|(_, (x, (low, high)))| !(*x >= *low && *x <= *high))
        .map(|(i, (x, (low, high)))| format!("element {i} is {x:?}, outside {low:?} to {high:?}"))
        .next();
    Err(broken(env.id(), Promise::Bounds, found.unwrap_or_default()))
}

/// Everything that must be refused in a running episode.
fn mistakes<E: Env>(env: &mut E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let n = env.action_space().n();
    let mut observation = buffer(env, 0);
    for action in [n, usize::MAX] {
        let result = env.step(action, &mut observation);
        let is_action = |error: &EnvError| matches!(error, EnvError::Action { .. });
        must_fail(&id, Promise::Actions, &format!("action {action}"), result, is_action)?;
    }
    let is_length = |error: &EnvError| matches!(error, EnvError::ObservationLength { .. });
    let mut long = observation.clone();
    long.push(E::Element::default());
    let len = observation.len();
    for wrong in [&mut observation[..len - 1], &mut long[..], &mut []] {
        let what = format!("a buffer of {} instead of {len} elements", wrong.len());
        must_fail(&id, Promise::Buffers, &what, env.step(0, wrong), is_length)?;
        must_fail(&id, Promise::Buffers, &what, env.reset(&Reset::seeded(99), wrong), is_length)?;
    }
    Ok(())
}

fn start_bounds<E: Env>(mut env: E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let mut observation = buffer(&env, 0);
    for bounds in [(1.0, -1.0), (f64::NAN, 1.0)] {
        let result = env.reset(&Reset { seed: Some(1), bounds: Some(bounds) }, &mut observation);
        let is_option = |error: &EnvError| matches!(error, EnvError::InvalidOption { .. });
        must_fail(&id, Promise::StartBounds, &format!("bounds {bounds:?}"), result, is_option)?;
    }
    Ok(())
}

fn generators<E: Env>(mut env: E, mut other: E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let (mut one, mut two) = (buffer(&env, 0), buffer(&env, 0));
    must(&id, Promise::Generators, "reset", env.reset(&Reset::seeded(4), &mut one))?;
    must(&id, Promise::Generators, "reset", env.reset(&Reset::default(), &mut one))?;
    let state = must(&id, Promise::Generators, "generators", env.generators())?;
    must(&id, Promise::Generators, "set_generators", other.set_generators(&state))?;
    must_fail(&id, Promise::Generators, "a step without a reset", other.step(0, &mut two), is_no_episode)?;
    start(&mut env, &mut other, None, (&mut one, &mut two), Promise::Generators)?;

    let damaged = [&state[..], &[0]].concat();
    let is_capture = |error: &EnvError| matches!(error, EnvError::Capture { .. });
    must_fail(&id, Promise::GeneratorsRefuse, "a byte too many", other.set_generators(&damaged), is_capture)?;
    start(&mut env, &mut other, None, (&mut one, &mut two), Promise::ErrorsChangeNothing)
}

fn capture_and_restore<E: Env>(new: &impl Fn() -> Result<E, BrokenPromise>) -> Result<(), BrokenPromise> {
    let mut env = Journal::new(new()?);
    let id = env.id().to_owned();
    let promise = Promise::CaptureAndRestore;
    let mut rng = NumpyRng::new(3);
    let (mut one, mut two) = (buffer(&env, 0), buffer(&env, 0));
    must(&id, promise, "reset", env.reset(&Reset::seeded(5), &mut one))?;
    for round in 0..4 {
        // Into an episode, or to its end.
        for _ in 0..10 * round {
            let action = rng.index(env.action_space().n());
            if must(&id, promise, "step", env.step(action, &mut one))?.status.is_over() {
                break;
            }
        }
        let capture = must(&id, promise, "capture", env.capture())?;
        let mut restored = Journal::new(new()?);
        must(&id, promise, "restore", restored.restore(&capture, &mut two))?;
        same(&id, promise, &one, &two)?;
        for _ in 0..30 {
            let action = rng.index(env.action_space().n());
            match (env.step(action, &mut one), restored.step(action, &mut two)) {
                (Ok(step), Ok(again)) if same_step(step, again) => {}
                (Err(EnvError::NoEpisode { .. }), Err(EnvError::NoEpisode { .. })) => {
                    must(&id, promise, "reset", env.reset(&Reset::default(), &mut one))?;
                    must(&id, promise, "reset", restored.reset(&Reset::default(), &mut two))?;
                }
                (step, again) => return Err(broken(&id, promise, format!("{step:?} became {again:?}"))),
            }
            same(&id, promise, &one, &two)?;
        }
        must(&id, promise, "reset", env.reset(&Reset::default(), &mut one))?;
    }
    Ok(())
}

fn rendering<E: Env>(mut env: E, mut unseen: E) -> Result<(), BrokenPromise> {
    let id = env.id().to_owned();
    let promise = Promise::Rendering;
    let mut rng = NumpyRng::new(6);
    let (mut one, mut two) = (buffer(&env, 0), buffer(&env, 0));
    start(&mut env, &mut unseen, Some(8), (&mut one, &mut two), promise)?;
    let mut size = None;
    for _ in 0..5 {
        let picture = must(&id, promise, "render", env.render())?;
        if picture.is_empty() {
            return Err(broken(&id, promise, "a picture is empty"));
        }
        if *size.get_or_insert(picture.dimensions()) != picture.dimensions() {
            return Err(broken(&id, promise, format!("{size:?} became {:?}", picture.dimensions())));
        }
        let action = rng.index(env.action_space().n());
        let step = must(&id, promise, "step", env.step(action, &mut one))?;
        must(&id, promise, "step", unseen.step(action, &mut two))?;
        same(&id, promise, &one, &two)?;
        if step.status.is_over() {
            must(&id, promise, "render after the end", env.render())?;
            start(&mut env, &mut unseen, None, (&mut one, &mut two), promise)?;
        }
    }
    Ok(())
}

/// A buffer for an observation, all zeros or all ones in bits.
fn buffer<E: Env>(env: &E, bit: u8) -> Vec<E::Element> {
    let mut buffer = vec![E::Element::default(); env.observation_space().len()];
    bytemuck::cast_slice_mut::<E::Element, u8>(&mut buffer).fill(bit.wrapping_neg());
    buffer
}

/// Compares bits: NaN is itself, and 0 is not -0.
fn same<T: Element>(env: &str, promise: Promise, one: &[T], two: &[T]) -> Result<(), BrokenPromise> {
    let bits = |x: &T| bytemuck::bytes_of(x).to_vec();
    match one.iter().zip(two).position(|(x, y)| bits(x) != bits(y)) {
        Some(i) => Err(broken(env, promise, format!("element {i} of an observation is {:?} and {:?}", one[i], two[i]))),
        None => Ok(()),
    }
}

fn same_step(one: Step, two: Step) -> bool {
    one.reward.to_bits() == two.reward.to_bits() && Step { reward: 0.0, ..one } == Step { reward: 0.0, ..two }
}
