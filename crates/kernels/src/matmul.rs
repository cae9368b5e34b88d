//! Matrix products, in the two forms that dense layers need.
//!
//! Order of sums: from the start on, over the inner dimension, element after element. A product with a single column (whose
//! rows lie side by side, not transposed) runs over the inner dimension in eight lanes instead, and the start is added to their sum.

use std::ops::Range;

use rayon::prelude::*;

use crate::isa::{Isa, Kernel};
use crate::lanes::{Eight, Lanes};
use crate::threads;
use crate::tile::{
    self, Columns, add_across_rows, add_along_rows, load_row, parts, store_row, vectors, with_tile, zeros,
};

/// A matrix in memory, row after row, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` times `columns`, `stride` apart.
    ///
    /// # Panics
    ///
    /// If it does not lie in its slice, or its rows overlap.
    #[inline]
    pub fn new(values: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(columns <= stride && spans(rows, columns, stride) <= values.len(), "the matrix lies in its slice");
        Self { values, rows, columns, stride }
    }
}

/// A matrix that is written.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// `rows` times `columns`, `stride` apart.
    ///
    /// # Panics
    ///
    /// If it does not lie in its slice, or its rows overlap.
    #[inline]
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(columns <= stride && spans(rows, columns, stride) <= values.len(), "the matrix lies in its slice");
        Self { values, rows, columns, stride }
    }
}

/// Elements from the first to the last of a matrix.
#[inline]
fn spans(rows: usize, columns: usize, stride: usize) -> usize {
    if rows == 0 { 0 } else { (rows - 1) * stride + columns }
}

/// What the sums start from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// 0.
    Zero,
    /// One value a row.
    Bias(&'a [f32]),
    /// What is there.
    Add,
}

/// c = start + a b, where `a` is `[m, k]`; or its transpose `[k, m]`, if `transposed`.
#[derive(Debug)]
pub struct MatMul<'a> {
    /// The left factor.
    pub a: Matrix<'a>,
    /// Whether it lies in memory as `[k, m]`.
    pub transposed: bool,
    /// The right factor, `[k, n]`.
    pub b: Matrix<'a>,
    /// The result, `[m, n]`.
    pub c: MatrixMut<'a>,
    /// What the sums start from.
    pub start: Start<'a>,
    /// Negative results become 0.
    pub relu: bool,
}

/// Below this many multiplications (some 0.3 ms) waking other threads costs more than it gains, unless they have nothing
/// else to do.
const WORTH_THREADS: usize = 1 << 25;

impl MatMul<'_> {
    /// Computes it, on several threads where that pays. The result is the same on any number of them.
    ///
    /// # Panics
    ///
    /// If the factors' sizes do not fit each other, the result or the bias.
    pub fn run(self, isa: Isa) {
        let (rows, depth) = if self.transposed { (self.a.columns, self.a.rows) } else { (self.a.rows, self.a.columns) };
        let columns = self.c.columns;
        assert!(rows == self.c.rows && depth == self.b.rows && self.b.columns == columns, "the factors' sizes fit");
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() == rows, "one bias a row");
        }
        let job = Job { a: self.a, transposed: self.transposed, b: self.b, start: self.start, relu: self.relu };
        let c = Target { start: self.c.values.as_mut_ptr(), stride: self.c.stride };
        if columns == 1 && self.b.stride == 1 && !self.transposed {
            // One column, as for one observation: along the rows, which is how they lie in memory.
            let Job { a, start, relu, .. } = job;
            let parts = if rows * depth < WORTH_THREADS { 1 } else { threads::parts() };
            if parts == 1 {
                return isa.run(Dots { a, b: self.b.values, start, relu, c, rows: 0..rows });
            }
            return (0..parts).into_par_iter().for_each(|i| {
                let rows = threads::part(rows, 8, i, parts);
                isa.run(Dots { a, b: self.b.values, start, relu, c, rows });
            });
        }
        let parts = if rows * depth * columns < WORTH_THREADS { 1 } else { threads::parts() };
        if parts == 1 {
            isa.run(Part { job, c, rows: 0..rows, columns: 0..columns });
        } else if rows >= columns {
            (0..parts).into_par_iter().for_each(|i| {
                isa.run(Part { job, c, rows: threads::part(rows, 24, i, parts), columns: 0..columns });
            });
        } else {
            (0..parts).into_par_iter().for_each(|i| {
                isa.run(Part { job, c, rows: 0..rows, columns: threads::part(columns, 64, i, parts) });
            });
        }
    }
}

/// What is computed; its sizes fit.
#[derive(Clone, Copy)]
struct Job<'a> {
    a: Matrix<'a>,
    transposed: bool,
    b: Matrix<'a>,
    start: Start<'a>,
    relu: bool,
}

/// The result's memory.
#[derive(Clone, Copy)]
struct Target {
    start: *mut f32,
    stride: usize,
}

// SAFETY: parts that run at the same time write different rows or columns.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

/// Some rows and columns of the result.
struct Part<'a> {
    job: Job<'a>,
    c: Target,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Elements of the right factor that stay in the first-level cache (32 KiB) while they are read again and again.
const BLOCK: usize = 8192;

impl Kernel for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let depth = self.job.b.rows;
        let mut column = self.columns.start;
        while column < self.columns.end {
            let width = vectors::<V>(self.columns.end - column);
            let columns = (width * V::LEN).min(self.columns.end - column);
            let block = BLOCK / (width * V::LEN);
            let mut from = 0;
            loop {
                let until = depth.min(from + block);
                let mut row = self.rows.start;
                for rows in parts(self.rows.len(), tile::rows::<V>(width)) {
                    let place = Place { row, column, last: columns % V::LEN, from, until };
                    with_tile!(V, rows, width, run_tile(&self.job, self.c, place));
                    row += rows;
                }
                from = until;
                if from == depth {
                    break;
                }
            }
            column += columns;
        }
    }
}

/// Which tile, and which part of its depth.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    /// Lanes of the last vector of columns; 0 for all.
    last: usize,
    from: usize,
    until: usize,
}

#[inline(always)]
fn run_tile<V: Lanes, const M: usize, const N: usize>(job: &Job<'_>, c: Target, place: Place) {
    let Place { row, column, last, from, until } = place;
    // SAFETY: this runs inside `Isa::run` for the instruction set of V. `Matrix::new` checked that the matrices lie in
    // their slices and `MatMul::run` that their sizes fit each other; rows row..row + M and the columns from `column` on,
    // of the last vector only `last`, lie in c, and the depth from..until in a and b. `MatMul::run` borrows c mutably, and
    // no other part that runs now has these rows and columns.
    unsafe {
        let at = c.start.add(row * c.stride + column);
        let b = Columns { start: job.b.values.as_ptr().add(from * job.b.stride + column), stride: job.b.stride, last };
        let mut sums = zeros::<V, M, N>();
        if from > 0 || matches!(job.start, Start::Add) {
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = load_row(at.add(i * c.stride), last);
            }
        } else if let Start::Bias(bias) = job.start {
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = [V::splat(bias[row + i]); N];
            }
        }
        let a = job.a.values.as_ptr();
        let mut sums = if job.transposed {
            add_across_rows(sums, a.add(from * job.a.stride + row), job.a.stride, until - from, b)
        } else {
            let rows = std::array::from_fn(|i| a.add((row + i) * job.a.stride + from));
            add_along_rows(sums, rows, until - from, b)
        };
        if job.relu && until == job.b.rows {
            let zero = V::splat(0.0);
            for sum in sums.as_flattened_mut() {
                *sum = zero.max(*sum);
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            store_row(sums, at.add(i * c.stride), last);
        }
    }
}

/// Some rows of a product with one column.
struct Dots<'a> {
    a: Matrix<'a>,
    b: &'a [f32],
    start: Start<'a>,
    relu: bool,
    c: Target,
    rows: Range<usize>,
}

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        self.run_in_eights::<V::Eight>();
    }
}

impl Dots<'_> {
    #[inline(always)]
    fn run_in_eights<V: Eight>(self) {
        let mut row = self.rows.start;
        for rows in parts(self.rows.len(), tile::rows::<V>(1)) {
            with_tile!(V, rows, 1, run_dots(&self, row));
            row += rows;
        }
    }
}

/// `N` is 1.
#[inline(always)]
fn run_dots<V: Eight, const M: usize, const N: usize>(job: &Dots<'_>, row: usize) {
    let depth = job.a.columns;
    let (whole, rest) = (depth / V::LEN * V::LEN, depth % V::LEN);
    // SAFETY: this runs inside `Isa::run` for the instruction set of V. `Matrix::new` checked that `a` lies in its slice and
    // `MatMul::run` that `b` has `depth` rows of one value, side by side; rows row..row + M exist in `a` and c. `MatMul::run`
    // borrows c mutably, and no other part that runs now has these rows.
    unsafe {
        let (a, b) = (job.a.values.as_ptr().add(row * job.a.stride), job.b.as_ptr());
        let mut sums = [V::splat(0.0); M];
        for k in (0..whole).step_by(V::LEN) {
            let b = V::load(b.add(k));
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add_product(V::load(a.add(i * job.a.stride + k)), b);
            }
        }
        if rest > 0 {
            let b = V::load_first(b.add(whole), rest);
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add_product(V::load_first(a.add(i * job.a.stride + whole), rest), b);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            let c = job.c.start.add((row + i) * job.c.stride);
            let start = match job.start {
                Start::Zero => 0.0,
                Start::Bias(bias) => bias[row + i],
                Start::Add => *c,
            };
            let sum = start + sum.sum();
            // Not max, which would make NaN 0.
            *c = if job.relu && sum < 0.0 { 0.0 } else { sum };
        }
    }
}
