//! Convolutions without padding, directly: nothing is copied into columns first.
//!
//! Images are `[height, width, channels]`. The products of one output pixel run over kernel rows, and within a kernel
//! row over neighbours in memory, because columns and channels lie side by side.
//!
//! Orders of sums. [`Forward`]: from the bias on, over kernel rows, columns and channels. [`WeightGradient`]: from what is there on,
//! over the output's pixels. [`InputGradient`]: from 0 on; each pixel's share over the filters, and of the shares of
//! overlapping kernels kernel row by kernel row, sixteen neighbours of it after each other, over the output's pixels.

use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::tile::{
    self, Columns, add_along_rows, add_at_offsets, load_row, parts, store_row, vectors, with_tile, zeros,
};

/// A convolution's sizes, and where its output pixels begin in the input.
#[derive(Clone, Debug)]
pub struct Geometry {
    channels: usize,
    height: usize,
    width: usize,
    filters: usize,
    kernel: usize,
    /// Where the kernel's first element lies, of each output pixel.
    offsets: Vec<usize>,
    /// Output pixels that are worked on while their part of the input stays in the first-level cache.
    block: usize,
}

impl Geometry {
    /// Of an input image `[channels, height, width]`, so many filters with a square kernel of this side, which moves by
    /// `stride`. Rows and columns of the input that no kernel reaches are left out.
    ///
    /// # Panics
    ///
    /// If kernel or stride are 0, or the kernel does not fit the image.
    pub fn new([channels, height, width]: [usize; 3], filters: usize, kernel: usize, stride: usize) -> Self {
        assert!(kernel > 0 && stride > 0 && kernel <= height.min(width), "the kernel fits the image");
        let (rows, columns) = ((height - kernel) / stride + 1, (width - kernel) / stride + 1);
        let offsets =
            (0..rows * columns).map(|pixel| (pixel / columns * width + pixel % columns) * stride * channels).collect();
        let block = (8192 / (stride * stride * channels + filters)).max(16);
        Self { channels, height, width, filters, kernel, offsets, block }
    }

    /// The input's channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The output's channels.
    pub fn filters(&self) -> usize {
        self.filters
    }

    /// Side of the square kernel.
    pub fn kernel(&self) -> usize {
        self.kernel
    }

    /// Elements of an input image.
    pub fn input_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Output pixels.
    pub fn pixels(&self) -> usize {
        self.offsets.len()
    }

    /// Elements of an output image.
    pub fn output_len(&self) -> usize {
        self.pixels() * self.filters
    }

    /// Elements of a kernel row: neighbours in memory.
    fn run(&self) -> usize {
        self.kernel * self.channels
    }

    /// Elements of a kernel.
    pub fn depth(&self) -> usize {
        self.kernel * self.run()
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        (self.depth() + 1) * self.filters
    }

    /// Elements from one input row to the next.
    fn row(&self) -> usize {
        self.width * self.channels
    }
}

/// output = relu(bias + convolution of input), of one image.
#[derive(Debug)]
pub struct Forward<'a> {
    /// The sizes.
    pub geometry: &'a Geometry,
    /// `[height, width, channels]`.
    pub input: &'a [f32],
    /// `[kernel row, kernel column, channel, filter]`.
    pub weight: &'a [f32],
    /// One value a filter.
    pub bias: &'a [f32],
    /// Whether negative results become 0.
    pub relu: bool,
    /// `[output row, output column, filter]`.
    pub output: &'a mut [f32],
}

impl Forward<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If a slice has not the geometry's size.
    pub fn run(self, isa: Isa) {
        let g = self.geometry;
        assert!(
            self.input.len() == g.input_len()
                && self.weight.len() == g.depth() * g.filters
                && self.bias.len() == g.filters
                && self.output.len() == g.output_len(),
            "the slices have the convolution's sizes"
        );
        isa.run(self);
    }
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let g = self.geometry;
        let output = self.output.as_mut_ptr();
        let mut filter = 0;
        while filter < g.filters {
            let width = vectors::<V>(g.filters - filter);
            let filters = (width * V::LEN).min(g.filters - filter);
            let mut pixel = 0;
            for rows in parts(g.pixels(), tile::rows::<V>(width)) {
                with_tile!(V, rows, width, forward_tile(&self, output, pixel, filter, filters % V::LEN));
                pixel += rows;
            }
            filter += filters;
        }
    }
}

#[inline(always)]
fn forward_tile<V: Lanes, const M: usize, const N: usize>(
    job: &Forward<'_>,
    output: *mut f32,
    pixel: usize,
    filter: usize,
    last: usize,
) {
    let g = job.geometry;
    // SAFETY: this runs inside `Isa::run` for the instruction set of V. `Forward::run` checked the slices' lengths; pixels
    // pixel..pixel + M and the filters from `filter` on, of the last vector only `last`, exist; `output` points to what the
    // job borrows mutably.
    unsafe {
        let mut sums = [load_row::<V, N>(job.bias.as_ptr().add(filter), last); M];
        for row in 0..g.kernel {
            let input = job.input.as_ptr().add(row * g.row());
            let pixels = std::array::from_fn(|i| input.add(g.offsets[pixel + i]));
            let start = job.weight.as_ptr().add(row * g.run() * g.filters + filter);
            sums = add_along_rows(sums, pixels, g.run(), Columns { start, stride: g.filters, last });
        }
        let zero = V::splat(0.0);
        for (i, mut sums) in sums.into_iter().enumerate() {
            if job.relu {
                for sum in &mut sums {
                    *sum = zero.max(*sum);
                }
            }
            store_row(sums, output.add((pixel + i) * g.filters + filter), last);
        }
    }
}

/// gradient += the gradient of a loss by the weight, of one image.
#[derive(Debug)]
pub struct WeightGradient<'a> {
    /// The sizes.
    pub geometry: &'a Geometry,
    /// `[height, width, channels]`.
    pub input: &'a [f32],
    /// The loss's gradient by the output before its activation, `[output row, output column, filter]`.
    pub upstream: &'a [f32],
    /// `[kernel row, kernel column, channel, filter]`.
    pub gradient: &'a mut [f32],
}

impl WeightGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If a slice has not the geometry's size.
    pub fn run(self, isa: Isa) {
        let g = self.geometry;
        assert!(
            self.input.len() == g.input_len()
                && self.upstream.len() == g.output_len()
                && self.gradient.len() == g.depth() * g.filters,
            "the slices have the convolution's sizes"
        );
        isa.run(self);
    }
}

impl Kernel for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let g = self.geometry;
        let gradient = self.gradient.as_mut_ptr();
        for (block, offsets) in g.offsets.chunks(g.block).enumerate() {
            for row in 0..g.kernel {
                let mut filter = 0;
                while filter < g.filters {
                    let width = vectors::<V>(g.filters - filter);
                    let filters = (width * V::LEN).min(g.filters - filter);
                    let mut element = 0;
                    for rows in parts(g.run(), tile::rows::<V>(width)) {
                        let place = Place { pixel: block * g.block, row, element, filter, last: filters % V::LEN };
                        with_tile!(V, rows, width, weight_tile(&self, gradient, offsets, place));
                        element += rows;
                    }
                    filter += filters;
                }
            }
        }
    }
}

/// Where in the weight's gradient.
#[derive(Clone, Copy)]
struct Place {
    /// The first pixel.
    pixel: usize,
    /// Kernel row.
    row: usize,
    /// Within the kernel row.
    element: usize,
    filter: usize,
    /// Lanes of the last vector of filters; 0 for all.
    last: usize,
}

#[inline(always)]
fn weight_tile<V: Lanes, const M: usize, const N: usize>(
    job: &WeightGradient<'_>,
    gradient: *mut f32,
    offsets: &[usize],
    place: Place,
) {
    let (g, Place { pixel, row, element, filter, last }) = (job.geometry, place);
    // SAFETY: this runs inside `Isa::run` for the instruction set of V. `WeightGradient::run` checked the slices' lengths;
    // elements element..element + M of the kernel row, the pixels of the offsets and the filters from `filter` on, of the
    // last vector only `last`, exist; `gradient` points to what the job borrows mutably.
    unsafe {
        let gradient = gradient.add((row * g.run() + element) * g.filters + filter);
        let mut sums = zeros::<V, M, N>();
        for (i, sums) in sums.iter_mut().enumerate() {
            *sums = load_row(gradient.add(i * g.filters), last);
        }
        let input = job.input.as_ptr().add(row * g.row() + element);
        let start = job.upstream.as_ptr().add(pixel * g.filters + filter);
        let sums = add_at_offsets(sums, input, offsets, Columns { start, stride: g.filters, last });
        for (i, sums) in sums.into_iter().enumerate() {
            store_row(sums, gradient.add(i * g.filters), last);
        }
    }
}

/// gradient = the gradient of a loss by the input, of one image.
#[derive(Debug)]
pub struct InputGradient<'a> {
    /// The sizes.
    pub geometry: &'a Geometry,
    /// `[filter, kernel row, kernel column, channel]`.
    pub weight: &'a [f32],
    /// The loss's gradient by the output before its activation, `[output row, output column, filter]`.
    pub upstream: &'a [f32],
    /// `[height, width, channels]`.
    pub gradient: &'a mut [f32],
}

impl InputGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If a slice has not the geometry's size.
    pub fn run(self, isa: Isa) {
        let g = self.geometry;
        assert!(
            self.weight.len() == g.depth() * g.filters
                && self.upstream.len() == g.output_len()
                && self.gradient.len() == g.input_len(),
            "the slices have the convolution's sizes"
        );
        self.gradient.fill(0.0);
        isa.run(self);
    }
}

/// How many neighbours in a kernel row [`InputGradient`] works on at once, of one pixel after the other. Where the kernels
/// of neighbouring pixels overlap it decides in which order their shares are added: so it is the same for all vectors.
const SPAN: usize = 16;

impl Kernel for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let g = self.geometry;
        let gradient = self.gradient.as_mut_ptr();
        for row in 0..g.kernel {
            let mut element = 0;
            while element < g.run() {
                let elements = SPAN.min(g.run() - element);
                let width = elements.div_ceil(V::LEN);
                let mut pixel = 0;
                for rows in parts(g.pixels(), tile::rows::<V>(width)) {
                    let place = Place { pixel, row, element, filter: 0, last: elements % V::LEN };
                    with_tile!(V, rows, width, input_tile(&self, gradient, place));
                    pixel += rows;
                }
                element += elements;
            }
        }
    }
}

#[inline(always)]
fn input_tile<V: Lanes, const M: usize, const N: usize>(job: &InputGradient<'_>, gradient: *mut f32, place: Place) {
    let (g, Place { pixel, row, element, last, .. }) = (job.geometry, place);
    // SAFETY: this runs inside `Isa::run` for the instruction set of V. `InputGradient::run` checked the slices' lengths;
    // pixels pixel..pixel + M and the kernel row's elements from `element` on, of the last vector only `last`, exist;
    // `gradient` points to what the job borrows mutably.
    unsafe {
        let upstream = std::array::from_fn(|i| job.upstream.as_ptr().add((pixel + i) * g.filters));
        let start = job.weight.as_ptr().add(row * g.run() + element);
        let sums = add_along_rows(zeros::<V, M, N>(), upstream, g.filters, Columns { start, stride: g.depth(), last });
        // One pixel after the other, because neighbours overlap.
        for (i, sums) in sums.into_iter().enumerate() {
            let gradient = gradient.add(g.offsets[pixel + i] + row * g.row() + element);
            let mut total: [V; N] = load_row(gradient, last);
            for (total, sum) in total.iter_mut().zip(sums) {
                *total = total.add(sum);
            }
            store_row(total, gradient, last);
        }
    }
}
