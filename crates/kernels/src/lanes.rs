//! A vector register of f32, as the kernels see it.

use crate::fused;

/// A vector of [`LEN`](Self::LEN) f32.
///
/// # Safety
///
/// An implementation's operations may need an instruction set that a machine lacks. [`splat`](Self::splat) and the
/// loads are unsafe for that reason: who calls them vouches that it is there (as code inside
/// [`Isa::run`](crate::Isa::run) can). Whoever holds a value has vouched already, so everything else is safe.
pub(crate) unsafe trait Lanes: Copy {
    /// What kernels add up across lanes with: always eight lanes, so that such a sum has one order everywhere. It needs no
    /// instruction that this type does not need.
    type Eight: Eight;

    /// How many f32 it holds: a multiple of eight.
    const LEN: usize;
    /// How many registers hold sums at once, leaving enough for the operands.
    const ACCUMULATORS: usize;

    /// All lanes the same.
    ///
    /// # Safety
    ///
    /// The instruction set is there.
    unsafe fn splat(x: f32) -> Self;

    /// `LEN` values from memory.
    ///
    /// # Safety
    ///
    /// The instruction set is there; `from` is valid for reading `LEN` values.
    unsafe fn load(from: *const f32) -> Self;

    /// `n` (below `LEN`) values from memory, and zeros.
    ///
    /// # Safety
    ///
    /// The instruction set is there; `from` is valid for reading `n` values; `n <= LEN`.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;

    /// `LEN` bytes from memory, as numbers.
    ///
    /// # Safety
    ///
    /// The instruction set is there; `from` is valid for reading `LEN` bytes.
    unsafe fn load_bytes(from: *const u8) -> Self;

    /// All values to memory.
    ///
    /// # Safety
    ///
    /// `to` is valid for writing `LEN` values.
    unsafe fn store(self, to: *mut f32);

    /// The first `n` values to memory.
    ///
    /// # Safety
    ///
    /// `to` is valid for writing `n` values; `n <= LEN`.
    unsafe fn store_first(self, to: *mut f32, n: usize);

    /// Turns over a square of `LEN` rows of `LEN` values: row i of `from` becomes column i of `to`.
    ///
    /// # Safety
    ///
    /// The instruction set is there; `LEN` rows of `LEN` values, `from_stride` apart, can be read from `from`, and as many,
    /// `to_stride` apart, be written to `to`.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for column in 0..Self::LEN {
            for row in 0..Self::LEN {
                // SAFETY: the caller's promise.
                unsafe { to.add(column * to_stride + row).write(from.add(row * from_stride + column).read()) }
            }
        }
    }

    /// self + a * b, rounded once.
    fn add_product(self, a: Self, b: Self) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// The greater; `other` where one is not a number.
    fn max(self, other: Self) -> Self;
    /// The smaller; `other` where one is not a number.
    fn min(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    /// self where `x` > 0, else 0.
    fn where_positive(self, x: Self) -> Self;
    /// The first `count` lanes, the others 0; all, if there is no count.
    #[inline(always)]
    fn first(self, count: Option<usize>) -> Self {
        match count {
            None => self,
            Some(n) => {
                // Sixteen is the longest vector's length.
                let mut lanes = [0.0f32; 16];
                // SAFETY: n <= LEN <= 16, and the value vouches for the instruction set.
                unsafe {
                    self.store_first(lanes.as_mut_ptr(), n);
                    Self::load(lanes.as_ptr())
                }
            }
        }
    }
}

/// A vector of eight f32. Only these can be summed up: a sum across sixteen lanes has another order.
pub(crate) trait Eight: Lanes {
    /// The sum of lanes 0 to 7: `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`.
    fn sum(self) -> f32;
}

/// Plain Rust, for machines without kernels of their own; the compiler finds vector instructions in it where it can.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn each(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

// SAFETY: needs no particular instruction set.
unsafe impl Lanes for Portable {
    type Eight = Self;

    const LEN: usize = 8;
    const ACCUMULATORS: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; an array of f32 needs no more alignment than one.
        Self(unsafe { from.cast::<[f32; 8]>().read() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: only indices below n are read.
        Self(std::array::from_fn(|i| if i < n { unsafe { from.add(i).read() } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the caller's promise; bytes need no alignment.
        Self(unsafe { from.cast::<[u8; 8]>().read() }.map(f32::from))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 8]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        for (i, x) in self.0.into_iter().enumerate().take(n) {
            // SAFETY: i < n.
            unsafe { to.add(i).write(x) }
        }
    }

    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        Self(fused::add_products(self.0, a.0, b.0))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.each(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.each(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.each(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.each(other, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.each(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.each(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn where_positive(self, x: Self) -> Self {
        self.each(x, |a, b| if b > 0.0 { a } else { 0.0 })
    }
}

impl Eight for Portable {
    #[inline(always)]
    fn sum(self) -> f32 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}
