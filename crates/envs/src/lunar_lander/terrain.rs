//! The moon's surface.

use super::{HEIGHT, WIDTH};
use crate::NumpyRng;

/// Corners of the surface.
const CORNERS: usize = 11;

/// The surface: straight between corners, flat in the middle, where the pad is. In metres.
#[derive(Clone, Debug)]
pub(super) struct Terrain {
    pub(super) corners: [(f64, f64); CORNERS],
}

impl Terrain {
    /// The height of the pad.
    pub(super) const HELIPAD_Y: f64 = HEIGHT / 4.0;

    /// Random heights, smoothed, around the flat pad.
    pub(super) fn draw(rng: &mut NumpyRng) -> Self {
        let mut height: [f64; CORNERS + 1] = std::array::from_fn(|_| rng.uniform(0.0, HEIGHT / 2.0));
        height[CORNERS / 2 - 2..=CORNERS / 2 + 2].fill(Self::HELIPAD_Y);
        let corners = std::array::from_fn(|i| {
            // Python's index -1: the last height, which is no corner, stands left of the first.
            let left = height[if i == 0 { CORNERS } else { i - 1 }];
            (x(i), 0.33 * (left + height[i] + height[i + 1]))
        });
        Self { corners }
    }

    /// Where the flags stand.
    pub(super) fn flags() -> [f64; 2] {
        [x(CORNERS / 2 - 1), x(CORNERS / 2 + 1)]
    }

    /// The straight pieces, from left to right.
    pub(super) fn pieces(&self) -> impl Iterator<Item = [(f64, f64); 2]> + '_ {
        self.corners.windows(2).map(|pair| [pair[0], pair[1]])
    }

    /// How high the surface is at `x`; 0 beside the picture.
    pub(super) fn height(&self, x: f64) -> f64 {
        let piece = self.pieces().find(|[(left, _), (right, _)]| (*left..=*right).contains(&x));
        piece.map_or(0.0, |[(left, from), (right, to)]| from + (to - from) * (x - left) / (right - left))
    }
}

fn x(corner: usize) -> f64 {
    WIDTH / (CORNERS - 1) as f64 * corner as f64
}
