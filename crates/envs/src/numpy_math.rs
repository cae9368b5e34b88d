//! Arithmetic as Python and NumPy do it, where it differs from the obvious in the last bit.

use std::hint::black_box;

/// `x ** 2` of a NumPy `float64` scalar: C's `pow`, which is not `x * x` in one value of a thousand.
#[inline]
pub(crate) fn square(x: f64) -> f64 {
    // The exponent is hidden from the compiler, which would turn the call into a product.
    x.powf(black_box(2.0))
}

/// `x ** 2` of a NumPy `float32` scalar.
#[inline]
pub(crate) fn square_f32(x: f32) -> f32 {
    x.powf(black_box(2.0))
}

/// `x % y` for positive `y`: the remainder has the sign of `y`.
pub(crate) fn modulo(x: f64, y: f64) -> f64 {
    let remainder = x % y;
    if remainder < 0.0 { remainder + y } else { remainder.abs() }
}

/// `numpy.cos` of a `float32`.
pub(crate) fn cos_f32(x: f32) -> f32 {
    if x.abs() <= COS_LIMIT { sin_cos_f32(x, 1) } else { x.cos() }
}

/// `numpy.sin` of a `float32`.
pub(crate) fn sin_f32(x: f32) -> f32 {
    if x.abs() <= SIN_LIMIT { sin_cos_f32(x, 0) } else { x.sin() }
}

/// 71476.0625 and 117435.992: beyond these, NumPy asks the C library.
const COS_LIMIT: f32 = f32::from_bits(0x478b_9a08);
const SIN_LIMIT: f32 = f32::from_bits(0x47e5_5dff);

/// NumPy's vectorised sine and cosine (`loops_trigonometric.dispatch`): reduction to ±pi/4 by Cody and Waite's method and
/// a minimax polynomial each. All of it is fused multiply-add, also the rounding, which its compiler contracts. `shift`
/// is 0 for the sine and 1 for the cosine.
fn sin_cos_f32(x: f32, shift: i32) -> f32 {
    const TWO_OVER_PI: f32 = f32::from_bits(0x3f22_f983);
    /// Minus pi/2 in three parts.
    const PI_OVER_2: [f32; 3] = [f32::from_bits(0xbfc9_0fd8), f32::from_bits(0xb4a8_885a), f32::from_bits(0xa7c2_34c4)];
    /// Adding it rounds to a whole number, half to even.
    const ROUND: f32 = 12_582_912.0;

    let quadrant = x.mul_add(TWO_OVER_PI, ROUND) - ROUND;
    let [high, middle, low] = PI_OVER_2;
    let x = quadrant.mul_add(low, quadrant.mul_add(middle, quadrant.mul_add(high, x)));
    #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^17")]
    let quadrant = quadrant as i32 + shift;
    let value = if quadrant & 1 == 0 { sin_polynomial(x) } else { cos_polynomial(x) };
    if quadrant & 2 == 2 { 0.0 - value } else { value }
}

fn cos_polynomial(x: f32) -> f32 {
    const C8: f32 = f32::from_bits(0x37cc_730b);
    const C6: f32 = f32::from_bits(0xbab6_036e);
    const C4: f32 = f32::from_bits(0x3d2a_aa9e);
    let y = x * x;
    C8.mul_add(y, C6).mul_add(y, C4).mul_add(y, -0.5).mul_add(y, 1.0)
}

fn sin_polynomial(x: f32) -> f32 {
    const C9: f32 = f32::from_bits(0x363e_9dde);
    const C7: f32 = f32::from_bits(0xb950_35dd);
    const C5: f32 = f32::from_bits(0x3c08_88cd);
    const C3: f32 = f32::from_bits(0xbe2a_aaab);
    let y = x * x;
    C9.mul_add(y, C7).mul_add(y, C5).mul_add(y, C3).mul_add(y, 0.0).mul_add(x, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of `numpy.cos` and `numpy.sin` of `float32`, from NumPy 2.4.6.
    #[test]
    fn sine_and_cosine_are_numpys() {
        for (x, cos, sin) in [
            (0.1, 0x3f7e_b898, 0x3dcc_7577),
            (-0.7, 0x3f43_ccb3, 0xbf24_eb73),
            (1.0, 0x3f0a_5140, 0x3f57_6aa5),
            (2.5, 0xbf4d_17bf, 0x3f19_3579),
            (-3.0, 0xbf7d_7026, 0xbe10_81c3),
            (10.0, 0xbf56_cd64, 0xbf0b_44f7),
            (-100.25, 0x3f75_f639, 0x3e8d_f805),
            (1000.5, 0x3dc6_dffc, 0x3f7e_ca46),
            (70000.0, 0x3f11_3e1d, 0xbf52_cf31),
            (100_000.0, 0xbf7f_d61c, 0x3d12_6d55),
            (200_000.0, 0x3f7f_587e, 0xbd92_555f),
        ] {
            assert_eq!([cos_f32(x).to_bits(), sin_f32(x).to_bits()], [cos, sin], "{x}");
        }
    }

    #[test]
    fn modulo_is_pythons() {
        for (x, y) in [(7.5, 1.5), (-7.5, 0.5), (-8.0, 0.0), (8.0, 0.0), (-1e-20, 2.0)] {
            assert_eq!(modulo(x, 2.0).to_bits(), f64::to_bits(y), "{x}");
        }
    }
}
