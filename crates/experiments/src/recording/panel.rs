//! A dark area beside the game, with text and bars on it.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::mono_font::ascii::FONT_7X13;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use image::RgbImage;

/// Colours of a panel.
pub(super) mod ink {
    use embedded_graphics::pixelcolor::Rgb888;

    pub(crate) const BACKGROUND: Rgb888 = Rgb888::new(24, 24, 27);
    pub(crate) const TEXT: Rgb888 = Rgb888::new(244, 244, 245);
    pub(crate) const FAINT: Rgb888 = Rgb888::new(161, 161, 170);
    pub(crate) const BAR: Rgb888 = Rgb888::new(63, 63, 82);
    pub(crate) const CHOSEN: Rgb888 = Rgb888::new(29, 78, 216);
}

/// X11's "fixed", in the public domain.
const FONT: MonoFont<'static> = FONT_7X13;
/// Pixels of a character's width.
const CHARACTER: u32 = FONT.character_size.width;
/// Pixels from one line to the next.
pub(super) const LINE: u32 = FONT.character_size.height + 2;
/// Pixels around everything.
pub(super) const MARGIN: u32 = 8;

/// A panel, line after line.
pub(super) struct Panel {
    picture: RgbImage,
}

impl Panel {
    /// An empty one, so many characters wide and so many lines high, or higher.
    pub(super) fn new(characters: usize, lines: usize, at_least: u32) -> Self {
        let width = 2 * MARGIN + characters as u32 * CHARACTER;
        let height = (2 * MARGIN + lines as u32 * LINE).max(at_least);
        Self { picture: RgbImage::from_pixel(width, height, pixel(ink::BACKGROUND)) }
    }

    /// The lines that fit into so many pixels.
    pub(super) fn lines_in(height: u32) -> usize {
        (height.saturating_sub(2 * MARGIN) / LINE) as usize
    }

    /// Text at the left end of a line. What a font of ASCII lacks becomes a question mark.
    pub(super) fn left(&mut self, line: usize, text: &str, color: Rgb888) {
        self.text(MARGIN, line, text, color);
    }

    /// Text at the right end of a line.
    pub(super) fn right(&mut self, line: usize, text: &str, color: Rgb888) {
        let end = self.picture.width() - MARGIN;
        self.text(end.saturating_sub(text.chars().count() as u32 * CHARACTER), line, text, color);
    }

    fn text(&mut self, x: u32, line: usize, text: &str, color: Rgb888) {
        let place = Point::new(x as i32, (MARGIN + line as u32 * LINE + 1) as i32);
        let text = Text::with_baseline(text, place, MonoTextStyle::new(&FONT, color), Baseline::Top);
        let Ok(_) = text.draw(&mut Sheet(&mut self.picture));
    }

    /// A bar behind a line, from one part of its width to another (0 to 1).
    pub(super) fn bar(&mut self, line: usize, from: f64, to: f64, color: Rgb888) {
        let width = f64::from(self.picture.width() - 2 * MARGIN);
        let x = |part: f64| MARGIN + (part.clamp(0.0, 1.0) * width).round() as u32;
        let top = MARGIN + line as u32 * LINE;
        for y in top..(top + LINE - 1).min(self.picture.height()) {
            for x in x(from)..x(to) {
                self.picture.put_pixel(x, y, pixel(color));
            }
        }
    }

    pub(super) fn into_picture(self) -> RgbImage {
        self.picture
    }
}

pub(super) fn pixel(color: Rgb888) -> image::Rgb<u8> {
    image::Rgb([color.r(), color.g(), color.b()])
}

/// A picture to write on.
struct Sheet<'a>(&'a mut RgbImage);

impl OriginDimensions for Sheet<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Sheet<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(Point { x, y }, color) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                && let Some(to) = self.0.get_pixel_mut_checked(x, y)
            {
                *to = pixel(color);
            }
        }
        Ok(())
    }
}
