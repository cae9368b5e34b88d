//! What changed from one picture to the next.

use image::RgbImage;

/// A rectangle of a picture, in pixels; not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Region {
    /// All of a picture.
    pub(super) fn whole(picture: &RgbImage) -> Self {
        Self { left: 0, top: 0, width: picture.width(), height: picture.height() }
    }

    /// The smallest region outside of which two pictures of one size are the same; `None` where they are the same.
    pub(super) fn changed(before: &RgbImage, now: &RgbImage) -> Option<Self> {
        let row_len = now.width() as usize * CHANNELS;
        let rows = || before.chunks_exact(row_len).zip(now.chunks_exact(row_len));
        let differs = |(before, now): (&[u8], &[u8])| before != now;
        let top = rows().position(differs)?;
        let bottom = rows().rposition(differs)?;
        let (mut left, mut right) = (row_len, 0);
        for (before, now) in rows().take(bottom + 1).skip(top) {
            let differ = |(before, now): (&u8, &u8)| before != now;
            if let Some(first) = before.iter().zip(now).position(differ) {
                left = left.min(first);
            }
            if let Some(last) = before.iter().zip(now).rposition(differ) {
                right = right.max(last);
            }
        }
        let (left, right) = ((left / CHANNELS) as u32, (right / CHANNELS) as u32);
        let (top, bottom) = (top as u32, bottom as u32);
        Some(Self { left, top, width: right - left + 1, height: bottom - top + 1 })
    }

    /// The pixels of a picture in this region, row after row.
    pub(super) fn pixels(self, picture: &RgbImage) -> impl Iterator<Item = [u8; CHANNELS]> {
        let row_len = picture.width() as usize * CHANNELS;
        let (left, width) = (self.left as usize * CHANNELS, self.width as usize * CHANNELS);
        let rows = picture.chunks_exact(row_len).skip(self.top as usize).take(self.height as usize);
        rows.flat_map(move |row| row[left..left + width].as_chunks().0.iter().copied())
    }
}

/// Red, green, blue.
pub(super) const CHANNELS: usize = 3;

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_change_is_framed_tightly() {
        let before = RgbImage::new(7, 5);
        assert_eq!(Region::changed(&before, &before), None);
        let mut now = before.clone();
        now.put_pixel(2, 1, Rgb([0, 0, 9]));
        now.put_pixel(5, 3, Rgb([9, 0, 0]));
        let region = Region::changed(&before, &now).unwrap();
        assert_eq!(region, Region { left: 2, top: 1, width: 4, height: 3 });
        let pixels: Vec<[u8; 3]> = region.pixels(&now).collect();
        assert_eq!((pixels.len(), pixels[0], pixels[11]), (12, [0, 0, 9], [9, 0, 0]));
        now.put_pixel(0, 0, Rgb([1, 1, 1]));
        now.put_pixel(6, 4, Rgb([1, 1, 1]));
        assert_eq!(Region::changed(&before, &now), Some(Region::whole(&now)));
    }
}
