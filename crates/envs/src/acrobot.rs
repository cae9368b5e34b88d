//! Acrobot: two links that swing up by the joint between them.

use std::f64::consts::PI;

use image::RgbImage;

use crate::canvas::{BLACK, Canvas, Rgb, WHITE, placed, whole};
use crate::numpy_math::{cos_f32, sin_f32, square};
use crate::preconditions::{self, Phase};
use crate::{Discrete, Env, EnvError, EnvOptions, NumpyRng, ObservationSpace, Registry, Reset, Status, Step};

/// Seconds a step.
const DT: f64 = 0.2;
const LINK_LENGTH_1: f64 = 1.0;
const LINK_LENGTH_2: f64 = 1.0;
const LINK_MASS_1: f64 = 1.0;
const LINK_MASS_2: f64 = 1.0;
/// Where the centres of mass lie on the links.
const LINK_COM_1: f64 = 0.5;
const LINK_COM_2: f64 = 0.5;
/// Moment of inertia of either link.
const LINK_MOI: f64 = 1.0;
const GRAVITY: f64 = 9.8;
const MAX_VELOCITY_1: f64 = 4.0 * PI;
const MAX_VELOCITY_2: f64 = 9.0 * PI;
/// Bounds of each component of the start state.
const START: (f64, f64) = (-0.1, 0.1);

/// Acrobot-v1 of Gymnasium, bit for bit: Sutton 1996, "Generalization in reinforcement learning: successful examples
/// using sparse coarse coding".
///
/// - **Observation** `[6]`: cosine and sine of the first link's angle (0 hangs down), cosine and sine of the second
///   link's angle to the first, both angular velocities (rad/s, ±4π and ±9π).
/// - **Actions**: a torque of -1, 0 or 1 N m on the joint between the links.
/// - **Reward**: -1 a step, 0 for the terminating one.
/// - **End**: terminated when the tip is more than one link above the fixed joint. The limit of 500 steps is
///   [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: both angles and velocities uniform in ±0.1, or in [`Reset::bounds`].
///
/// The motion is chaotic. Its bits are Gymnasium's where the C library computes sine, cosine and power alike: on x86-64
/// with glibc on a processor with FMA; elsewhere episodes part after some 200 steps.
///
/// The generator of a new environment is that of seed 0.
#[derive(Clone, Debug)]
pub struct Acrobot {
    space: ObservationSpace<f32>,
    actions: Discrete,
    rng: NumpyRng,
    /// Both angles, both angular velocities.
    state: [f64; 4],
    phase: Phase,
}

impl Default for Acrobot {
    fn default() -> Self {
        Self::new()
    }
}

impl Acrobot {
    /// The id in the registry.
    pub const ID: &str = "Acrobot-v1";

    /// The environment as Gymnasium makes it, without a time limit.
    pub fn new() -> Self {
        let high = [1.0, 1.0, 1.0, 1.0, MAX_VELOCITY_1 as f32, MAX_VELOCITY_2 as f32];
        Self {
            space: ObservationSpace::vector(&high.map(|x| -x), &high),
            actions: Discrete::named(["torque -1", "torque 0", "torque 1"]),
            rng: NumpyRng::new(0),
            state: [0.0; 4],
            phase: Phase::Unstarted,
        }
    }

    pub(crate) fn register(registry: &mut Registry) {
        let make = |options: &EnvOptions| {
            options.reader(Self::ID).finish()?;
            Ok(Self::new().into())
        };
        registry.register(Self::ID, "swing two links up by the joint between them", make).time_limit(500);
    }
}

/// How the state changes, a second: `dsdt` of the book (Sutton and Barto, section 11.3 of the first edition).
fn derivative([theta_1, theta_2, dtheta_1, dtheta_2]: [f64; 4], torque: f64) -> [f64; 4] {
    const M_1: f64 = LINK_MASS_1;
    const M_2: f64 = LINK_MASS_2;
    const L_1: f64 = LINK_LENGTH_1;
    const LC_1: f64 = LINK_COM_1;
    const LC_2: f64 = LINK_COM_2;
    const I: f64 = LINK_MOI;
    let (sin_2, cos_2) = (theta_2.sin(), theta_2.cos());
    let d_1 = M_1 * (LC_1 * LC_1) + M_2 * (L_1 * L_1 + LC_2 * LC_2 + 2.0 * L_1 * LC_2 * cos_2) + I + I;
    let d_2 = M_2 * (LC_2 * LC_2 + L_1 * LC_2 * cos_2) + I;
    let phi_2 = M_2 * LC_2 * GRAVITY * (theta_1 + theta_2 - PI / 2.0).cos();
    let phi_1 = -M_2 * L_1 * LC_2 * square(dtheta_2) * sin_2 - 2.0 * M_2 * L_1 * LC_2 * dtheta_2 * dtheta_1 * sin_2
        + (M_1 * LC_1 + M_2 * L_1) * GRAVITY * (theta_1 - PI / 2.0).cos()
        + phi_2;
    let ddtheta_2 = (torque + d_2 / d_1 * phi_1 - M_2 * L_1 * LC_2 * square(dtheta_1) * sin_2 - phi_2)
        / (M_2 * (LC_2 * LC_2) + I - square(d_2) / d_1);
    let ddtheta_1 = -(d_2 * ddtheta_2 + phi_1) / d_1;
    [dtheta_1, dtheta_2, ddtheta_1, ddtheta_2]
}

/// One step of the classical Runge-Kutta method.
fn runge_kutta(y: [f64; 4], torque: f64) -> [f64; 4] {
    let moved = |k: [f64; 4], dt: f64| std::array::from_fn(|i| y[i] + dt * k[i]);
    let k_1 = derivative(y, torque);
    let k_2 = derivative(moved(k_1, DT / 2.0), torque);
    let k_3 = derivative(moved(k_2, DT / 2.0), torque);
    let k_4 = derivative(moved(k_3, DT), torque);
    std::array::from_fn(|i| y[i] + DT / 6.0 * (k_1[i] + 2.0 * k_2[i] + 2.0 * k_3[i] + k_4[i]))
}

/// The same angle within ±π, by whole turns, one after the other as Gymnasium does it. Further away than any motion
/// from a sensible start leads, where Gymnasium would go on for ever, by a division.
fn wrap(mut angle: f64) -> f64 {
    const TURN: f64 = PI - -PI;
    const FAR: f64 = 1e6;
    if !(-FAR..=FAR).contains(&angle) {
        angle %= TURN;
    }
    while angle > PI {
        angle -= TURN;
    }
    while angle < -PI {
        angle += TURN;
    }
    angle
}

impl Env for Acrobot {
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
        // The start state is f32, and so are the sines and cosines of the first observation.
        let start: [f32; 4] = std::array::from_fn(|_| self.rng.uniform(low, high) as f32);
        self.state = start.map(f64::from);
        self.phase = Phase::Running;
        let [theta_1, theta_2, dtheta_1, dtheta_2] = start;
        let (first, second) = ([cos_f32(theta_1), sin_f32(theta_1)], [cos_f32(theta_2), sin_f32(theta_2)]);
        observation.copy_from_slice(&[first[0], first[1], second[0], second[1], dtheta_1, dtheta_2]);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let [theta_1, theta_2, dtheta_1, dtheta_2] = runge_kutta(self.state, action as f64 - 1.0);
        let (theta_1, theta_2) = (wrap(theta_1), wrap(theta_2));
        let dtheta_1 = dtheta_1.clamp(-MAX_VELOCITY_1, MAX_VELOCITY_1);
        let dtheta_2 = dtheta_2.clamp(-MAX_VELOCITY_2, MAX_VELOCITY_2);
        self.state = [theta_1, theta_2, dtheta_1, dtheta_2];

        let cos_1 = theta_1.cos();
        let measured = [cos_1, theta_1.sin(), theta_2.cos(), theta_2.sin(), dtheta_1, dtheta_2];
        observation.copy_from_slice(&measured.map(|x| x as f32));
        let swung_up = -cos_1 - (theta_2 + theta_1).cos() > 1.0;
        let (reward, status) = if swung_up { (0.0, Status::Terminated) } else { (-1.0, Status::Running) };
        self.phase = status.into();
        Ok(Step::new(reward, status))
    }

    fn steps_per_second(&self) -> f64 {
        15.0
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        const SIZE: u16 = 500;
        const LINK: Rgb = [0, 204, 204];
        const JOINT: Rgb = [204, 204, 0];
        let bound = LINK_LENGTH_1 + LINK_LENGTH_2 + 0.2;
        let (scale, middle) = (f64::from(SIZE) / (bound * 2.0), f64::from(SIZE) / 2.0);
        let [theta_1, theta_2, ..] = self.state;

        let mut canvas = Canvas::new(Self::ID, SIZE, SIZE, WHITE)?;
        let height = (middle + scale).trunc();
        canvas.line((middle - bound * scale, height), (middle + bound * scale, height), BLACK);
        let elbow = (middle + LINK_LENGTH_1 * theta_1.sin() * scale, middle - LINK_LENGTH_1 * theta_1.cos() * scale);
        let half_width = 0.1 * scale;
        for (joint, angle, length) in [
            ((middle, middle), theta_1 - PI / 2.0, LINK_LENGTH_1),
            (elbow, theta_1 + theta_2 - PI / 2.0, LINK_LENGTH_2),
        ] {
            let end = length * scale;
            let link = [(0.0, -half_width), (0.0, half_width), (end, half_width), (end, -half_width)];
            canvas.polygon(&placed(link, angle, joint).map(whole), LINK);
            canvas.circle(whole(joint), half_width.trunc(), JOINT);
        }
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
