//! What the engines blow out: decoration.

use super::terrain::Terrain;
use super::{FPS, SCALE};

/// How long a puff lives, in steps.
const LIFE: usize = 6;
/// How much of its life, which starts at 1, a puff loses in a step.
const FADING: f64 = 0.15;
/// The part of its speed that a puff keeps where it hits the ground.
const RESTITUTION: f64 = 0.3;

/// The engines' puffs that can still be seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Exhaust {
    /// The puff of step `i` in place `i % LIFE`.
    puffs: [Option<Puff>; LIFE],
    steps: usize,
}

#[derive(Clone, Copy, Debug)]
struct Puff {
    position: [f64; 2],
    velocity: [f64; 2],
}

/// A puff as it looks now.
pub(super) struct VisiblePuff {
    /// In metres.
    pub(super) position: (f64, f64),
    /// From 0.85 in its first picture down to 0.1.
    pub(super) life: f64,
}

impl Exhaust {
    /// The radius of a puff, in metres.
    pub(super) const RADIUS: f64 = 2.0 / SCALE;

    /// Starts the next step; the puff of `LIFE` steps ago is gone.
    pub(super) fn next_step(&mut self) {
        self.steps += 1;
        self.puffs[self.steps % LIFE] = None;
    }

    /// An engine fires in this step: the place (m), the impulse (N s) and the density (kg/m²) of its puff.
    pub(super) fn add(&mut self, position: [f64; 2], impulse: [f64; 2], density: f64) {
        let mass = density * std::f64::consts::PI * Self::RADIUS * Self::RADIUS;
        self.puffs[self.steps % LIFE] = Some(Puff { position, velocity: impulse.map(|x| x / mass) });
    }

    /// The puffs, the oldest first: each has flown freely since, and bounced off the ground.
    pub(super) fn visible<'a>(&'a self, gravity: f64, terrain: &'a Terrain) -> impl Iterator<Item = VisiblePuff> + 'a {
        (1..=LIFE).rev().filter_map(move |age| {
            let step = (self.steps + 1).checked_sub(age)?;
            let Puff { position: [mut x, mut y], velocity: [vx, mut vy] } = self.puffs[step % LIFE]?;
            for _ in 0..age {
                vy += gravity / FPS;
                x += vx / FPS;
                y += vy / FPS;
                if y < terrain.height(x) {
                    y = terrain.height(x);
                    vy *= -RESTITUTION;
                }
            }
            Some(VisiblePuff { position: (x, y), life: 1.0 - FADING * age as f64 })
        })
    }
}
