//! The inner loop that all matrix products and convolutions share: a block of sums that stays in registers.
//!
//! A tile adds, for `M` rows and `N` vectors of columns, `a(row, k) * b(k, column)` over k. Each sum runs over k in
//! order, whatever `M` and `N` are: how a result is cut into tiles never changes a bit of it.

use crate::lanes::Lanes;

/// `M` rows of `N` vectors of sums.
pub(crate) type Sums<V, const M: usize, const N: usize> = [[V; N]; M];

/// Most rows of a tile, for any number of columns.
pub(crate) const MOST_ROWS: usize = 8;

/// How many rows a tile of `n` vectors of columns has at most.
#[inline(always)]
pub(crate) const fn rows<V: Lanes>(n: usize) -> usize {
    let rows = V::ACCUMULATORS / n;
    if rows < MOST_ROWS { rows } else { MOST_ROWS }
}

/// How many vectors of columns the next tile takes where `left` columns are left.
#[inline(always)]
pub(crate) const fn vectors<V: Lanes>(left: usize) -> usize {
    let vectors = left.div_ceil(V::LEN);
    if vectors >= 4 && V::ACCUMULATORS >= 24 {
        4
    } else if vectors >= 2 {
        2
    } else {
        1
    }
}

/// Cuts `total` into the fewest parts of at most `most`, as even as they can be: the parts' sizes, the greater first.
#[inline(always)]
pub(crate) fn parts(total: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = total.div_ceil(most);
    let (size, larger) = (total / count.max(1), total % count.max(1));
    (0..count).map(move |i| size + usize::from(i < larger))
}

/// The right factor: rows of at least `N` vectors, `stride` apart. Of the last vector only `last` lanes exist (all, if
/// it is 0).
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub(crate) start: *const f32,
    pub(crate) stride: usize,
    pub(crate) last: usize,
}

impl Columns {
    /// Row `k`.
    ///
    /// # Safety
    ///
    /// The instruction set of `V` is there, and the row exists.
    #[inline(always)]
    unsafe fn row<V: Lanes, const N: usize>(self, k: usize) -> [V; N] {
        // SAFETY: the caller's promise.
        unsafe { load_row(self.start.add(k * self.stride), self.last) }
    }
}

/// `N` vectors, of the last one `last` lanes (all, if it is 0).
///
/// # Safety
///
/// The instruction set of `V` is there, and `from` is valid for reading so many values.
#[inline(always)]
pub(crate) unsafe fn load_row<V: Lanes, const N: usize>(from: *const f32, last: usize) -> [V; N] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut row = [V::splat(0.0); N];
        for (v, vector) in row.iter_mut().enumerate() {
            let from = from.add(v * V::LEN);
            *vector = if v + 1 == N && last != 0 { V::load_first(from, last) } else { V::load(from) };
        }
        row
    }
}

/// Writes what [`load_row`] reads.
///
/// # Safety
///
/// `to` is valid for writing so many values.
#[inline(always)]
pub(crate) unsafe fn store_row<V: Lanes, const N: usize>(row: [V; N], to: *mut f32, last: usize) {
    for (v, vector) in row.into_iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.add(v * V::LEN);
            if v + 1 == N && last != 0 { vector.store_first(to, last) } else { vector.store(to) }
        }
    }
}

/// Sums of zero.
///
/// # Safety
///
/// The instruction set of `V` is there.
#[inline(always)]
pub(crate) unsafe fn zeros<V: Lanes, const M: usize, const N: usize>() -> Sums<V, M, N> {
    // SAFETY: the caller's promise.
    [[unsafe { V::splat(0.0) }; N]; M]
}

/// Adds `a[row][k] * b[k]` for k below `depth`: rows lie anywhere, k runs along them.
///
/// # Safety
///
/// The instruction set of `V` is there; each row is valid for reading `depth` values, `b` has `depth` rows.
#[inline(always)]
pub(crate) unsafe fn add_along_rows<V: Lanes, const M: usize, const N: usize>(
    mut sums: Sums<V, M, N>,
    a: [*const f32; M],
    depth: usize,
    b: Columns,
) -> Sums<V, M, N> {
    for k in 0..depth {
        // SAFETY: k is below depth.
        let b: [V; N] = unsafe { b.row(k) };
        for (sums, a) in sums.iter_mut().zip(a) {
            // SAFETY: k is below depth.
            let a = unsafe { V::splat(*a.add(k)) };
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.add_product(a, b);
            }
        }
    }
    sums
}

/// Adds `a[offsets[k] + row] * b[k]` for each k: rows are neighbours, k lies anywhere.
///
/// # Safety
///
/// The instruction set of `V` is there; `a + offsets[k]` is valid for reading `M` values for each k, `b` has as many
/// rows as there are offsets.
#[inline(always)]
pub(crate) unsafe fn add_at_offsets<V: Lanes, const M: usize, const N: usize>(
    mut sums: Sums<V, M, N>,
    a: *const f32,
    offsets: &[usize],
    b: Columns,
) -> Sums<V, M, N> {
    for (k, offset) in offsets.iter().enumerate() {
        // SAFETY: k is one of the offsets'.
        let b: [V; N] = unsafe { b.row(k) };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and the row is below M.
            let a = unsafe { V::splat(*a.add(offset + row)) };
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.add_product(a, b);
            }
        }
    }
    sums
}

/// Adds `a[k * stride + row] * b[k]` for k below `depth`: rows are neighbours, k runs across.
///
/// # Safety
///
/// The instruction set of `V` is there; `a + k * stride` is valid for reading `M` values for each k, `b` has `depth`
/// rows.
#[inline(always)]
pub(crate) unsafe fn add_across_rows<V: Lanes, const M: usize, const N: usize>(
    mut sums: Sums<V, M, N>,
    a: *const f32,
    stride: usize,
    depth: usize,
    b: Columns,
) -> Sums<V, M, N> {
    for k in 0..depth {
        // SAFETY: k is below depth.
        let b: [V; N] = unsafe { b.row(k) };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: k is below depth and the row below M.
            let a = unsafe { V::splat(*a.add(k * stride + row)) };
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.add_product(a, b);
            }
        }
    }
    sums
}

/// Calls `$f::<V, M, N>($args)` for `$rows` (1 to 8) as M and `$vectors` (1, 2 or 4) as N.
macro_rules! with_tile {
    ($V:ident, $rows:expr, $vectors:expr, $f:ident $args:tt) => {
        match $vectors {
            4 => with_tile!(@rows $V, 4, $rows, $f $args; 1 2 3 4 5 6),
            2 => with_tile!(@rows $V, 2, $rows, $f $args; 1 2 3 4 5 6 7 8),
            _ => with_tile!(@rows $V, 1, $rows, $f $args; 1 2 3 4 5 6 7 8),
        }
    };
    (@rows $V:ident, $n:literal, $rows:expr, $f:ident $args:tt; $($m:literal)*) => {
        match $rows {
            // The sizes that this instruction set never takes are not compiled.
            $($m if const { $m <= crate::tile::rows::<$V>($n) } => $f::<$V, $m, $n> $args,)*
            _ => unreachable!("tiles have 1 to 8 rows"),
        }
    };
}
pub(crate) use with_tile;
