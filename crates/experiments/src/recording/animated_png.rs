//! Animated PNGs: every colour exact, and larger than a GIF.
//!
//! The `png` crate must know the number of pictures before it begins, which nobody does here. So it compresses each one as
//! a file of its own, and the chunks are put together at the end as the
//! [specification](https://www.w3.org/TR/png-3/#apng-frame-based-animation) says.

use std::time::Duration;

use image::RgbImage;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

use super::clock::Clock;
use super::region::Region;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
const TICKS_PER_SECOND: u16 = 1_000;

/// An animated PNG that is being written to memory.
pub(super) struct AnimatedPng {
    /// `IHDR` of the first picture.
    header: Vec<u8>,
    frames: Vec<Frame>,
    before: Option<RgbImage>,
    clock: Clock,
}

/// What changed from one picture to the next.
struct Frame {
    region: Region,
    /// The contents of its `IDAT`.
    data: Vec<u8>,
    ticks: u64,
}

impl AnimatedPng {
    pub(super) fn new() -> Self {
        let clock = Clock::new(f64::from(TICKS_PER_SECOND));
        Self { header: Vec::new(), frames: Vec::new(), before: None, clock }
    }

    /// Shows a picture for so long.
    pub(super) fn show(&mut self, picture: RgbImage, duration: Duration) -> Result<(), EncodingError> {
        let ticks = self.clock.ticks(duration, 1);
        let region = match &self.before {
            None => Some(Region::whole(&picture)),
            Some(before) => Region::changed(before, &picture),
        };
        match (region, self.frames.last_mut()) {
            (None, Some(last)) => last.ticks += ticks,
            (region, _) => {
                let region = region.unwrap_or(Region::whole(&picture));
                let (header, data) = compress(&picture, region)?;
                if self.frames.is_empty() {
                    self.header = header;
                }
                self.frames.push(Frame { region, data, ticks });
            }
        }
        self.before = Some(picture);
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        chunk(&mut file, b"IHDR", &[&self.header]);
        let pictures = self.frames.len() as u32;
        const FOREVER: u32 = 0;
        chunk(&mut file, b"acTL", &[&pictures.to_be_bytes(), &FOREVER.to_be_bytes()]);
        // Of control chunks and of data chunks together; the first picture's data have none.
        let mut sequence = 0u32..;
        let mut number = || sequence.next().unwrap_or_default().to_be_bytes();
        for (i, Frame { region, data, ticks }) in self.frames.into_iter().enumerate() {
            let Region { left, top, width, height } = region;
            // Whole seconds for a picture that stands still for more than a minute.
            let (delay, per_second) = match u16::try_from(ticks) {
                Ok(ticks) => (ticks, TICKS_PER_SECOND),
                Err(_) => (u16::try_from(ticks / u64::from(TICKS_PER_SECOND)).unwrap_or(u16::MAX), 1),
            };
            let mut control = number().to_vec();
            control.extend([width, height, left, top].map(u32::to_be_bytes).concat());
            control.extend([delay, per_second].map(u16::to_be_bytes).concat());
            // It stays, and is drawn over.
            const DISPOSE_NONE: u8 = 0;
            const BLEND_SOURCE: u8 = 0;
            control.extend([DISPOSE_NONE, BLEND_SOURCE]);
            chunk(&mut file, b"fcTL", &[&control]);
            if i == 0 {
                chunk(&mut file, b"IDAT", &[&data]);
            } else {
                chunk(&mut file, b"fdAT", &[&number(), &data]);
            }
        }
        chunk(&mut file, b"IEND", &[]);
        file
    }
}

/// A region of a picture as `png` writes it: the contents of `IHDR` and of all `IDAT`.
fn compress(picture: &RgbImage, region: Region) -> Result<(Vec<u8>, Vec<u8>), EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, region.width, region.height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    let pixels: Vec<u8> = region.pixels(picture).flatten().collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok((contents(&file, b"IHDR"), contents(&file, b"IDAT")))
}

/// The contents of a file's chunks of this kind, one after the other.
fn contents(file: &[u8], kind: &[u8; 4]) -> Vec<u8> {
    let mut found = Vec::new();
    let mut rest = &file[SIGNATURE.len()..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (name, after) = after.split_at(kind.len());
        let (data, after) = after.split_at(length);
        if name == kind {
            found.extend_from_slice(data);
        }
        rest = after.get(size_of::<u32>()..).unwrap_or_default();
    }
    found
}

/// Length, name, contents, CRC-32 of the latter two.
fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], contents: &[&[u8]]) {
    let length: usize = contents.iter().map(|part| part.len()).sum();
    file.extend((length as u32).to_be_bytes());
    let checked = file.len();
    file.extend_from_slice(kind);
    contents.iter().for_each(|part| file.extend_from_slice(part));
    let crc = crc32fast::hash(&file[checked..]);
    file.extend(crc.to_be_bytes());
}
