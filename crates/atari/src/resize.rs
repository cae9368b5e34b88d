//! OpenCV's `INTER_AREA`, to the bit.

/// Shrinks screens of one size to another, as `cv2.resize(..., interpolation=cv2.INTER_AREA)` does.
///
/// A pixel of the result is the mean over the rectangle that it covers, with the weights that OpenCV gives to pixels
/// covered in part. The result depends on how a mean is rounded, so the order of the sums is OpenCV's: `f32`, over a
/// row from left to right, then over rows from top to bottom, without fused multiply-add, halves rounded to even.
///
/// Where both ratios are whole numbers OpenCV sums integers instead, and so does this.
#[derive(Clone, Debug)]
pub struct Resize {
    from: Size,
    to: Size,
    method: Method,
}

/// Height and width in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

impl Size {
    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

#[derive(Clone, Debug)]
enum Method {
    Copy,
    /// Whole ratios: so many rows and pixels make one.
    Blocks {
        rows: usize,
        pixels: usize,
    },
    Area(Area),
}

impl Resize {
    /// Prepares to shrink screens of `from` to `to`. `None` if `to` is empty or larger in either direction, where
    /// OpenCV interpolates instead.
    pub fn new(from: Size, to: Size) -> Option<Self> {
        if to.pixels() == 0 || to.height > from.height || to.width > from.width {
            return None;
        }
        let method = if from == to {
            Method::Copy
        } else if from.height.is_multiple_of(to.height) && from.width.is_multiple_of(to.width) {
            Method::Blocks { rows: from.height / to.height, pixels: from.width / to.width }
        } else {
            Method::Area(Area::new(from, to))
        };
        Some(Self { from, to, method })
    }

    /// Size of the screens that it takes.
    pub fn from(&self) -> Size {
        self.from
    }

    /// Size of the screens that it makes.
    pub fn to(&self) -> Size {
        self.to
    }

    /// Shrinks one screen, a byte a pixel, row by row.
    ///
    /// # Panics
    ///
    /// If the slices do not have the sizes that this was made for.
    pub fn apply(&mut self, screen: &[u8], result: &mut [u8]) {
        assert_eq!((screen.len(), result.len()), (self.from.pixels(), self.to.pixels()), "a byte a pixel");
        match &mut self.method {
            Method::Copy => result.copy_from_slice(screen),
            Method::Blocks { rows, pixels } => {
                average_blocks((*rows, *pixels), screen, self.from.width, result, self.to.width);
            }
            Method::Area(area) => area.apply(screen, result),
        }
    }
}

/// OpenCV's `resizeAreaFast`: sums of whole blocks.
fn average_blocks((rows, pixels): (usize, usize), screen: &[u8], width: usize, result: &mut [u8], result_width: usize) {
    let share = 1.0 / (rows * pixels) as f32;
    for (lines, result) in screen.chunks_exact(width * rows).zip(result.chunks_exact_mut(result_width)) {
        for (x, result) in result.iter_mut().enumerate() {
            let block = lines.chunks_exact(width).flat_map(|line| &line[x * pixels..(x + 1) * pixels]);
            let sum: u32 = block.map(|&pixel| u32::from(pixel)).sum();
            *result = if (rows, pixels) == (2, 2) { ((sum + 2) >> 2) as u8 } else { round(sum as f32 * share) };
        }
    }
}

/// Rounds half to even. Valid for sums of bytes: adding 1.5 * 2^23 leaves no bits for a fraction.
#[inline]
fn round(sum: f32) -> u8 {
    const SHIFT: f32 = 12_582_912.0;
    (sum + SHIFT).to_bits() as u8
}

/// The weight of one pixel or row of the screen in one of the result.
#[derive(Clone, Copy, Debug)]
struct Tap {
    result: usize,
    screen: usize,
    weight: f32,
}

/// OpenCV's `computeResizeAreaTab`.
fn taps(screen: usize, result: usize) -> Vec<Tap> {
    /// A pixel that is covered by less than this does not count.
    const LEAST: f64 = 1e-3;
    // OpenCV inverts a ratio that it was given inverted, which is not always the ratio itself.
    let scale = 1.0 / (result as f64 / screen as f64);
    let mut taps = Vec::new();
    for i in 0..result {
        let (begin, end) = (i as f64 * scale, i as f64 * scale + scale);
        let cell = scale.min(screen as f64 - begin);
        let last = (end.floor() as usize).min(screen - 1);
        let first = (begin.ceil() as usize).min(last);
        let mut tap = |screen, share: f64| taps.push(Tap { result: i, screen, weight: (share / cell) as f32 });
        if first as f64 - begin > LEAST {
            tap(first - 1, first as f64 - begin);
        }
        for whole in first..last {
            tap(whole, 1.0);
        }
        if end - last as f64 > LEAST {
            tap(last, (end - last as f64).min(1.0).min(cell));
        }
    }
    taps
}

#[derive(Clone, Debug)]
struct Area {
    width: usize,
    /// The first pixel of the row that each pixel of the result takes.
    first: Vec<usize>,
    /// The weights of that pixel and the next ones: `reach` lists, each as long as a row of the result.
    weights: Vec<f32>,
    reach: usize,
    rows: Vec<Tap>,
    /// A row of the screen, shrunk.
    row: Vec<f32>,
    /// The same, times its weight, added up.
    sum: Vec<f32>,
}

impl Area {
    fn new(from: Size, to: Size) -> Self {
        let taps = |to_width| taps(from.width, to_width);
        let columns = taps(to.width);
        let of = |i: usize| columns.iter().filter(move |tap| tap.result == i);
        let reach = (0..to.width).map(|i| of(i).count()).max().unwrap_or(0);
        let mut weights = vec![0.0; reach * to.width];
        let mut first = vec![0; to.width];
        for (i, first) in first.iter_mut().enumerate() {
            // A pixel with fewer taps than the widest takes some with the weight 0, within the row.
            *first = of(i).map(|tap| tap.screen).min().unwrap_or(0).min(from.width - reach);
            for tap in of(i) {
                weights[(tap.screen - *first) * to.width + i] = tap.weight;
            }
        }
        let rows = self::taps(from.height, to.height);
        Self { width: from.width, first, weights, reach, rows, row: vec![0.0; to.width], sum: vec![0.0; to.width] }
    }

    fn apply(&mut self, screen: &[u8], result: &mut [u8]) {
        let mut shrunk: &[u8] = &[];
        let mut target = usize::MAX;
        let mut lines = result.chunks_exact_mut(self.row.len());
        for tap in &self.rows {
            let line = &screen[tap.screen * self.width..][..self.width];
            // Rows that look like the one above are common in Atari games, and each row is in one or two sums.
            if line != shrunk {
                shrink_row(line, &self.first, &self.weights, self.reach, &mut self.row);
                shrunk = line;
            }
            if tap.result == target {
                for (sum, pixel) in self.sum.iter_mut().zip(&self.row) {
                    *sum += tap.weight * pixel;
                }
            } else {
                finish(&self.sum, (target != usize::MAX).then(|| lines.next()).flatten());
                target = tap.result;
                for (sum, pixel) in self.sum.iter_mut().zip(&self.row) {
                    *sum = tap.weight * pixel;
                }
            }
        }
        finish(&self.sum, lines.next());
    }
}

fn finish(sum: &[f32], line: Option<&mut [u8]>) {
    for (pixel, sum) in line.into_iter().flatten().zip(sum) {
        *pixel = round(*sum);
    }
}

fn shrink_row(line: &[u8], first: &[usize], weights: &[f32], reach: usize, row: &mut [f32]) {
    row.fill(0.0);
    for (tap, weights) in weights.chunks_exact(first.len()).take(reach).enumerate() {
        for ((sum, first), weight) in row.iter_mut().zip(first).zip(weights) {
            *sum += f32::from(line[first + tap]) * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Height and width of the screen and of the result, and CRC-32 of what `cv2.resize` of OpenCV 5.0.0 makes of the
    /// noise below.
    const OPENCV: &[([usize; 4], u32)] = &[
        ([210, 160, 84, 84], 0xb15b7c7f),
        ([210, 160, 105, 80], 0x26af797c),
        ([210, 160, 70, 40], 0xb1003b45),
        ([210, 160, 42, 42], 0x4b6c1c62),
        ([210, 160, 64, 64], 0x670f125c),
        ([210, 160, 96, 96], 0x2613322b),
        ([210, 160, 100, 100], 0xd63fb506),
        ([210, 160, 1, 1], 0x12b88320),
        ([210, 160, 210, 160], 0x3d363d43),
        ([210, 160, 84, 160], 0xaf4ba457),
        ([210, 160, 210, 84], 0x67cbdf85),
        ([210, 160, 209, 159], 0xa62f2994),
        ([210, 160, 128, 128], 0x90f05944),
        ([210, 160, 50, 32], 0x29783e86),
        ([210, 160, 7, 3], 0xa0129ed7),
        ([210, 160, 125, 80], 0x2a260bcb),
        ([250, 160, 84, 84], 0xb26399ac),
        ([250, 160, 105, 80], 0xdc52683a),
        ([250, 160, 70, 40], 0xc3051be2),
        ([250, 160, 42, 42], 0x2747e13c),
        ([250, 160, 64, 64], 0x6bb2cbce),
        ([250, 160, 96, 96], 0x13a53f21),
        ([250, 160, 100, 100], 0x6da6572f),
        ([250, 160, 1, 1], 0x12b88320),
        ([250, 160, 210, 160], 0xb423da40),
        ([250, 160, 84, 160], 0x50da8dc3),
        ([250, 160, 210, 84], 0x9437aca1),
        ([250, 160, 209, 159], 0x845b30bf),
        ([250, 160, 128, 128], 0xe43c14f1),
        ([250, 160, 50, 32], 0xec3da823),
        ([250, 160, 7, 3], 0x36962ec8),
        ([250, 160, 250, 160], 0x4ed7510b),
        ([250, 160, 125, 80], 0x26d87460),
    ];

    /// Noise, with every third row a copy of the one above it.
    fn noise(size: Size) -> Vec<u8> {
        let mut state = 1_u32;
        let mut pixels: Vec<u8> = Vec::new();
        for i in 0..size.pixels() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let above = i / size.width % 3 == 1;
            pixels.push(if above { pixels[i - size.width] } else { (state >> 24) as u8 });
        }
        pixels
    }

    #[test]
    fn equals_opencv() {
        for &([height, width, to_height, to_width], crc) in OPENCV {
            let (from, to) = (Size { height, width }, Size { height: to_height, width: to_width });
            let mut resize = Resize::new(from, to).unwrap();
            let mut result = vec![0; to.pixels()];
            // Twice: nothing may stay from one screen to the next.
            for _ in 0..2 {
                resize.apply(&noise(from), &mut result);
                assert_eq!(crc32fast::hash(&result), crc, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn only_shrinks() {
        let screen = Size { height: 210, width: 160 };
        for (height, width) in [(0, 84), (84, 0), (211, 160), (210, 161)] {
            assert!(Resize::new(screen, Size { height, width }).is_none());
        }
    }
}
