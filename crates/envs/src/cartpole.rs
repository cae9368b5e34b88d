//! CartPole: a cart that balances a pole.

use std::f64::consts::PI;

use image::RgbImage;

use crate::canvas::{BLACK, Canvas, Rgb, WHITE, placed, whole};
use crate::preconditions::{self, Phase};
use crate::{
    Discrete, Env, EnvError, EnvOption, EnvOptions, NumpyRng, ObservationSpace, Registry, Reset, Status, Step,
};

const GRAVITY: f64 = 9.8;
const MASS_CART: f64 = 1.0;
const MASS_POLE: f64 = 0.1;
const TOTAL_MASS: f64 = MASS_POLE + MASS_CART;
/// Half the pole's length.
const LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = MASS_POLE * LENGTH;
const FORCE: f64 = 10.0;
/// Seconds a step.
const TAU: f64 = 0.02;
const X_LIMIT: f64 = 2.4;
const THETA_LIMIT: f64 = 12.0 * 2.0 * PI / 360.0;
/// Bounds of each component of the start state.
const START: (f64, f64) = (-0.05, 0.05);

/// CartPole-v1 of Gymnasium, bit for bit: Barto, Sutton and Anderson 1983, "Neuronlike adaptive elements that can solve
/// difficult learning control problems".
///
/// - **Observation** `[4]`: position of the cart (m), its velocity (m/s), angle of the pole (rad, 0 is upright), its
///   velocity (rad/s).
/// - **Actions**: 0 pushes left, 1 pushes right, each with 10 N for 0.02 s.
/// - **Reward**: 1 a step, the terminating one included; with [`sutton_barto_reward`](Self::sutton_barto_reward) 0, and
///   -1 for the terminating step.
/// - **End**: terminated when the cart leaves ±2.4 m or the pole ±12°. The limit of 500 steps (`CartPole-v0`: 200) is
///   [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: each component uniform in ±0.05, or in [`Reset::bounds`].
///
/// The generator of a new environment is that of seed 0.
#[derive(Clone, Debug)]
pub struct CartPole {
    id: &'static str,
    space: ObservationSpace<f32>,
    actions: Discrete,
    sutton_barto_reward: bool,
    rng: NumpyRng,
    state: [f64; 4],
    phase: Phase,
}

impl Default for CartPole {
    fn default() -> Self {
        Self::new()
    }
}

impl CartPole {
    /// The environment as Gymnasium makes it, without a time limit.
    pub fn new() -> Self {
        let high = [(X_LIMIT * 2.0) as f32, f32::INFINITY, (THETA_LIMIT * 2.0) as f32, f32::INFINITY];
        Self {
            id: "CartPole-v1",
            space: ObservationSpace::vector(&high.map(|x| -x), &high),
            actions: Discrete::named(["left", "right"]),
            sutton_barto_reward: false,
            rng: NumpyRng::new(0),
            state: [0.0; 4],
            phase: Phase::Unstarted,
        }
    }

    /// The same environment under another id.
    #[must_use]
    pub fn named(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// Whether to reward as Sutton and Barto: 0 a step, -1 for the terminating one.
    #[must_use]
    pub fn sutton_barto_reward(mut self, on: bool) -> Self {
        self.sutton_barto_reward = on;
        self
    }

    pub(crate) fn register(registry: &mut Registry) {
        for (id, limit) in [("CartPole-v1", 500), ("CartPole-v0", 200)] {
            let make = move |options: &EnvOptions| {
                let mut options = options.reader(id);
                let sutton_barto = options.bool("sutton_barto_reward")?.unwrap_or(false);
                options.finish()?;
                Ok(Self::new().named(id).sutton_barto_reward(sutton_barto).into())
            };
            let meaning = "rewards are Sutton and Barto's: 0 a step and -1 for the one that ends the episode, in place of 1 a step";
            let reward = EnvOption::switch("sutton_barto_reward", false, meaning);
            registry.register(id, "balance a pole on a cart", make).time_limit(limit).options([reward]);
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        for (to, &from) in observation.iter_mut().zip(&self.state) {
            *to = from as f32;
        }
    }
}

impl Env for CartPole {
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
        let (low, high) = preconditions::bounds(self, reset, START)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.state = std::array::from_fn(|_| self.rng.uniform(low, high));
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let [x, x_dot, theta, theta_dot] = self.state;
        let force = if action == 1 { FORCE } else { -FORCE };
        let (cos, sin) = (theta.cos(), theta.sin());

        // Florian 2007, "Correct equations for the dynamics of the cart-pole system", without friction; the order of
        // the operations is Gymnasium's.
        let push = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acc = (GRAVITY * sin - cos * push) / (LENGTH * (4.0 / 3.0 - MASS_POLE * (cos * cos) / TOTAL_MASS));
        let x_acc = push - POLE_MASS_LENGTH * theta_acc * cos / TOTAL_MASS;

        let x = x + TAU * x_dot;
        let theta = theta + TAU * theta_dot;
        self.state = [x, x_dot + TAU * x_acc, theta, theta_dot + TAU * theta_acc];
        self.observe(observation);

        let fell = !(-X_LIMIT..=X_LIMIT).contains(&x) || !(-THETA_LIMIT..=THETA_LIMIT).contains(&theta);
        let reward = match (self.sutton_barto_reward, fell) {
            (false, _) => 1.0,
            (true, false) => 0.0,
            (true, true) => -1.0,
        };
        let status = if fell { Status::Terminated } else { Status::Running };
        self.phase = status.into();
        Ok(Step::new(reward, status))
    }

    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        const WIDTH: u16 = 600;
        const CART_TOP: f64 = 100.0;
        const POLE: Rgb = [202, 152, 101];
        const AXLE: Rgb = [129, 132, 203];
        let scale = f64::from(WIDTH) / (2.0 * X_LIMIT);
        let (cart_width, cart_height, pole_width) = (50.0, 30.0, 10.0);
        let pole_length = scale * (2.0 * LENGTH);

        let mut canvas = Canvas::new(self.id, WIDTH, 400, WHITE)?;
        let [x, _, theta, _] = self.state;
        let cart = (x * scale + f64::from(WIDTH) / 2.0, CART_TOP);
        let axle = (cart.0, CART_TOP + cart_height / 4.0);
        let (right, top) = (cart_width / 2.0, cart_height / 2.0);
        let body = [(-right, -top), (-right, top), (right, top), (right, -top)];
        canvas.polygon(&placed(body, 0.0, cart).map(whole), BLACK);
        let (right, bottom, top) = (pole_width / 2.0, -pole_width / 2.0, pole_length - pole_width / 2.0);
        let pole = [(-right, bottom), (-right, top), (right, top), (right, bottom)];
        canvas.polygon(&placed(pole, -theta, axle).map(whole), POLE);
        canvas.circle(whole(axle), pole_width / 2.0, AXLE);
        canvas.line((0.0, CART_TOP), (f64::from(WIDTH), CART_TOP), BLACK);
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
