//! Pendulum: swing a rod up and keep it there.

use std::f64::consts::{PI, TAU};

use image::RgbImage;

use crate::canvas::{BLACK, Canvas, Rgb, WHITE, placed, whole};
use crate::numpy_math::{modulo, square, square_f32};
use crate::preconditions::{self, Phase};
use crate::{
    Discrete, Env, EnvError, EnvOption, EnvOptions, NumpyRng, ObservationSpace, OptionValues, Registry, Reset, Status,
    Step,
};

const MAX_SPEED: f64 = 8.0;
const MAX_TORQUE: f32 = 2.0;
/// Seconds a step.
const DT: f64 = 0.05;
const GRAVITY: f64 = 10.0;
const MASS: f64 = 1.0;
const LENGTH: f64 = 1.0;
/// The largest angle and the largest speed at the start.
const START: (f64, f64) = (PI, 1.0);
/// Levels of the torque where nothing else is asked for: -2, -1, 0, 1, 2.
const TORQUES: usize = 5;
const MAX_TORQUES: usize = 1001;

/// Pendulum-v1 of Gymnasium, bit for bit, with a torque of some levels instead of any.
///
/// - **Observation** `[3]`: cosine and sine of the angle (0 is upright), angular velocity (rad/s, ±8).
/// - **Actions**: torques evenly spaced from -2 to 2 N m, [`torques`](Self::torques) of them (5). Any torque at all goes
///   into [`step_with_torque`](Self::step_with_torque), which is Gymnasium's step.
/// - **Reward**: -(angle² + 0.1 velocity² + 0.001 torque²), of the state before the step; -16.27 to 0.
/// - **End**: never by itself. The limit of 200 steps is [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: angle uniform in ±π, velocity uniform in ±1; [`Reset::bounds`] are Gymnasium's `x_init` and `y_init`, the
///   largest angle and the largest velocity.
///
/// The generator of a new environment is that of seed 0.
#[derive(Clone, Debug)]
pub struct Pendulum {
    space: ObservationSpace<f32>,
    actions: Discrete,
    /// The torque of each action.
    torques: Vec<f32>,
    gravity: f64,
    rng: NumpyRng,
    angle: f64,
    velocity: f64,
    /// For the picture.
    last_torque: Option<f32>,
    phase: Phase,
}

impl Default for Pendulum {
    fn default() -> Self {
        Self::new()
    }
}

impl Pendulum {
    /// The id in the registry.
    pub const ID: &str = "Pendulum-v1";

    /// The environment as Gymnasium makes it, with five torques and without a time limit.
    pub fn new() -> Self {
        let high = [1.0, 1.0, MAX_SPEED as f32];
        Self {
            space: ObservationSpace::vector(&high.map(|x| -x), &high),
            actions: Discrete::new(TORQUES),
            torques: Vec::new(),
            gravity: GRAVITY,
            rng: NumpyRng::new(0),
            angle: 0.0,
            velocity: 0.0,
            last_torque: None,
            phase: Phase::Unstarted,
        }
        .torques(TORQUES)
    }

    /// Sets the number of torques to choose from, evenly spaced from -2 to 2 (`numpy.linspace`); at least 2.
    #[must_use]
    pub fn torques(mut self, levels: usize) -> Self {
        let levels = levels.clamp(2, MAX_TORQUES);
        let (low, step) = (f64::from(-MAX_TORQUE), f64::from(2.0 * MAX_TORQUE) / (levels - 1) as f64);
        self.torques = (0..levels).map(|i| (i as f64 * step + low) as f32).collect();
        if let Some(last) = self.torques.last_mut() {
            *last = MAX_TORQUE;
        }
        self.actions = Discrete::named(self.torques.iter().map(|torque| format!("torque {torque}")));
        self
    }

    /// The acceleration of gravity (10 m/s²).
    #[must_use]
    pub fn gravity(mut self, gravity: f64) -> Self {
        self.gravity = gravity;
        self
    }

    pub(crate) fn register(registry: &mut Registry) {
        let make = |options: &EnvOptions| {
            let mut options = options.reader(Self::ID);
            let gravity = options.float("g", f64::MIN..=f64::MAX)?.unwrap_or(GRAVITY);
            let torques = options.integer("torques", 2..=MAX_TORQUES as i64)?;
            options.finish()?;
            let torques = torques.and_then(|levels| usize::try_from(levels).ok()).unwrap_or(TORQUES);
            Ok(Self::new().gravity(gravity).torques(torques).into())
        };
        let torques = OptionValues::Integer(2..=MAX_TORQUES as i64);
        let torques = EnvOption::new("torques", torques, "torques to choose from, evenly spaced from -2 to 2 N m")
            .default(TORQUES as i64);
        let gravity =
            EnvOption::new("g", OptionValues::ANY_FLOAT, "the acceleration of gravity, in m/s²").default(GRAVITY);
        let summary = "swing a rod up and keep it there; a choice of torques";
        registry.register(Self::ID, summary, make).time_limit(200).options([gravity, torques]);
    }

    /// A step with any torque (N m), clipped to ±2: Gymnasium's own, continuous action.
    ///
    /// # Errors
    ///
    /// As [`Env::step`]; a torque that is not a number gives [`EnvError::InvalidOption`].
    pub fn step_with_torque(&mut self, torque: f32, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), 0, observation)?;
        if torque.is_nan() {
            return Err(EnvError::InvalidOption {
                env: Self::ID.into(),
                option: "torque".into(),
                value: torque.to_string(),
                reason: "it is a number".into(),
            });
        }
        Ok(self.swing(torque.clamp(-MAX_TORQUE, MAX_TORQUE), observation))
    }

    fn swing(&mut self, torque: f32, observation: &mut [f32]) -> Step {
        // An action is float32 in Gymnasium, and NumPy keeps it that until it meets a float64.
        let angle = modulo(self.angle + PI, TAU) - PI;
        let effort = f64::from(0.001 * square_f32(torque));
        let cost = square(angle) + 0.1 * square(self.velocity) + effort;

        let push = f64::from((3.0 / (MASS * (LENGTH * LENGTH))) as f32 * torque);
        let velocity = self.velocity + (3.0 * self.gravity / (2.0 * LENGTH) * self.angle.sin() + push) * DT;
        self.velocity = velocity.clamp(-MAX_SPEED, MAX_SPEED);
        self.angle += self.velocity * DT;
        self.last_torque = Some(torque);
        self.observe(observation);
        Step::new(-cost, Status::Running)
    }

    fn observe(&self, observation: &mut [f32]) {
        let measured = [self.angle.cos(), self.angle.sin(), self.velocity];
        observation.copy_from_slice(&measured.map(|x| x as f32));
    }
}

impl Env for Pendulum {
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
        let (angle, velocity) = preconditions::largest(self, reset, START)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.angle = self.rng.uniform(-angle, angle);
        self.velocity = self.rng.uniform(-velocity, velocity);
        self.last_torque = None;
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        Ok(self.swing(self.torques[action], observation))
    }

    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        const SIZE: u16 = 500;
        const ROD: Rgb = [204, 77, 77];
        let (scale, middle) = (f64::from(SIZE) / 4.4, f64::from(SIZE / 2));
        let hinge = (middle, middle);
        let (length, half_width) = (scale, 0.1 * scale);

        let mut canvas = Canvas::new(Self::ID, SIZE, SIZE, WHITE)?;
        let rod = [(0.0, -half_width), (0.0, half_width), (length, half_width), (length, -half_width)];
        canvas.polygon(&placed(rod, self.angle + PI / 2.0, hinge).map(whole), ROD);
        canvas.circle(hinge, half_width.trunc(), ROD);
        let [end] = placed([(length, 0.0)], self.angle + PI / 2.0, hinge);
        canvas.circle(whole(end), half_width.trunc(), ROD);
        if let Some(torque) = self.last_torque.filter(|&torque| torque != 0.0) {
            draw_torque(&mut canvas, hinge, (scale * f64::from(torque) / 2.0).trunc());
        }
        canvas.circle(hinge, (0.05 * scale).trunc(), BLACK);
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

/// Three quarters of a circle with an arrow head, `size` wide: counter-clockwise where it is positive.
fn draw_torque(canvas: &mut Canvas, (x, y): (f64, f64), size: f64) {
    // Measured on Gymnasium's picture of 329 x 312 pixels, from its middle, y up, turning clockwise.
    const SIZE: (f64, f64) = (329.0, 312.0);
    const CENTRE: (f64, f64) = (8.5, 0.0);
    const RADIUS: f64 = 151.0;
    const LINE: f64 = 10.0;
    const HEAD: [(f64, f64); 4] = [(-142.5, 44.5), (-164.0, -13.5), (-142.5, 0.0), (-120.5, -13.5)];
    const ARC_POINTS: u32 = 60;
    let (width, height) = (size / SIZE.0, size.abs() / SIZE.1);
    let put = |(dx, dy): (f64, f64)| (x - dx * width, y + dy * height);

    // From the top clockwise to the left, where the head is.
    let arc: Vec<_> = (0..=ARC_POINTS)
        .map(|i| PI / 2.0 - 1.5 * PI * f64::from(i) / f64::from(ARC_POINTS))
        .map(|angle| put((CENTRE.0 + RADIUS * angle.cos(), CENTRE.1 + RADIUS * angle.sin())))
        .collect();
    canvas.polyline(&arc, LINE * width.abs(), BLACK);
    canvas.polygon(&HEAD.map(put), BLACK);
}
