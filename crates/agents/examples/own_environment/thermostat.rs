//! A room's thermostat. The weather outside drifts, the room follows it, and the agent heats, cools or does nothing. It earns
//! nothing while the room is comfortable and pays for discomfort and for energy.

use deepq_envs::preconditions::{self, Phase};
use deepq_envs::{Discrete, Env, EnvError, NumpyRng, ObservationSpace, Reset, Status, Step};
use image::{Rgb, RgbImage};

/// The temperature that people want, in degrees Celsius.
const COMFORTABLE: f64 = 20.0;
/// How cold and how hot it gets outside.
const WEATHER: (f64, f64) = (-10.0, 40.0);
/// Degrees that the heater or the cooler moves the room by in a step.
const POWER: f64 = 4.0;
/// The share of the difference between inside and outside that passes through the walls in a step.
const LEAK: f64 = 0.1;
/// Agent steps of an episode.
pub(crate) const STEPS: u32 = 60;

/// A room with a thermostat. Observation: inside and outside temperature as `(t - 20) / 30`. Actions: wait, heat, cool.
pub(crate) struct Thermostat {
    observation_space: ObservationSpace<f32>,
    action_space: Discrete,
    rng: NumpyRng,
    inside: f64,
    outside: f64,
    phase: Phase,
}

impl Thermostat {
    pub(crate) fn new() -> Self {
        Self {
            observation_space: ObservationSpace::vector(&[-2.0, -2.0], &[2.0, 2.0]),
            action_space: Discrete::named(["wait", "heat", "cool"]),
            rng: NumpyRng::new(0),
            inside: COMFORTABLE,
            outside: COMFORTABLE,
            phase: Phase::default(),
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        let scaled = [self.inside, self.outside].map(|celsius| ((celsius - COMFORTABLE) / 30.0) as f32);
        observation.copy_from_slice(&scaled);
    }
}

impl Env for Thermostat {
    type Element = f32;

    fn id(&self) -> &str {
        "Thermostat"
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.observation_space
    }

    fn action_space(&self) -> &Discrete {
        &self.action_space
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.outside = self.rng.uniform(WEATHER.0, WEATHER.1);
        self.inside = self.rng.uniform(COMFORTABLE - 10.0, COMFORTABLE + 10.0);
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let drift = self.rng.uniform(-1.0, 1.0);
        self.outside = (self.outside + drift).clamp(WEATHER.0, WEATHER.1);
        self.inside += LEAK * (self.outside - self.inside) + [0.0, POWER, -POWER][action];
        self.inside = self.inside.clamp(WEATHER.0 - 10.0, WEATHER.1 + 10.0);
        let discomfort = (self.inside - COMFORTABLE).abs() / 10.0;
        let energy = if action == 0 { 0.0 } else { 0.05 };
        self.observe(observation);
        // The task has no end of its own; the time limit around it truncates.
        Ok(Step::new(-discomfort - energy, Status::Running))
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        // The room's colour: blue when cold, red when hot; the frame shows the weather in the same way.
        let colour = |celsius: f64| {
            let heat = ((celsius - WEATHER.0) / (WEATHER.1 - WEATHER.0)).clamp(0.0, 1.0);
            Rgb([(255.0 * heat) as u8, 64, (255.0 * (1.0 - heat)) as u8])
        };
        Ok(RgbImage::from_fn(64, 64, |x, y| {
            let indoors = (12..52).contains(&x) && (12..52).contains(&y);
            colour(if indoors { self.inside } else { self.outside })
        }))
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = preconditions::generator(self, state)?;
        self.phase = Phase::default();
        Ok(())
    }
}
