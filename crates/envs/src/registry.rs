//! Environments by id.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::{
    BoxedEnv, Discrete, ElementKind, Env, EnvError, EnvOption, EnvOptions, FrameStack, OneHot, OptionReader,
    OptionValues, TimeLimit,
};

/// An environment of either element type, as the registry makes it.
pub enum AnyEnv {
    /// Observations are vectors of measurements.
    Vector(BoxedEnv<f32>),
    /// Observations are frames of bytes.
    Frames(BoxedEnv<u8>),
}

impl AnyEnv {
    /// The element type of the observations.
    pub fn kind(&self) -> ElementKind {
        match self {
            Self::Vector(_) => ElementKind::F32,
            Self::Frames(_) => ElementKind::U8,
        }
    }

    /// The environment's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Vector(env) => env.id(),
            Self::Frames(env) => env.id(),
        }
    }

    /// The actions.
    pub fn action_space(&self) -> &Discrete {
        match self {
            Self::Vector(env) => env.action_space(),
            Self::Frames(env) => env.action_space(),
        }
    }

    /// The shape of an observation.
    pub fn observation_shape(&self) -> &[usize] {
        match self {
            Self::Vector(env) => env.observation_space().shape(),
            Self::Frames(env) => env.observation_space().shape(),
        }
    }

    /// The environment, if its observations are vectors of `f32`.
    pub fn into_vector(self) -> Option<BoxedEnv<f32>> {
        match self {
            Self::Vector(env) => Some(env),
            Self::Frames(_) => None,
        }
    }

    /// The environment, if its observations are frames of `u8`.
    pub fn into_frames(self) -> Option<BoxedEnv<u8>> {
        match self {
            Self::Vector(_) => None,
            Self::Frames(env) => Some(env),
        }
    }
}

impl fmt::Debug for AnyEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyEnv({}, {:?} {:?})", self.id(), self.kind(), self.observation_shape())
    }
}

impl<E: Env<Element = f32> + 'static> From<E> for AnyEnv {
    fn from(env: E) -> Self {
        Self::Vector(Box::new(env))
    }
}

/// Makes the environment of an id.
type Make = Arc<dyn Fn(&str, &EnvOptions) -> Result<AnyEnv, EnvError> + Send + Sync>;

/// What the registry knows about an id.
#[derive(Clone)]
pub struct Registration {
    summary: String,
    make: Make,
    time_limit: Option<u32>,
    own: Vec<&'static str>,
    options: Vec<EnvOption>,
}

impl Registration {
    fn new(
        summary: &str,
        make: impl Fn(&str, &EnvOptions) -> Result<AnyEnv, EnvError> + Send + Sync + 'static,
    ) -> Self {
        Self { summary: summary.into(), make: Arc::new(make), time_limit: None, own: Vec::new(), options: Vec::new() }
    }

    /// Agent steps after which an episode is truncated where the option `max_episode_steps` does not say otherwise.
    pub fn time_limit(&mut self, agent_steps: u32) -> &mut Self {
        self.time_limit = Some(agent_steps);
        self
    }

    /// Common options that the environment understands by itself: they are passed to it, and the registry does not
    /// act on them.
    pub fn handles(&mut self, common_options: &[&'static str]) -> &mut Self {
        self.own.extend(common_options);
        self
    }

    /// The options that the environment understands by itself, for those who ask [`Registry::options`].
    pub fn options(&mut self, options: impl IntoIterator<Item = EnvOption>) -> &mut Self {
        self.options.extend(options);
        self
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("summary", &self.summary).field("time_limit", &self.time_limit).finish()
    }
}

/// Makes environments by Gymnasium's ids.
///
/// Every environment understands the common options, as far as they fit it:
///
/// | option | meaning |
/// |---|---|
/// | `max_episode_steps` | agent steps after which an episode is truncated; 0 for no limit |
/// | `one_hot` | observations that are numbers of states become vectors: see [`OneHot`] |
/// | `frame_stack` | observations are the last so many frames: see [`FrameStack`] |
///
/// ```
/// use deepq_envs::{EnvOptions, Registry};
/// let registry = Registry::standard();
/// let env = registry.make("CartPole-v1", &EnvOptions::new())?;
/// assert_eq!(env.observation_shape(), [4]);
/// let error = registry.make("CartPoel-v1", &EnvOptions::new()).unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no environment "CartPoel-v1"; did you mean "CartPole-v1"?"#);
/// # Ok::<(), deepq_envs::EnvError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: BTreeMap<String, Registration>,
    /// By what their ids begin with.
    families: BTreeMap<String, Registration>,
}

/// The common options, in the order of their wrappers.
const MAX_EPISODE_STEPS: &str = "max_episode_steps";
const FRAME_STACK: &str = "frame_stack";
const ONE_HOT: &str = "one_hot";
const COMMON: [&str; 3] = [MAX_EPISODE_STEPS, FRAME_STACK, ONE_HOT];
const MAX_FRAME_STACK: i64 = 256;

/// What the common options are, for an environment with this time limit.
fn common(time_limit: Option<u32>) -> [EnvOption; 3] {
    let steps = OptionValues::Integer(0..=i64::from(u32::MAX));
    let frames = OptionValues::Integer(1..=MAX_FRAME_STACK);
    [
        EnvOption::new(MAX_EPISODE_STEPS, steps, "agent steps after which an episode is truncated; 0 for no limit")
            .default(time_limit.unwrap_or(0)),
        EnvOption::new(FRAME_STACK, frames, "observations are the last so many, one after the other"),
        EnvOption::switch(
            ONE_HOT,
            false,
            "observations that are numbers of states become vectors with one 1; others are refused",
        ),
    ]
}

impl Registry {
    /// A registry that knows nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds an id, or replaces what it stood for. `make` gets the options without the common ones, and gives the
    /// environment without a time limit: say that with [`Registration::time_limit`].
    pub fn register(
        &mut self,
        id: &str,
        summary: &str,
        make: impl Fn(&EnvOptions) -> Result<AnyEnv, EnvError> + Send + Sync + 'static,
    ) -> &mut Registration {
        let registration = Registration::new(summary, move |_, options| make(options));
        self.entries.entry(id.into()).insert_entry(registration).into_mut()
    }

    /// Adds all ids that begin with `prefix`, but those that are known by themselves. `make` gets the whole id.
    pub fn register_family(
        &mut self,
        prefix: &str,
        summary: &str,
        make: impl Fn(&str, &EnvOptions) -> Result<AnyEnv, EnvError> + Send + Sync + 'static,
    ) -> &mut Registration {
        self.families.entry(prefix.into()).insert_entry(Registration::new(summary, make)).into_mut()
    }

    /// Makes an environment.
    ///
    /// # Errors
    ///
    /// [`EnvError::UnknownId`] with the nearest known id, [`EnvError::NotBuiltIn`] where the id is known and the environment
    /// is not there, [`EnvError::UnknownOption`] with the known ones, [`EnvError::InvalidOption`], or what hinders the
    /// environment itself.
    pub fn make(&self, id: &str, options: &EnvOptions) -> Result<AnyEnv, EnvError> {
        let registration = self.registration(id).ok_or_else(|| self.unknown(id))?;
        let mut common = options.reader(id);
        let wrappers = Wrappers::read(&mut common, registration)?;
        let is_common = |name: &str| COMMON.contains(&name) && !registration.own.contains(&name);
        let own = options.iter().filter(|(name, _)| !is_common(name)).map(|(name, value)| (name, value.clone()));
        let env = (registration.make)(id, &own.collect()).map_err(|error| with_common(error, registration))?;
        Ok(match env {
            AnyEnv::Vector(env) if wrappers.one_hot => AnyEnv::Vector(wrappers.wrap(Box::new(OneHot::new(env)?))?),
            AnyEnv::Vector(env) => AnyEnv::Vector(wrappers.wrap(env)?),
            AnyEnv::Frames(_) if wrappers.one_hot => {
                return Err(common.invalid(
                    ONE_HOT,
                    &true.into(),
                    "its observations are frames, not numbers of states",
                ));
            }
            AnyEnv::Frames(env) => AnyEnv::Frames(wrappers.wrap(env)?),
        })
    }

    /// The options of an environment: its own, then the common ones. None for an id that is not known.
    pub fn options(&self, id: &str) -> Vec<EnvOption> {
        let Some(Registration { options, own, time_limit, .. }) = self.registration(id) else { return Vec::new() };
        let common = common(*time_limit).into_iter().filter(|option| !own.contains(&option.name));
        options.iter().cloned().chain(common).collect()
    }

    fn registration(&self, id: &str) -> Option<&Registration> {
        let family =
            || self.families.iter().rev().find(|(prefix, _)| id.starts_with(*prefix)).map(|(_, family)| family);
        self.entries.get(id).or_else(family)
    }

    /// The ids with a line about each, sorted.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(id, registration)| (id.as_str(), registration.summary.as_str()))
    }

    /// What the ids of whole families begin with, and a line about each, sorted.
    pub fn families(&self) -> impl Iterator<Item = (&str, &str)> {
        self.families.iter().map(|(prefix, registration)| (prefix.as_str(), registration.summary.as_str()))
    }

    fn unknown(&self, id: &str) -> EnvError {
        let (name, _) = versioned(id);
        let atari = id.starts_with("ALE/") || ATARI.iter().any(|ending| name.ends_with(ending));
        if atari && !self.entries.keys().any(|known| known.starts_with("ALE/")) {
            let instead = "Atari games are in the crate deepq-atari, whose `register` adds them to a registry";
            return EnvError::NotBuiltIn { id: id.into(), instead };
        }
        if name == "LunarLander" && cfg!(not(feature = "box2d")) {
            let instead = "LunarLander needs the feature box2d of the crate deepq-envs, and with it a C++ compiler";
            return EnvError::NotBuiltIn { id: id.into(), instead };
        }
        // Of one environment the newest version.
        let lower = name.to_lowercase();
        let distance = |known: &str| strsim::damerau_levenshtein(&versioned(known).0.to_lowercase(), &lower);
        let nearest = self.entries.keys().min_by_key(|known| (distance(known), Reverse(versioned(known).1)));
        // Further than half the word away, a suggestion is noise.
        let nearest = nearest.filter(|known| distance(known) <= versioned(known).0.len().max(name.len()) / 2);
        EnvError::UnknownId { id: id.into(), nearest: nearest.cloned() }
    }
}

/// What the names of Gymnasium's older ids of Atari games end with.
const ATARI: [&str; 2] = ["NoFrameskip", "Deterministic"];

/// An id's name and its version, if it has one: `("CartPole", Some(1))` of `CartPole-v1`.
fn versioned(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once("-v").map(|(name, version)| (name, version.parse())) {
        Some((name, Ok(version))) => (name, Some(version)),
        _ => (id, None),
    }
}

/// The wrappers that the common options ask for.
struct Wrappers {
    time_limit: Option<u32>,
    frame_stack: Option<usize>,
    one_hot: bool,
}

impl Wrappers {
    fn read(options: &mut OptionReader<'_>, registration: &Registration) -> Result<Self, EnvError> {
        let ours = |name: &&str| !registration.own.contains(name);
        let mut time_limit = registration.time_limit;
        if let Some(name) = Some(MAX_EPISODE_STEPS).filter(ours)
            && let Some(steps) = options.integer(name, 0..=i64::from(u32::MAX))?
        {
            time_limit = u32::try_from(steps).ok().filter(|&steps| steps > 0);
        }
        let mut frame_stack = None;
        if let Some(name) = Some(FRAME_STACK).filter(ours) {
            frame_stack = options.integer(name, 1..=MAX_FRAME_STACK)?.and_then(|frames| usize::try_from(frames).ok());
        }
        let one_hot = match Some(ONE_HOT).filter(ours) {
            Some(name) => options.bool(name)?.unwrap_or(false),
            None => false,
        };
        Ok(Self { time_limit, frame_stack, one_hot })
    }

    fn wrap<E: crate::Element>(&self, mut env: BoxedEnv<E>) -> Result<BoxedEnv<E>, EnvError> {
        if let Some(limit) = self.time_limit {
            env = Box::new(TimeLimit::new(env, limit));
        }
        if let Some(frames) = self.frame_stack {
            env = Box::new(FrameStack::new(env, frames)?);
        }
        Ok(env)
    }
}

/// An error about an unknown option, with the common options among the known ones.
fn with_common(error: EnvError, registration: &Registration) -> EnvError {
    let EnvError::UnknownOption { env, option, known } = error else { return error };
    let own = if known == "none" { Vec::new() } else { vec![known.as_str()] };
    let common = COMMON.into_iter().filter(|name| !registration.own.contains(name));
    let known = own.into_iter().chain(common).collect::<Vec<_>>().join(", ");
    EnvError::UnknownOption { env, option, known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(id: &str) -> String {
        Registry::standard().make(id, &EnvOptions::new()).unwrap_err().to_string()
    }

    #[test]
    fn an_id_of_a_game_in_a_program_without_games_names_the_crate_that_has_them() {
        for id in ["ALE/Pong-v5", "PongNoFrameskip-v4", "BreakoutDeterministic-v4"] {
            assert!(refused(id).contains("crate deepq-atari"), "{}", refused(id));
        }
    }

    #[test]
    fn of_several_versions_the_newest_is_meant() {
        assert!(refused("CartPole-v7").ends_with("did you mean \"CartPole-v1\"?"), "{}", refused("CartPole-v7"));
        assert!(refused("cartpole").ends_with("did you mean \"CartPole-v1\"?"), "{}", refused("cartpole"));
        assert!(!refused("Doom-v0").contains("did you mean"));
    }

    #[cfg(not(feature = "box2d"))]
    #[test]
    fn without_box2d_lunar_lander_names_the_feature() {
        assert!(refused("LunarLander-v3").contains("feature box2d"), "{}", refused("LunarLander-v3"));
    }
}
