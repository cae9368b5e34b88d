//! MountainCar: a car too weak for its hill.

use image::RgbImage;

use crate::canvas::{BLACK, Canvas, Rgb, WHITE, placed, whole};
use crate::preconditions::{self, Phase};
use crate::{
    Discrete, Env, EnvError, EnvOption, EnvOptions, NumpyRng, ObservationSpace, OptionValues, Registry, Reset, Status,
    Step,
};

const MIN_POSITION: f64 = -1.2;
const MAX_POSITION: f64 = 0.6;
const MAX_SPEED: f64 = 0.07;
const GOAL_POSITION: f64 = 0.5;
const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;
/// Bounds of the position at the start.
const START: (f64, f64) = (-0.6, -0.4);

/// MountainCar-v0 of Gymnasium, bit for bit: Moore 1990, "Efficient memory-based learning for robot control".
///
/// - **Observation** `[2]`: position along the x axis (-1.2 to 0.6), velocity (±0.07).
/// - **Actions**: 0 accelerates to the left, 1 does not accelerate, 2 accelerates to the right.
/// - **Reward**: -1 a step, the terminating one included.
/// - **End**: terminated at position 0.5 with at least the goal velocity (0). The limit of 200 steps is
///   [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: position uniform in -0.6 to -0.4, or in [`Reset::bounds`]; at rest.
///
/// The generator of a new environment is that of seed 0.
#[derive(Clone, Debug)]
pub struct MountainCar {
    space: ObservationSpace<f32>,
    actions: Discrete,
    goal_velocity: f64,
    rng: NumpyRng,
    position: f64,
    velocity: f64,
    phase: Phase,
}

impl Default for MountainCar {
    fn default() -> Self {
        Self::new()
    }
}

impl MountainCar {
    /// The id in the registry.
    pub const ID: &str = "MountainCar-v0";

    /// The environment as Gymnasium makes it, without a time limit.
    pub fn new() -> Self {
        let bounds = |position: f64, speed: f64| [position as f32, speed as f32];
        Self {
            space: ObservationSpace::vector(&bounds(MIN_POSITION, -MAX_SPEED), &bounds(MAX_POSITION, MAX_SPEED)),
            actions: Discrete::named(["left", "none", "right"]),
            goal_velocity: 0.0,
            rng: NumpyRng::new(0),
            position: 0.0,
            velocity: 0.0,
            phase: Phase::Unstarted,
        }
    }

    /// The velocity that the car must at least have at the goal.
    #[must_use]
    pub fn goal_velocity(mut self, velocity: f64) -> Self {
        self.goal_velocity = velocity;
        self
    }

    pub(crate) fn register(registry: &mut Registry) {
        let make = |options: &EnvOptions| {
            let mut options = options.reader(Self::ID);
            let goal_velocity = options.float("goal_velocity", -MAX_SPEED..=MAX_SPEED)?.unwrap_or(0.0);
            options.finish()?;
            Ok(Self::new().goal_velocity(goal_velocity).into())
        };
        let speeds = OptionValues::float(-MAX_SPEED..=MAX_SPEED);
        let goal_velocity =
            EnvOption::new("goal_velocity", speeds, "the velocity that the car must at least have at the goal")
                .default(0.0);
        let summary = "swing a weak car up a hill";
        registry.register(Self::ID, summary, make).time_limit(200).options([goal_velocity]);
    }

    fn observe(&self, observation: &mut [f32]) {
        observation.copy_from_slice(&[self.position as f32, self.velocity as f32]);
    }
}

impl Env for MountainCar {
    type Element = f32;

    fn id(&self) -> &str {
        Self::ID
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        let (low, high) = preconditions::bounds(self, reset, START)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        (self.position, self.velocity) = (self.rng.uniform(low, high), 0.0);
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let acceleration = (action as f64 - 1.0) * FORCE + (3.0 * self.position).cos() * -GRAVITY;
        self.velocity = (self.velocity + acceleration).clamp(-MAX_SPEED, MAX_SPEED);
        self.position = (self.position + self.velocity).clamp(MIN_POSITION, MAX_POSITION);
        if self.position == MIN_POSITION && self.velocity < 0.0 {
            self.velocity = 0.0;
        }
        self.observe(observation);
        let arrived = self.position >= GOAL_POSITION && self.velocity >= self.goal_velocity;
        let status = if arrived { Status::Terminated } else { Status::Running };
        self.phase = status.into();
        Ok(Step::new(-1.0, status))
    }

    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        const WIDTH: u16 = 600;
        const WHEEL: Rgb = [128, 128, 128];
        const FLAG: Rgb = [204, 204, 0];
        const HILL_POINTS: u32 = 100;
        const CLEARANCE: f64 = 10.0;
        let scale = f64::from(WIDTH) / (MAX_POSITION - MIN_POSITION);
        let on_hill =
            |position: f64| ((position - MIN_POSITION) * scale, ((3.0 * position).sin() * 0.45 + 0.55) * scale);

        let mut canvas = Canvas::new(Self::ID, WIDTH, 400, WHITE)?;
        let step = (MAX_POSITION - MIN_POSITION) / f64::from(HILL_POINTS - 1);
        let hill: Vec<_> = (0..HILL_POINTS).map(|i| on_hill(MIN_POSITION + f64::from(i) * step)).collect();
        canvas.polyline(&hill, 1.0, BLACK);

        let (x, y) = on_hill(self.position);
        let (at, slope) = ((x, y + CLEARANCE), (3.0 * self.position).cos());
        let (right, top) = (20.0, 20.0);
        let car = [(-right, 0.0), (-right, top), (right, top), (right, 0.0)];
        canvas.polygon(&placed(car, slope, at).map(whole), BLACK);
        for wheel in placed([(10.0, 0.0), (-10.0, 0.0)], slope, at) {
            canvas.circle(whole(wheel), 8.0, WHEEL);
        }

        let (x, bottom) = whole(on_hill(GOAL_POSITION));
        let top = bottom + 50.0;
        canvas.line((x, bottom), (x, top), BLACK);
        canvas.polygon(&[(x, top), (x, top - 10.0), (x + 25.0, top - 5.0)], FLAG);
        Ok(canvas.into_image())
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = preconditions::generator(self, state)?;
        self.phase = Phase::Unstarted;
        Ok(())
    }
}
