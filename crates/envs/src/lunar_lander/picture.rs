//! The picture of an episode: Gymnasium's scene of 600 x 400 pixels.

use image::RgbImage;

use super::episode::{Episode, Pose};
use super::exhaust::Exhaust;
use super::terrain::Terrain;
use super::{HEIGHT, SCALE, VIEWPORT_H, VIEWPORT_W, backend};
use crate::EnvError;
use crate::canvas::{BLACK, Canvas, Rgb, WHITE, placed};

const HULL: Rgb = [128, 102, 230];
const HULL_OUTLINE: Rgb = [77, 77, 128];
const FLAG: Rgb = [204, 204, 0];
/// In pixels.
const FLAG_POLE: f64 = 50.0;

/// White ground under a black sky, exhaust, lander and legs, and the flags before everything.
pub(super) fn draw(id: &str, episode: &Episode) -> Result<RgbImage, EnvError> {
    let mut canvas = Canvas::new(id, VIEWPORT_W as u16, VIEWPORT_H as u16, WHITE)?;
    for [left, right] in episode.terrain().pieces() {
        canvas.polygon(&pixels([left, right, (right.0, HEIGHT), (left.0, HEIGHT)]), BLACK);
    }
    for puff in episode.exhaust().visible(episode.gravity(), episode.terrain()) {
        let [center] = pixels([puff.position]);
        let shade = |brightness: f64| (brightness.max(0.2) * 255.0) as u8;
        let colour = [shade(0.15 + puff.life), shade(0.5 * puff.life), shade(0.5 * puff.life)];
        canvas.circle(center, Exhaust::RADIUS * SCALE, colour);
    }
    draw_part(&mut canvas, Episode::LANDER_OUTLINE, episode.lander());
    for leg in episode.legs().map_err(|error| backend(id, &error))? {
        draw_part(&mut canvas, Episode::LEG_OUTLINE, leg);
    }
    for x in Terrain::flags() {
        draw_flag(&mut canvas, x * SCALE);
    }
    Ok(canvas.into_image())
}

fn draw_part<const N: usize>(canvas: &mut Canvas, outline: [(f64, f64); N], pose: Pose) {
    let [position] = pixels([pose.position]);
    let outline = placed(outline, pose.angle, position);
    canvas.polygon(&outline, HULL);
    for i in 0..N {
        canvas.line(outline[i], outline[(i + 1) % N], HULL_OUTLINE);
    }
}

fn draw_flag(canvas: &mut Canvas, x: f64) {
    let foot = Terrain::HELIPAD_Y * SCALE;
    let top = foot + FLAG_POLE;
    canvas.line((x, foot), (x, top), WHITE);
    canvas.polygon(&[(x, top), (x, top - 10.0), (x + 25.0, top - 5.0)], FLAG);
}

fn pixels<const N: usize>(metres: [(f64, f64); N]) -> [(f64, f64); N] {
    metres.map(|(x, y)| (x * SCALE, y * SCALE))
}
