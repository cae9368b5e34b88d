//! LunarLander: a rocket that lands between two flags.

mod episode;
mod exhaust;
mod picture;
mod terrain;
mod wind;

use std::f64::consts::PI;
use std::ops::Bound;
use std::time::Duration;

use image::RgbImage;

use self::episode::Episode;
use crate::{
    Discrete, Env, EnvError, EnvOption, EnvOptions, NumpyRng, ObservationSpace, OptionValues, Registry, Reset, Status,
    Step, preconditions,
};

/// Pixels a metre.
const SCALE: f64 = 30.0;
/// Steps a second.
const FPS: f64 = 50.0;
const VIEWPORT_W: f64 = 600.0;
const VIEWPORT_H: f64 = 400.0;
/// The world that the viewport shows, in metres.
const WIDTH: f64 = VIEWPORT_W / SCALE;
const HEIGHT: f64 = VIEWPORT_H / SCALE;
/// Agent steps.
const TIME_LIMIT: u32 = 1000;

/// What can be chosen about a [`LunarLander`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LunarLanderOptions {
    /// Vertical acceleration in m/s², between -12 and 0, both excluded.
    pub gravity: f64,
    /// Whether wind and turbulence push the lander while no leg touches the ground.
    pub enable_wind: bool,
    /// The most that wind pushes, in N. 0 to 20 is recommended.
    pub wind_power: f64,
    /// The most that turbulence turns, in N m. 0 to 2 is recommended.
    pub turbulence_power: f64,
}

impl Default for LunarLanderOptions {
    /// Gymnasium's.
    fn default() -> Self {
        Self { gravity: -10.0, enable_wind: false, wind_power: 15.0, turbulence_power: 1.5 }
    }
}

/// LunarLander-v3 of Gymnasium with discrete actions, bit for bit, on the same physics engine.
///
/// - **Observation** `[8]`: position (x from the pad in half widths of the picture, y above it in half heights),
///   velocity (m/s, times 0.2 and 0.13), angle (rad), angular velocity (rad/s, times 0.4), and 1 or 0 for each leg
///   that touches the ground. The bounds of the space are Gymnasium's; a lander that spins can turn beyond them.
/// - **Actions**: 0 nothing, 1 fire the left engine, 2 the main engine, 3 the right engine. Every step draws two random
///   numbers for the engines' dispersion, fired or not.
/// - **Reward**: the gain in a potential that prefers being near the pad, slow, upright, and each leg on the ground by
///   10; less 0.3 for the main engine and 0.03 for a side engine; -100 instead for a crash or leaving sideways, +100
///   instead for coming to rest.
/// - **End**: terminated by a crash (the body touches the ground), |x| ≥ 1, or rest (the lander falls asleep in the
///   engine's sense). The limit of 1000 steps is [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: new terrain, a random push, and with wind new places in its pattern. There are no
///   [`Reset::bounds`].
///
/// `LunarLander-v2` is this environment under its old id. Gymnasium 1.0 changed three things with the number, and the
/// old ways are not kept: v2 drew the wind's places once, when made, from a generator that no seed reached; it went on
/// with the physics world of the episode before, which made episodes depend on earlier ones; and it claimed narrower
/// bounds (±1.5, ±5, ±π) for the same observations.
///
/// The engine's exhaust can be seen in pictures only: as in Gymnasium it has no part in the lander's physics.
///
/// The generator of a new environment is that of seed 0.
#[derive(Debug)]
pub struct LunarLander {
    id: &'static str,
    options: LunarLanderOptions,
    space: ObservationSpace<f32>,
    actions: Discrete,
    rng: NumpyRng,
    /// From the first reset on; still there after the episode's end, to be drawn.
    episode: Option<Episode>,
    running: bool,
}

impl LunarLander {
    const ID: &'static str = "LunarLander-v3";

    /// The environment as Gymnasium makes it, without a time limit.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] for gravity that is not between -12 and 0, and numbers that are not finite. Wind and
    /// turbulence outside the recommended ranges are logged as a warning.
    pub fn new(options: LunarLanderOptions) -> Result<Self, EnvError> {
        Self::named(Self::ID, options)
    }

    /// The same environment under another id.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn named(id: &'static str, options: LunarLanderOptions) -> Result<Self, EnvError> {
        check(id, &options)?;
        let high = [2.5, 2.5, 10.0, 10.0, (2.0 * PI) as f32, 10.0, 1.0, 1.0];
        let low = std::array::from_fn::<f32, 8, _>(|i| if i < 6 { -high[i] } else { -0.0 });
        Ok(Self {
            id,
            options,
            space: ObservationSpace::vector(&low, &high),
            actions: Discrete::named(["nothing", "left engine", "main engine", "right engine"]),
            rng: NumpyRng::new(0),
            episode: None,
            running: false,
        })
    }

    /// Adds LunarLander's ids.
    pub(crate) fn register(registry: &mut Registry) {
        for (id, summary) in [
            (Self::ID, "land a rocket between two flags, with or without wind"),
            ("LunarLander-v2", "LunarLander-v3 under its old id"),
        ] {
            let make = move |options: &EnvOptions| Ok(Self::named(id, read(id, options)?)?.into());
            registry.register(id, summary, make).time_limit(TIME_LIMIT).options(options());
        }
    }
}

/// An error of the physics engine.
fn backend(id: &str, error: &deepq_box2d_sys::Error) -> EnvError {
    EnvError::Backend { env: id.into(), reason: error.to_string() }
}

/// The options by Gymnasium's names.
fn read(id: &'static str, options: &EnvOptions) -> Result<LunarLanderOptions, EnvError> {
    const ANY: std::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;
    let default = LunarLanderOptions::default();
    let mut reader = options.reader(id);
    let continuous = reader.bool("continuous")?.unwrap_or(false);
    let read = LunarLanderOptions {
        gravity: reader.float("gravity", ANY)?.unwrap_or(default.gravity),
        enable_wind: reader.bool("enable_wind")?.unwrap_or(default.enable_wind),
        wind_power: reader.float("wind_power", ANY)?.unwrap_or(default.wind_power),
        turbulence_power: reader.float("turbulence_power", ANY)?.unwrap_or(default.turbulence_power),
    };
    reader.finish()?;
    if continuous {
        let reason = "deepq's environments have discrete actions; leave it out or set it to false".into();
        return Err(EnvError::InvalidOption {
            env: id.into(),
            option: "continuous".into(),
            value: "true".into(),
            reason,
        });
    }
    Ok(read)
}

/// What can be chosen, by Gymnasium's names.
fn options() -> [EnvOption; 5] {
    let LunarLanderOptions { gravity, enable_wind, wind_power, turbulence_power } = LunarLanderOptions::default();
    let downwards = OptionValues::Float(Bound::Excluded(-12.0), Bound::Excluded(0.0));
    [
        EnvOption::new("gravity", downwards, "vertical acceleration, in m/s²").default(gravity),
        EnvOption::switch("enable_wind", enable_wind, "whether wind pushes the lander while no leg touches the ground"),
        EnvOption::new(
            "wind_power",
            OptionValues::ANY_FLOAT,
            "the most that wind pushes, in N; 0 to 20 is recommended",
        )
        .default(wind_power),
        EnvOption::new(
            "turbulence_power",
            OptionValues::ANY_FLOAT,
            "the most that turbulence turns, in N m; 0 to 2 is recommended",
        )
        .default(turbulence_power),
        EnvOption::switch(
            "continuous",
            false,
            "Gymnasium's continuous actions, which are not there: only false is allowed",
        ),
    ]
}

fn check(id: &str, options: &LunarLanderOptions) -> Result<(), EnvError> {
    let invalid = |option: &str, value: f64, reason: &str| EnvError::InvalidOption {
        env: id.into(),
        option: option.into(),
        value: value.to_string(),
        reason: reason.into(),
    };
    if !(options.gravity > -12.0 && options.gravity < 0.0) {
        return Err(invalid("gravity", options.gravity, "it lies between -12 and 0, both excluded"));
    }
    let recommended = [("wind_power", options.wind_power, 20.0), ("turbulence_power", options.turbulence_power, 2.0)];
    for (option, value, most) in recommended {
        // Box2D calculates in single precision.
        if !(value as f32).is_finite() {
            return Err(invalid(option, value, "it is a finite number in single precision"));
        }
        if !(0.0..=most).contains(&value) {
            tracing::warn!("{id}: {option} = {value}; 0 to {most} is recommended");
        }
    }
    Ok(())
}

impl Env for LunarLander {
    type Element = f32;

    fn id(&self) -> &str {
        self.id
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        (self.episode, self.running) = (None, false);
        let started = Episode::start(&self.options, &mut self.rng);
        let (episode, first) = started.map_err(|error| backend(self.id, &error))?;
        observation.copy_from_slice(&first);
        (self.episode, self.running) = (Some(episode), true);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.running, action, observation)?;
        let Some(episode) = &mut self.episode else {
            return Err(EnvError::NoEpisode { env: self.id.into() });
        };
        // After an error in the engine there is no going on.
        self.running = false;
        let outcome = episode.step(action, &mut self.rng).map_err(|error| backend(self.id, &error))?;
        observation.copy_from_slice(&outcome.observation);
        self.running = !outcome.terminated;
        Ok(Step::new(outcome.reward, if outcome.terminated { Status::Terminated } else { Status::Running }))
    }

    fn step_cost(&self) -> Duration {
        // Nearly all of it Box2D's solver.
        Duration::from_micros(11)
    }

    fn steps_per_second(&self) -> f64 {
        FPS
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        let Some(episode) = &self.episode else {
            return Err(EnvError::NoEpisode { env: self.id.into() });
        };
        picture::draw(self.id, episode)
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = NumpyRng::from_bytes(state)
            .map_err(|error| EnvError::Capture { env: self.id.into(), reason: error.to_string() })?;
        (self.episode, self.running) = (None, false);
        Ok(())
    }
}
