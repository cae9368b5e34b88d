//! Pictures out of half blocks: a cell is the character ▀, whose colour is the upper of two pixels, and the colour behind
//! it the lower one. A cell is about twice as high as wide, so that these pixels are square.

use std::ops::Range;

use image::{Rgb, RgbImage};

use super::{Cell, ColourDepth, Grid};

/// Draws a picture into these rows of a grid: as large as they allow, in its own proportions, in the middle.
pub fn draw(picture: &RgbImage, rows: Range<usize>, depth: ColourDepth, grid: &mut Grid) {
    let room = (grid.columns() as u32, 2 * rows.len() as u32);
    let (width, height) = fitting(picture.dimensions(), room);
    if width == 0 || height == 0 {
        return;
    }
    let scaled = scale(picture, width, height);
    let left = (grid.columns() - width as usize) / 2;
    let top = rows.start + (rows.len() - height.div_ceil(2) as usize) / 2;
    for y in (0..height).step_by(2) {
        for x in 0..width {
            let upper = depth.nearest(scaled.get_pixel(x, y).0);
            let cell = match scaled.get_pixel_checked(x, y + 1) {
                Some(lower) => Cell::pixels(upper, depth.nearest(lower.0)),
                None => Cell { symbol: '▀', foreground: upper, ..Cell::BLANK },
            };
            grid.put(left + x as usize, top + y as usize / 2, cell);
        }
    }
}

/// The largest size with the proportions of `picture` that lies in `room`, each as width and height; at least one pixel
/// where there is room for one.
pub fn fitting(picture: (u32, u32), room: (u32, u32)) -> (u32, u32) {
    let [width, height, columns, rows] = [picture.0, picture.1, room.0, room.1].map(u64::from);
    if [width, height, columns, rows].contains(&0) {
        return (0, 0);
    }
    let part = |of: u64, numerator: u64, denominator: u64| ((of * numerator + denominator / 2) / denominator).max(1);
    let (width, height) = if columns * height <= rows * width {
        (columns, part(columns, height, width).min(rows))
    } else {
        (part(rows, width, height).min(columns), rows)
    };
    (width as u32, height as u32)
}

/// A picture in another size. Each pixel is the mean of all that it covers, weighted by how much of it.
pub fn scale(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let from = picture.dimensions();
    // Sums of parts of pixels, row by row: at most 255 times the width.
    let mut narrow = Vec::with_capacity((from.1 * width) as usize);
    for row in picture.rows() {
        let row: Vec<Rgb<u8>> = row.copied().collect();
        narrow.extend((0..width).map(|x| weighted(covered(x, from.0, width).map(|(i, part)| (row[i].0, part)))));
    }
    let area = u64::from(from.0) * u64::from(from.1);
    RgbImage::from_fn(width, height, |x, y| {
        let column = covered(y, from.1, height).map(|(i, part)| (narrow[i * width as usize + x as usize], part));
        Rgb(weighted(column).map(|sum| ((sum + area / 2) / area) as u8))
    })
}

/// The pixels of a row of `from` that pixel `i` of a row of `to` covers, each with its part; a whole row of `to` has `from`
/// parts a pixel.
fn covered(i: u32, from: u32, to: u32) -> impl Iterator<Item = (usize, u64)> {
    let [i, from, to] = [i, from, to].map(u64::from);
    let (begin, end) = (i * from, (i + 1) * from);
    (begin / to..end.div_ceil(to)).map(move |j| (j as usize, end.min((j + 1) * to) - begin.max(j * to)))
}

fn weighted<T: Into<u64> + Copy>(pixels: impl Iterator<Item = ([T; 3], u64)>) -> [u64; 3] {
    pixels.fold([0; 3], |sums, (pixel, part)| [0, 1, 2].map(|c| sums[c] + pixel[c].into() * part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Colour;
    use super::*;

    fn picture(width: u32, height: u32, pixels: &[u8]) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let at = (3 * (y * width + x)) as usize;
            Rgb([0, 1, 2].map(|c| pixels[(at + c) % pixels.len()]))
        })
    }

    #[test]
    fn proportions_are_kept() {
        // Pong on 80 columns and 21 rows; CartPole, which is wide; what is larger than the picture; nothing.
        assert_eq!(fitting((160, 210), (80, 42)), (32, 42));
        assert_eq!(fitting((600, 400), (80, 60)), (80, 53));
        assert_eq!(fitting((25, 50), (300, 200)), (100, 200));
        assert_eq!(fitting((600, 1), (80, 40)), (80, 1));
        assert_eq!(fitting((600, 400), (0, 40)), (0, 0));
    }

    #[test]
    fn pixels_are_means_of_what_they_cover() {
        let row = RgbImage::from_fn(3, 1, |x, _| Rgb([[0, 90, 240][x as usize]; 3]));
        let values = |picture: &RgbImage| picture.pixels().map(|pixel| pixel.0[0]).collect::<Vec<_>>();
        // (0 + 90 / 2) / 1.5 and (90 / 2 + 240) / 1.5.
        assert_eq!(values(&scale(&row, 2, 1)), [30, 190]);
        assert_eq!(values(&scale(&row, 1, 1)), [110]);
        assert_eq!(values(&scale(&row, 6, 1)), [0, 0, 90, 90, 240, 240]);
        assert_eq!(scale(&row, 3, 1), row);
    }

    #[test]
    fn two_pixels_are_a_cell() {
        let pixels = RgbImage::from_fn(2, 3, |x, y| Rgb([x as u8, y as u8, 7]));
        let mut grid = Grid::new(4, 3);
        draw(&pixels, 0..2, ColourDepth::True, &mut grid);
        // Three by four pixels fit: columns 0 to 2 of 4, both rows.
        assert!(grid.row(0)[..3].iter().all(|cell| cell.symbol == '▀'), "{grid:?}");
        assert_eq!(grid.row(0)[3], Cell::BLANK);
        assert_eq!(grid.row(2), [Cell::BLANK; 4]);

        let mut grid = Grid::new(2, 2);
        draw(&pixels, 0..2, ColourDepth::True, &mut grid);
        let rgb = |x, y| Colour::True([x, y, 7]);
        assert_eq!(grid.row(0)[1], Cell::pixels(rgb(1, 0), rgb(1, 1)));
        // An odd row of pixels leaves the terminal's own colour below it.
        assert_eq!(grid.row(1)[0], Cell { symbol: '▀', foreground: rgb(0, 2), ..Cell::BLANK });
    }

    proptest! {
        #[test]
        fn scaling_is_the_naive_mean(
            (width, height, to_width, to_height) in (1u32..9, 1u32..9, 1u32..12, 1u32..12),
            pixels in prop::collection::vec(any::<u8>(), 3..240),
        ) {
            let original = picture(width, height, &pixels);
            // Each pixel as a block of pixels as large as makes everything whole numbers.
            let fine = |x: u32, y: u32| original.get_pixel(x / to_width, y / to_height).0;
            let naive = RgbImage::from_fn(to_width, to_height, |x, y| {
                let area = u64::from(width * height);
                Rgb([0, 1, 2].map(|c| {
                    let block = (0..height).flat_map(|v| (0..width).map(move |u| (u, v)));
                    let sum: u64 = block.map(|(u, v)| u64::from(fine(x * width + u, y * height + v)[c])).sum();
                    ((sum + area / 2) / area) as u8
                }))
            });
            prop_assert_eq!(scale(&original, to_width, to_height), naive);
        }

        #[test]
        fn what_fits_lies_inside_and_touches_a_side(
            picture in (1u32..2000, 1u32..2000), room in (1u32..500, 1u32..300),
        ) {
            let (width, height) = fitting(picture, room);
            prop_assert!(width >= 1 && height >= 1 && width <= room.0 && height <= room.1);
            prop_assert!(width == room.0 || height == room.1);
        }
    }
}
