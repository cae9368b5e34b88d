//! How a recording looks.

use std::ops::RangeInclusive;
use std::time::Duration;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::network_view::NetworkView;
use super::overlay::Overlay;
use super::region::CHANNELS;
use crate::evaluation::EvaluationError;
use crate::gameplay::{Gameplay, Moment, Scene};

/// How a recording looks, and how long it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Steps from one picture to the next; the fewest with which no more than `most_per_second` are shown, where it is not
    /// given. The last picture of an episode is always shown.
    pub every: Option<u32>,
    /// See `every`.
    pub most_per_second: f64,
    /// Pictures a second; what is the environment's own speed, where it is not given.
    pub pictures_per_second: Option<f64>,
    /// Pixels for each pixel of the environment; where it is not given, its pictures are doubled or halved until their height
    /// lies in `heights`.
    pub scale: Option<f64>,
    /// See `scale`.
    pub heights: RangeInclusive<u32>,
    /// Draw step, return and the values of the actions beside the game.
    pub overlay: bool,
    /// Draw what the network sees beside the game.
    pub network: bool,
    /// The recording ends when it is as long as this.
    pub longest: Option<Duration>,
}

impl Default for Style {
    /// Every step as far as a GIF can show it, in a size that is comfortable to watch.
    fn default() -> Self {
        Self {
            every: None,
            most_per_second: 50.0,
            pictures_per_second: None,
            scale: None,
            heights: 240..=800,
            overlay: false,
            network: false,
            longest: None,
        }
    }
}

impl Style {
    /// For recordings that a run makes by itself: small, quickly made, half a minute at most.
    pub fn brief() -> Self {
        Self { most_per_second: 20.0, heights: 150..=300, longest: Some(Duration::from_secs(30)), ..Self::default() }
    }

    /// Steps from one picture to the next.
    pub(super) fn every(&self, scene: &Scene) -> u64 {
        let fewest = (scene.steps_per_second / self.most_per_second).ceil().max(1.0) as u64;
        self.every.map_or(fewest, |every| u64::from(every).max(1))
    }

    /// Pictures in a second of the recording.
    pub(super) fn rate(&self, scene: &Scene) -> f64 {
        self.pictures_per_second.unwrap_or(scene.steps_per_second / self.every(scene) as f64)
    }

    /// The size of a picture that the environment draws in this one.
    fn size(&self, width: u32, height: u32) -> (u32, u32) {
        let mut scale = self.scale.unwrap_or(1.0);
        if self.scale.is_none() && height > 0 {
            while f64::from(height) * scale < f64::from(*self.heights.start()) {
                scale *= 2.0;
            }
            while f64::from(height) * scale > f64::from(*self.heights.end()) {
                scale /= 2.0;
            }
        }
        let scaled = |pixels: u32| (f64::from(pixels) * scale).round().max(1.0) as u32;
        (scaled(width), scaled(height))
    }
}

/// Draws the moments of a game in a style.
pub(super) struct Stage {
    style: Style,
    overlay: Option<Overlay>,
    network: Option<NetworkView>,
}

impl Stage {
    pub(super) fn new(style: &Style, scene: &Scene) -> Self {
        let overlay = style.overlay.then(|| Overlay::new(scene));
        Self { style: style.clone(), overlay, network: style.network.then(NetworkView::new) }
    }

    /// The moment at which a game stands, with everything beside it.
    pub(super) fn draw(&mut self, gameplay: &dyn Gameplay, moment: &Moment) -> Result<RgbImage, EvaluationError> {
        let game = gameplay.picture()?;
        let (width, height) = self.style.size(game.width(), game.height());
        let mut parts = vec![resized(game, width, height)];
        if let Some(network) = &mut self.network {
            parts.push(network.draw(gameplay.scene(), gameplay.observation(), height));
        }
        if let Some(overlay) = &mut self.overlay {
            parts.push(overlay.draw(gameplay.scene(), moment, &gameplay.values()?, height));
        }
        Ok(side_by_side(parts))
    }
}

/// Whole multiples keep every pixel a square; anything smaller takes means.
fn resized(picture: RgbImage, width: u32, height: u32) -> RgbImage {
    if (width, height) == picture.dimensions() {
        picture
    } else if width.is_multiple_of(picture.width()) && height.is_multiple_of(picture.height()) {
        imageops::resize(&picture, width, height, FilterType::Nearest)
    } else if (2 * width, 2 * height) == picture.dimensions() {
        halved(&picture)
    } else if width < picture.width() {
        imageops::thumbnail(&picture, width, height)
    } else {
        imageops::resize(&picture, width, height, FilterType::Triangle)
    }
}

/// Each pixel is the mean of four.
fn halved(picture: &RgbImage) -> RgbImage {
    RgbImage::from_fn(picture.width() / 2, picture.height() / 2, |x, y| {
        let mut sums = [0u16; CHANNELS];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            for (sum, &channel) in sums.iter_mut().zip(&picture.get_pixel(2 * x + dx, 2 * y + dy).0) {
                *sum += u16::from(channel);
            }
        }
        Rgb(sums.map(|sum| (sum / 4) as u8))
    })
}

fn side_by_side(mut parts: Vec<RgbImage>) -> RgbImage {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let height = parts.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut whole = RgbImage::new(parts.iter().map(RgbImage::width).sum(), height);
    let mut left = 0;
    for part in parts {
        imageops::replace(&mut whole, &part, left, 0);
        left += i64::from(part.width());
    }
    whole
}
