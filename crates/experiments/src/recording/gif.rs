//! Animated GIFs, small and exact.
//!
//! A picture is written as what differs from what is on the screen, the rest transparent. Its colours are exact where it brings
//! at most 255 new ones, which is the rule: a game has few. Beyond that some of the rarest are approximated, and set right with the
//! next pictures, so that nothing wrong stays where nothing moves.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use image::RgbImage;

use super::clock::Clock;
use super::region::{CHANNELS, Region};

type Rgb = [u8; CHANNELS];

/// Colours of a palette; one more is what shines through.
const COLOURS: usize = 255;
/// Of these, where there are more, for the most frequent: a background, say, is always exact.
const FREQUENT: usize = 160;
/// GIF's ticks.
pub(super) const TICKS_PER_SECOND: f64 = 100.0;
/// Browsers take shorter delays for a slip and show a tenth of a second instead.
pub(super) const SHORTEST: u64 = 2;

/// A GIF that is being written to memory.
pub(super) struct Gif {
    encoder: Encoder<Vec<u8>>,
    /// The palette of the first picture, for all that need no other.
    shared: Palette,
    /// The picture before, and what a reader sees of it.
    before: Option<(RgbImage, RgbImage)>,
    /// What is to be written of it once its time is known.
    pending: Option<(Frame<'static>, Duration)>,
    clock: Clock,
}

impl Gif {
    /// A GIF whose pictures have the size, and as far as it goes the colours, of this one.
    pub(super) fn new(like: &RgbImage) -> Result<Self, EncodingError> {
        let shared = Palette::of(Region::whole(like).pixels(like));
        let (width, height) = (like.width() as u16, like.height() as u16);
        let mut encoder = Encoder::new(Vec::new(), width, height, &shared.table())?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, shared, before: None, pending: None, clock: Clock::new(TICKS_PER_SECOND) })
    }

    /// Shows a picture for so long.
    pub(super) fn show(&mut self, picture: RgbImage, duration: Duration) -> Result<(), EncodingError> {
        let (region, mut seen) = match self.before.take() {
            None => (Some(Region::whole(&picture)), None),
            Some((before, seen)) if before == picture => (None, Some(seen)),
            Some((_, seen)) => (Region::changed(&seen, &picture), Some(seen)),
        };
        if let Some(region) = region {
            self.write()?;
            let (frame, now_seen) = self.shared.frame(&picture, region, seen);
            self.pending = Some((frame, duration));
            seen = Some(now_seen);
        } else if let Some((_, lasts)) = &mut self.pending {
            *lasts += duration;
        }
        self.before = seen.map(|seen| (picture, seen));
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, EncodingError> {
        self.write()?;
        self.encoder.into_inner()
    }

    fn write(&mut self) -> Result<(), EncodingError> {
        let Some((mut frame, duration)) = self.pending.take() else { return Ok(()) };
        let mut ticks = self.clock.ticks(duration, SHORTEST);
        while ticks > u64::from(u16::MAX) {
            frame.delay = u16::MAX;
            self.encoder.write_frame(&frame)?;
            ticks -= u64::from(u16::MAX);
        }
        frame.delay = ticks as u16;
        self.encoder.write_frame(&frame)
    }
}

/// At most [`COLOURS`] colours.
struct Palette {
    colours: Vec<Rgb>,
    /// Where each stands; of rare ones that had no room, where the nearest does. Never iterated over.
    index: HashMap<Rgb, u8>,
}

impl Palette {
    /// The colours of these pixels, or as many as there is room for.
    fn of(pixels: impl Iterator<Item = Rgb>) -> Self {
        let mut counted: Vec<(Rgb, usize)> = Vec::new();
        let mut places = HashMap::new();
        let mut last = None;
        for pixel in pixels {
            // Most pixels are as their left neighbour.
            let place = match last {
                Some((colour, place)) if colour == pixel => place,
                _ => *places.entry(pixel).or_insert(counted.len()),
            };
            last = Some((pixel, place));
            match counted.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => counted.push((pixel, 1)),
            }
        }
        let mut index = HashMap::new();
        let colours = if counted.len() <= COLOURS {
            counted.into_iter().map(|(colour, _)| colour).collect()
        } else {
            // Stable: of the equally frequent those that came first.
            counted.sort_by_key(|&(_, count)| Reverse(count));
            let counted: Vec<Rgb> = counted.into_iter().map(|(colour, _)| colour).collect();
            let (frequent, rare) = counted.split_at(FREQUENT);
            let (colours, nearest) = with_the_farthest(frequent, rare);
            index.extend(rare.iter().copied().zip(nearest));
            colours
        };
        index.extend(colours.iter().copied().zip(0..));
        Self { colours, index }
    }

    /// As GIF has it; the last entry, a black that is not shown, is what shines through.
    fn table(&self) -> Vec<u8> {
        let mut table = self.colours.concat();
        table.extend([0; CHANNELS]);
        table
    }

    fn has(&self, colour: Rgb) -> bool {
        self.index.get(&colour).is_some_and(|&place| self.colours[usize::from(place)] == colour)
    }

    /// A region of a picture, as what differs from what has been `seen` until now, and what is seen with it; with this
    /// palette if it has the colours.
    fn frame(&self, picture: &RgbImage, region: Region, seen: Option<RgbImage>) -> (Frame<'static>, RgbImage) {
        let old: Vec<Rgb> = seen.as_ref().map(|seen| region.pixels(seen).collect()).unwrap_or_default();
        let mut old = old.into_iter();
        // None where it is what it was.
        let changed: Vec<Option<Rgb>> =
            region.pixels(picture).map(|now| (old.next() != Some(now)).then_some(now)).collect();
        let known = changed.iter().flatten().all(|&colour| self.has(colour));
        // The first picture has no other than the shared one.
        let own = (!known && seen.is_some()).then(|| Self::of(changed.iter().flatten().copied()));
        let palette = own.as_ref().unwrap_or(self);
        let transparent = palette.colours.len() as u8;
        let place = |colour: Rgb| palette.index.get(&colour).copied().unwrap_or(transparent);
        let buffer: Vec<u8> = changed.into_iter().map(|colour| colour.map_or(transparent, place)).collect();

        let mut now_seen = seen.unwrap_or_else(|| picture.clone());
        for (i, &place) in (0..).zip(&buffer).filter(|&(_, &place)| place != transparent) {
            let (x, y) = (region.left + i % region.width, region.top + i / region.width);
            now_seen.put_pixel(x, y, image::Rgb(palette.colours[usize::from(place)]));
        }
        let frame = Frame {
            dispose: DisposalMethod::Keep,
            transparent: Some(transparent),
            left: region.left as u16,
            top: region.top as u16,
            width: region.width as u16,
            height: region.height as u16,
            palette: own.as_ref().map(Self::table),
            buffer: buffer.into(),
            ..Frame::default()
        };
        (frame, now_seen)
    }
}

/// Some colours and, to [`COLOURS`], always the one of the others that is farthest from them (Gonzalez 1985), so that none is far
/// from all; and for each of the others the place of the nearest.
fn with_the_farthest(some: &[Rgb], others: &[Rgb]) -> (Vec<Rgb>, Vec<u8>) {
    let mut colours = Vec::new();
    let mut nearest = vec![(u32::MAX, 0); others.len()];
    let mut next = some.iter().copied();
    while colours.len() < COLOURS {
        let farthest = || {
            let farthest = others.iter().zip(&nearest).max_by_key(|(_, (distance, _))| *distance);
            farthest.map(|(&colour, _)| colour)
        };
        let Some(colour) = next.next().or_else(farthest) else { break };
        for (&other, nearest) in others.iter().zip(&mut nearest) {
            *nearest = (*nearest).min((distance(colour, other), colours.len() as u8));
        }
        colours.push(colour);
    }
    (colours, nearest.into_iter().map(|(_, place)| place).collect())
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    a.into_iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_picture(file: &[u8]) -> RgbImage {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(file).unwrap();
        let mut screen = RgbImage::new(decoder.width().into(), decoder.height().into());
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            for (i, &[r, g, b, shown]) in (0..).zip(frame.buffer.as_chunks().0) {
                if shown > 0 {
                    let (x, y) = (i % u32::from(frame.width), i / u32::from(frame.width));
                    screen.put_pixel(u32::from(frame.left) + x, u32::from(frame.top) + y, image::Rgb([r, g, b]));
                }
            }
        }
        screen
    }

    /// 900 colours: too many for one palette.
    fn colourful(blue: u8) -> RgbImage {
        RgbImage::from_fn(40, 40, |x, y| {
            image::Rgb(if x < 30 && y < 30 { [8 * x as u8, 8 * y as u8, blue] } else { [0; 3] })
        })
    }

    #[test]
    fn too_many_colours_are_nearly_right_at_once_and_leave_no_trace() {
        let moment = Duration::from_millis(20);
        let black = RgbImage::new(40, 40);
        for first in [black.clone(), colourful(90)] {
            let mut gif = Gif::new(&first).unwrap();
            gif.show(first, moment).unwrap();
            gif.show(colourful(0), moment).unwrap();
            let (asked, seen) = gif.before.as_ref().unwrap();
            let off = |picture: &RgbImage| picture.pixels().zip(seen.pixels()).map(|(a, b)| distance(a.0, b.0)).max();
            assert!(asked != seen && off(asked) < Some(40 * 40), "{:?}", off(asked));
        }
        let mut gif = Gif::new(&colourful(90)).unwrap();
        for picture in [colourful(90), colourful(0), black.clone()] {
            gif.show(picture, moment).unwrap();
        }
        assert!(last_picture(&gif.finish().unwrap()) == black);
        // What stays the same becomes right while something else moves.
        let mut gif = Gif::new(&colourful(0)).unwrap();
        let mut picture = colourful(0);
        for step in 0..6 {
            picture.put_pixel(39, 39, image::Rgb([step, 0, 7]));
            gif.show(picture.clone(), moment).unwrap();
        }
        assert!(last_picture(&gif.finish().unwrap()) == picture);
    }
}
