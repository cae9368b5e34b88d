//! Pictures in Gymnasium's manner.

use image::RgbImage;
use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use crate::EnvError;

/// Red, green, blue.
pub(crate) type Rgb = [u8; 3];

pub(crate) const BLACK: Rgb = [0, 0, 0];
pub(crate) const WHITE: Rgb = [255, 255, 255];

/// A picture whose y axis points up, as in the scenes of Gymnasium's classic control (drawn by pygame, then flipped).
///
/// Coordinates are pygame's: whole numbers are the centres of pixels, and the outline of a shape belongs to it.
pub(crate) struct Canvas {
    pixmap: Pixmap,
    to_pixels: Transform,
}

impl Canvas {
    /// A picture of one colour.
    pub(crate) fn new(env: &str, width: u16, height: u16, background: Rgb) -> Result<Self, EnvError> {
        let no_picture = || EnvError::Backend { env: env.into(), reason: format!("no picture of {width} x {height}") };
        let mut pixmap = Pixmap::new(width.into(), height.into()).ok_or_else(no_picture)?;
        pixmap.fill(color(background));
        let to_pixels = Transform::from_row(1.0, 0.0, 0.0, -1.0, 0.5, f32::from(height) - 0.5);
        Ok(Self { pixmap, to_pixels })
    }

    /// A filled polygon with its outline.
    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], fill: Rgb) {
        if let Some(path) = path(points, true) {
            self.fill(&path, fill);
            self.stroke(&path, 1.0, fill);
        }
    }

    /// A filled circle with its outline.
    pub(crate) fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: Rgb) {
        if let Some(path) = PathBuilder::from_circle(x as f32, y as f32, radius as f32) {
            self.fill(&path, fill);
            self.stroke(&path, 1.0, fill);
        }
    }

    /// A line one pixel wide.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb) {
        self.polyline(&[from, to], 1.0, color);
    }

    /// A line through points.
    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], width: f64, color: Rgb) {
        if let Some(path) = path(points, false) {
            self.stroke(&path, width, color);
        }
    }

    /// A rectangle of whole pixels, its corner the one with the least coordinates.
    pub(crate) fn rectangle(&mut self, (x, y): (f64, f64), width: f64, height: f64, fill: Rgb) {
        let corner = Rect::from_xywh(x as f32 - 0.5, y as f32 - 0.5, width as f32, height as f32);
        if let Some(rect) = corner {
            self.fill(&PathBuilder::from_rect(rect), fill);
        }
    }

    /// The picture.
    pub(crate) fn into_image(self) -> RgbImage {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        RgbImage::from_fn(width, height, |x, y| {
            let pixel = self.pixmap.pixel(x, y).map_or(BLACK, |pixel| {
                let pixel = pixel.demultiply();
                [pixel.red(), pixel.green(), pixel.blue()]
            });
            image::Rgb(pixel)
        })
    }

    fn fill(&mut self, path: &Path, fill: Rgb) {
        self.pixmap.fill_path(path, &paint(fill), FillRule::Winding, self.to_pixels, None);
    }

    fn stroke(&mut self, path: &Path, width: f64, color: Rgb) {
        let stroke = Stroke { width: width as f32, ..Stroke::default() };
        self.pixmap.stroke_path(path, &paint(color), &stroke, self.to_pixels, None);
    }
}

fn path(points: &[(f64, f64)], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        if i == 0 { builder.move_to(x as f32, y as f32) } else { builder.line_to(x as f32, y as f32) }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

/// The points turned by `angle` (counter-clockwise, radians) about the origin, then moved.
pub(crate) fn placed<const N: usize>(points: [(f64, f64); N], angle: f64, (dx, dy): (f64, f64)) -> [(f64, f64); N] {
    let (sin, cos) = angle.sin_cos();
    points.map(|(x, y)| (x * cos - y * sin + dx, x * sin + y * cos + dy))
}

/// The pixel that pygame puts a point into.
pub(crate) fn whole((x, y): (f64, f64)) -> (f64, f64) {
    (x.trunc(), y.trunc())
}

fn color([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

fn paint(rgb: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(rgb));
    paint
}
