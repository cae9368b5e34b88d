//! Turning matrices over.

use rayon::prelude::*;

use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;

/// `to[column * to_stride + row] = from[row * from_stride + column]`.
#[derive(Debug)]
pub struct Transpose<'a> {
    /// `[rows, columns]`.
    pub from: &'a [f32],
    /// Rows of `from`.
    pub rows: usize,
    /// Columns of `from`.
    pub columns: usize,
    /// Elements from one row of `from` to the next.
    pub from_stride: usize,
    /// Becomes `[columns, rows]`.
    pub to: &'a mut [f32],
    /// Elements from one row of `to` to the next.
    pub to_stride: usize,
}

/// Below this many values waking other threads costs more than it gains.
const WORTH_THREADS: usize = 1 << 16;
/// Columns that a thread turns over at once.
const CHUNK: usize = 256;

impl Transpose<'_> {
    /// `[rows, columns]` to `[columns, rows]`, both without gaps.
    #[inline]
    pub fn whole<'a>(from: &'a [f32], [rows, columns]: [usize; 2], to: &'a mut [f32]) -> Transpose<'a> {
        Transpose { from, rows, columns, from_stride: columns, to, to_stride: rows }
    }

    /// Does it, on several threads where that pays.
    ///
    /// # Panics
    ///
    /// If a matrix does not lie in its slice.
    pub fn run(self, isa: Isa) {
        if self.rows * self.columns < WORTH_THREADS || rayon::current_num_threads() == 1 {
            return self.run_here(isa);
        }
        self.check();
        let Self { from, rows, columns, from_stride, to, to_stride } = self;
        to[..(columns - 1) * to_stride + rows].par_chunks_mut(CHUNK * to_stride).enumerate().for_each(|(i, to)| {
            let columns = CHUNK.min(columns - i * CHUNK);
            isa.run(Transpose { from: &from[i * CHUNK..], rows, columns, from_stride, to, to_stride });
        });
    }

    /// Does it on this thread, which may hold a lock: while it waits for others, it could be given work that wants the same
    /// lock.
    ///
    /// # Panics
    ///
    /// If a matrix does not lie in its slice.
    pub fn run_here(self, isa: Isa) {
        self.check();
        isa.run(self);
    }

    fn check(&self) {
        let empty = self.rows == 0 || self.columns == 0;
        assert!(
            empty
                || self.columns <= self.from_stride
                    && self.rows <= self.to_stride
                    && (self.rows - 1) * self.from_stride + self.columns <= self.from.len()
                    && (self.columns - 1) * self.to_stride + self.rows <= self.to.len(),
            "both matrices lie in their slices"
        );
    }
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { from, rows, columns, from_stride, to, to_stride } = self;
        let (whole_rows, whole_columns) = (rows / V::LEN * V::LEN, columns / V::LEN * V::LEN);
        for row in (0..whole_rows).step_by(V::LEN) {
            for column in (0..whole_columns).step_by(V::LEN) {
                // SAFETY: this runs inside `Isa::run`; `Transpose::run` checked that both matrices lie in their slices.
                unsafe {
                    V::transpose(
                        from.as_ptr().add(row * from_stride + column),
                        from_stride,
                        to.as_mut_ptr().add(column * to_stride + row),
                        to_stride,
                    );
                }
            }
        }
        if rows == whole_rows && columns == whole_columns {
            return;
        }
        for column in 0..columns {
            let first = if column < whole_columns { whole_rows } else { 0 };
            for (row, to) in (first..rows).zip(&mut to[column * to_stride + first..]) {
                *to = from[row * from_stride + column];
            }
        }
    }
}
