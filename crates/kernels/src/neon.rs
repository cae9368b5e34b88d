//! Vectors of eight f32: NEON, two registers each.

use std::arch::aarch64::*;

use crate::lanes::{Eight, Lanes};

/// Two 128-bit registers: lanes 0 to 3 and 4 to 7.
#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t, float32x4_t);

// SAFETY: values come only from `splat` and the loads, whose callers vouch for NEON; so every intrinsic below is there
// when it runs.
unsafe impl Lanes for Neon {
    type Eight = Self;

    const LEN: usize = 8;
    const ACCUMULATORS: usize = 12;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller's promise.
        let four = unsafe { vdupq_n_f32(x) };
        Self(four, four)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self(vld1q_f32(from), vld1q_f32(from.add(4))) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; 8];
        for (i, lane) in lanes.iter_mut().enumerate().take(n) {
            // SAFETY: the caller's promise: i < n.
            *lane = unsafe { from.add(i).read() };
        }
        // SAFETY: an array of eight.
        unsafe { Self::load(lanes.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the caller's promise: eight bytes are read.
        unsafe {
            let words = vmovl_u8(vld1_u8(from));
            Self(vcvtq_f32_u32(vmovl_u16(vget_low_u16(words))), vcvtq_f32_u32(vmovl_u16(vget_high_u16(words))))
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        let mut lanes = [0.0; 8];
        // SAFETY: an array of eight.
        unsafe { self.store(lanes.as_mut_ptr()) }
        for (i, lane) in lanes.into_iter().enumerate().take(n) {
            // SAFETY: the caller's promise: i < n.
            unsafe { to.add(i).write(lane) }
        }
    }

    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: see the implementation's own promise; so for all below.
        unsafe { Self(vfmaq_f32(self.0, a.0, b.0), vfmaq_f32(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(vaddq_f32(self.0, other.0), vaddq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(vsubq_f32(self.0, other.0), vsubq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(vmulq_f32(self.0, other.0), vmulq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Self(vdivq_f32(self.0, other.0), vdivq_f32(self.1, other.1)) }
    }

    // Neither vmaxq_f32 nor vminq_f32, which give NaN for NaN on either side.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                vbslq_f32(vcgtq_f32(self.0, other.0), self.0, other.0),
                vbslq_f32(vcgtq_f32(self.1, other.1), self.1, other.1),
            )
        }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                vbslq_f32(vcltq_f32(self.0, other.0), self.0, other.0),
                vbslq_f32(vcltq_f32(self.1, other.1), self.1, other.1),
            )
        }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: as above.
        unsafe { Self(vsqrtq_f32(self.0), vsqrtq_f32(self.1)) }
    }

    #[inline(always)]
    fn where_positive(self, x: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let zero = vdupq_n_f32(0.0);
            Self(vbslq_f32(vcgtq_f32(x.0, zero), self.0, zero), vbslq_f32(vcgtq_f32(x.1, zero), self.1, zero))
        }
    }
}

impl Eight for Neon {
    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: as above.
        unsafe {
            let four = vaddq_f32(self.0, self.1);
            vaddv_f32(vadd_f32(vget_low_f32(four), vget_high_f32(four)))
        }
    }
}
