//! The hyperbolic tangent and its gradient.

use crate::elementwise::{for_each_spot, load, store};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;

/// values = tanh(values), to a few units in the last place.
///
/// The rational function is that of Eigen's `generic_fast_tanh_float`: an odd polynomial of degree 13 over an even one of
/// degree 6, on the range beyond which the result is 1.
#[derive(Debug)]
pub struct Tanh<'a> {
    /// What is changed.
    pub values: &'a mut [f32],
}

impl Tanh<'_> {
    /// Computes it on this thread.
    pub fn run(self, isa: Isa) {
        isa.run(self);
    }
}

/// Beyond this the f32 nearest to the result is 1.
const RANGE: f32 = 7.905_311;
/// Of x^13, x^11, ..., x.
const ODD: [f32; 7] =
    [-2.760_768_4e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297_3e-8, 1.485_722_35e-5, 6.372_619_5e-4, 4.893_524_6e-3];
/// Of x^6, x^4, x^2, 1.
const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_7e-3, 4.893_525e-3];

impl Kernel for Tanh<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for_each_spot!(V, self.values.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; the slice has the length that spots are made for.
            unsafe {
                // In this order NaN stays NaN.
                let x = V::splat(-RANGE).max(V::splat(RANGE).min(load(self.values, spot)));
                let square = x.mul(x);
                let mut odd = V::splat(ODD[0]);
                for coefficient in &ODD[1..] {
                    odd = V::splat(*coefficient).add_product(odd, square);
                }
                let mut even = V::splat(EVEN[0]);
                for coefficient in &EVEN[1..] {
                    even = V::splat(*coefficient).add_product(even, square);
                }
                store(x.mul(odd).div(even), self.values, spot);
            }
        });
    }
}

/// gradient = gradient (1 - output^2).
#[derive(Debug)]
pub struct TanhGradient<'a> {
    /// The hyperbolic tangent's output.
    pub output: &'a [f32],
    /// By the output; becomes that by the input.
    pub gradient: &'a mut [f32],
}

impl TanhGradient<'_> {
    /// Computes it on this thread.
    ///
    /// # Panics
    ///
    /// If the slices' lengths differ.
    pub fn run(self, isa: Isa) {
        assert!(self.output.len() == self.gradient.len(), "one gradient a value");
        isa.run(self);
    }
}

impl Kernel for TanhGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for_each_spot!(V, self.gradient.len(), spot => {
            // SAFETY: this runs inside `Isa::run`; both slices have the length that spots are made for.
            unsafe {
                let (gradient, output): (V, V) = (load(self.gradient, spot), load(self.output, spot));
                store(gradient.mul(V::splat(1.0).sub(output.mul(output))), self.gradient, spot);
            }
        });
    }
}
