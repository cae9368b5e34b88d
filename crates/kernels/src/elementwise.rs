//! Walking over slices vector by vector.

use crate::lanes::Lanes;

/// A place in slices: a whole vector at `at`, or where there is a `count` only its first lanes.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    at: usize,
    count: Option<usize>,
}

impl Spot {
    /// A whole vector.
    #[inline(always)]
    pub(crate) fn whole(at: usize) -> Self {
        Self { at, count: None }
    }

    /// The first lanes of a vector.
    #[inline(always)]
    pub(crate) fn first(at: usize, count: usize) -> Self {
        Self { at, count: Some(count) }
    }

    /// How many lanes there are; none where it is a whole vector.
    #[inline(always)]
    pub(crate) fn count(self) -> Option<usize> {
        self.count
    }

    /// The same spot in a row that begins at `start`.
    #[inline(always)]
    pub(crate) fn in_row(self, start: usize) -> Self {
        Self { at: start + self.at, count: self.count }
    }
}

/// Runs a block for every spot of slices of length `$n`, in order. (A macro, because a closure is not always inlined, and
/// what is not inlined is not compiled for the instruction set.)
macro_rules! for_each_spot {
    ($V:ty, $n:expr, $spot:ident => $body:block) => {{
        let n = $n;
        let len = <$V as $crate::lanes::Lanes>::LEN;
        let whole = n / len * len;
        let mut at = 0;
        while at < whole {
            let $spot = $crate::elementwise::Spot::whole(at);
            $body
            at += len;
        }
        if whole < n {
            let $spot = $crate::elementwise::Spot::first(whole, n - whole);
            $body
        }
    }};
}
pub(crate) use for_each_spot;

/// The values at a spot, and zeros.
///
/// # Safety
///
/// The instruction set of `V` is there; the spot lies in the slice.
#[inline(always)]
pub(crate) unsafe fn load<V: Lanes>(values: &[f32], spot: Spot) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let from = values.as_ptr().add(spot.at);
        match spot.count {
            None => V::load(from),
            Some(n) => V::load_first(from, n),
        }
    }
}

/// Sets the values at a spot.
///
/// # Safety
///
/// The spot lies in the slice.
#[inline(always)]
pub(crate) unsafe fn store<V: Lanes>(vector: V, values: &mut [f32], spot: Spot) {
    // SAFETY: the caller's promise.
    unsafe {
        let to = values.as_mut_ptr().add(spot.at);
        match spot.count {
            None => vector.store(to),
            Some(n) => vector.store_first(to, n),
        }
    }
}
