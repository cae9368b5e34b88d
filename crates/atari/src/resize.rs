//! OpenCV's `INTER_AREA`, to the bit.

/// Shrinks screens of one size to another, as `cv2.resize(..., interpolation=cv2.INTER_AREA)` does.
///
/// A pixel of the result is the mean over the rectangle that it covers, with the weights that OpenCV gives to pixels
/// covered in part. The result depends on how a mean is rounded, so the order of the sums is OpenCV's: `f32`, over a row
/// from left to right, then over rows from top to bottom, without fused multiply-add, halves rounded to even.
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
    /// Prepares to shrink screens of `from` to `to`. `None` if `to` is empty or larger in either direction, where OpenCV
    /// interpolates instead.
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
