//! Sums over rows, over columns and of squares, each in one fixed order.

use rayon::prelude::*;

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::{Eight, Lanes};
use crate::threads;

/// sums += each row's sum. A row is summed in eight lanes.
#[derive(Debug)]
pub struct RowSums<'a> {
    /// Rows of `stride` values.
    pub values: &'a [f32],
    /// How many values of a row, from the first on, count.
    pub columns: usize,
    /// Values from one row to the next.
    pub stride: usize,
    /// One a row.
    pub sums: &'a mut [f32],
}

impl RowSums<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If the rows do not lie in the slice.
    pub fn run(self, isa: Isa) {
        assert!(
            self.columns <= self.stride && self.sums.len() * self.stride <= self.values.len(),
            "the rows lie in the slice"
        );
        isa.run(self);
    }
}

impl Kernel for RowSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for (row, sum) in self.values.chunks_exact(self.stride.max(1)).zip(self.sums) {
            // SAFETY: this runs inside `Isa::run`.
            let mut lanes = unsafe { V::Eight::splat(0.0) };
            for_each_spot!(V::Eight, self.columns, spot => {
                // SAFETY: as above; a row has at least so many columns.
                lanes = lanes.add(unsafe { load(row, spot) });
            });
            *sum += lanes.sum();
        }
    }
}

/// sums += each column's sum. To what is there rows are added one after the other.
#[derive(Debug)]
pub struct ColumnSums<'a> {
    /// Rows of as many values as there are sums.
    pub values: &'a [f32],
    /// One a column.
    pub sums: &'a mut [f32],
}

impl ColumnSums<'_> {
    /// Computes it on this thread. What is behind the last whole row is left out.
    pub fn run(self, isa: Isa) {
        isa.run(self);
    }
}

impl Kernel for ColumnSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for_each_spot!(V, self.sums.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; `sums` and each row of `values` have the length that spots are made for.
            unsafe {
                let mut sums: V = load(self.sums, spot);
                for row in self.values.chunks_exact(self.sums.len()) {
                    sums = sums.add(load(row, spot));
                }
                store(sums, self.sums, spot);
            }
        });
    }
}

/// The sum of all squares: blocks of 1,024 in eight lanes, and the blocks' sums one after the other in f64.
#[derive(Debug)]
pub struct SumOfSquares<'a> {
    /// What is squared.
    pub values: &'a [f32],
}

/// Values that are summed in f32 before the sum goes on in f64.
const BLOCK: usize = 1024;
/// Values that one thread sums; fixed, so that the result does not depend on threads.
const CHUNK: usize = 1 << 16;

impl SumOfSquares<'_> {
    /// Computes it, on several threads where that pays. The result is the same on any number of them.
    pub fn run(self, isa: Isa) -> f64 {
        let chunk = |values| isa.run(SumOfSquares { values });
        if threads::parts_of_pass(self.values.len()) == 1 {
            return self.values.chunks(CHUNK).map(chunk).sum();
        }
        self.values.par_chunks(CHUNK).map(chunk).collect::<Vec<_>>().into_iter().sum()
    }
}

impl Kernel for SumOfSquares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        let mut total = 0.0;
        for block in self.values.chunks(BLOCK) {
            // SAFETY: this runs inside `Isa::run`.
            let mut lanes = unsafe { V::Eight::splat(0.0) };
            for_each_spot!(V::Eight, block.len(), spot => {
                // SAFETY: as above; the block has the length that spots are made for.
                let x: V::Eight = unsafe { load(block, spot) };
                lanes = lanes.add_product(x, x);
            });
            total += f64::from(lanes.sum());
        }
        total
    }
}
