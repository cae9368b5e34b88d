//! What the network sees, beside the game.

use image::{Rgb, RgbImage};

use super::overlay::number;
use super::panel::{LINE, MARGIN, Panel, ink, pixel};
use crate::gameplay::{Observation, Scene};

/// Pixels between two frames.
const GAP: u32 = 4;
/// Characters of a line with a measurement.
const CHARACTERS: usize = 18;

/// The observation: frames as pictures, measurements as bars.
pub(super) struct NetworkView {
    /// The largest measurement so far: as long is the longest bar.
    largest: f32,
}

impl NetworkView {
    pub(super) fn new() -> Self {
        Self { largest: 0.0 }
    }

    /// A panel about so high.
    pub(super) fn draw(&mut self, scene: &Scene, observation: Observation<'_>, height: u32) -> RgbImage {
        match observation {
            Observation::Frames(bytes) => frames(&scene.observation_shape, bytes, height),
            Observation::Vector(measurements) => self.measurements(measurements, height),
        }
    }

    fn measurements(&mut self, measurements: &[f32], height: u32) -> RgbImage {
        const TITLE: usize = 1;
        let room = Panel::lines_in(height).saturating_sub(TITLE).max(1);
        // Where not all have room, the last line says so.
        let shown = if measurements.len() <= room { measurements.len() } else { room - 1 };
        let mut panel = Panel::new(CHARACTERS, TITLE + shown, height);
        panel.left(0, "observation", ink::FAINT);
        self.largest = measurements.iter().fold(self.largest, |largest, x| largest.max(x.abs()));
        for (i, &measurement) in measurements.iter().take(shown).enumerate() {
            const MIDDLE: f64 = 0.5;
            let length = if self.largest > 0.0 { MIDDLE * f64::from(measurement / self.largest) } else { 0.0 };
            let line = TITLE + i;
            panel.bar(line, MIDDLE + length.min(0.0), MIDDLE + length.max(0.0), ink::BAR);
            panel.left(line, &i.to_string(), ink::FAINT);
            panel.right(line, &number(f64::from(measurement)), ink::TEXT);
        }
        if shown < measurements.len() {
            panel.left(TITLE + shown, &format!("{} more", measurements.len() - shown), ink::FAINT);
        }
        panel.into_picture()
    }
}

/// Planes of grey `[planes, height, width]` or one `[height, width]`, in a square of them, the oldest first; a raw screen
/// `[height, width, 3]` as it is.
fn frames(shape: &[usize], bytes: &[u8], room: u32) -> RgbImage {
    let grey = |&byte: &u8| Rgb([byte; 3]);
    let (planes, height, width): (Vec<Vec<Rgb<u8>>>, usize, usize) = match *shape {
        [height, width, 3] => (vec![bytes.as_chunks().0.iter().map(|&rgb| Rgb(rgb)).collect()], height, width),
        [height, width] => (vec![bytes.iter().map(grey).collect()], height, width),
        [planes, height, width] => {
            let plane = (height * width).max(1);
            (
                bytes.chunks_exact(plane).take(planes).map(|plane| plane.iter().map(grey).collect()).collect(),
                height,
                width,
            )
        }
        // Whatever else: a square, as far as it is filled.
        _ => {
            let width = bytes.len().isqrt().max(1);
            (vec![bytes.iter().map(grey).collect()], bytes.len().div_ceil(width).max(1), width)
        }
    };
    let columns = (1..=planes.len()).find(|columns| columns * columns >= planes.len()).unwrap_or(1) as u32;
    let rows = (planes.len() as u32).div_ceil(columns);
    let (width, height) = (width as u32, height as u32);
    let free = room.saturating_sub(2 * MARGIN + LINE + (rows - 1) * GAP);
    let zoom = (free / (rows * height)).max(1);
    let (cell_width, cell_height) = (zoom * width + GAP, zoom * height + GAP);
    let title = Panel::new(0, 1, 0).into_picture().height() - MARGIN;
    let total = (2 * MARGIN + columns * cell_width - GAP, (title + MARGIN + rows * cell_height - GAP).max(room));
    let mut picture = RgbImage::from_pixel(total.0, total.1, pixel(ink::BACKGROUND));
    let mut label = Panel::new(11, 1, 0);
    label.left(0, "observation", ink::FAINT);
    image::imageops::replace(&mut picture, &label.into_picture(), 0, 0);
    for (i, plane) in (0..).zip(&planes) {
        let (left, top) = (MARGIN + i % columns * cell_width, title + i / columns * cell_height);
        for (place, colour) in (0..).zip(plane) {
            let (x, y) = (left + place % width * zoom, top + place / width * zoom);
            for (dx, dy) in (0..zoom).flat_map(|dy| (0..zoom).map(move |dx| (dx, dy))) {
                picture.put_pixel(x + dx, y + dy, *colour);
            }
        }
    }
    picture
}
