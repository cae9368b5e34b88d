//! Wind and turbulence.

use std::f64::consts::PI;

use super::LunarLanderOptions;
use crate::NumpyRng;

/// A push and a turn, each along a pattern that never repeats, from a random place on.
#[derive(Clone, Debug)]
pub(super) struct Wind {
    power: f64,
    turbulence: f64,
    wind_index: i64,
    torque_index: i64,
}

impl Wind {
    /// The places in the patterns lie in -9999..9999.
    pub(super) fn draw(options: &LunarLanderOptions, rng: &mut NumpyRng) -> Self {
        Self {
            power: options.wind_power,
            turbulence: options.turbulence_power,
            wind_index: rng.integers(-9999, 9999),
            torque_index: rng.integers(-9999, 9999),
        }
    }

    /// The force to the right (N) and the torque (N m) of a step; the next step gets the next ones.
    pub(super) fn blow(&mut self) -> (f64, f64) {
        let (force, torque) = (pattern(self.wind_index) * self.power, pattern(self.torque_index) * self.turbulence);
        self.wind_index += 1;
        self.torque_index += 1;
        (force, torque)
    }
}

/// `tanh(sin(2 k t) + sin(pi k t))` with k = 0.01.
fn pattern(index: i64) -> f64 {
    let t = index as f64;
    ((0.02 * t).sin() + (PI * 0.01 * t).sin()).tanh()
}
