//! A fused multiply-add in plain Rust, for machines that have no instruction for it.

/// sums + a * b, each rounded once.
#[inline(always)]
pub(crate) fn add_products<const N: usize>(sums: [f32; N], a: [f32; N], b: [f32; N]) -> [f32; N] {
    // Where there is no instruction, `mul_add` is a call of the C library for each number, and not every library's is right.
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        return std::array::from_fn(|i| a[i].mul_add(b[i], sums[i]));
    }
    // A product of two f32 is exact in f64, and the sum is rounded there.
    let rounded: [f64; N] = std::array::from_fn(|i| f64::from(a[i]) * f64::from(b[i]) + f64::from(sums[i]));
    if rounded.iter().fold(false, |any, x| any | may_round_twice(*x)) {
        return std::array::from_fn(|i| by_rounding_to_odd(sums[i], a[i], b[i]));
    }
    rounded.map(|x| x as f32)
}

/// Whether a sum that was rounded to this might round to another f32 than the exact one: only from just between two f32 can
/// it go the wrong way.
#[inline(always)]
fn may_round_twice(sum: f64) -> bool {
    /// The bits that f64 has and f32 has not, and the highest of them.
    const REST: u32 = (1 << 29) - 1;
    const MIDDLE: u32 = 1 << 28;
    // Below its least normal number f32 has fewer bits.
    let small = sum.abs() < f64::from(f32::MIN_POSITIVE) && sum != 0.0;
    sum.to_bits() as u32 & REST == MIDDLE || small
}

/// sum + a * b, rounded once, however it lies.
///
/// In f64 the sum is rounded to odd: where it is not exact, to that one of its two neighbours whose last bit is 1. With at
/// least two bits more than the result has, rounding that once more, to f32, gives what rounding the exact sum gives
/// (Boldo and Melquiond 2008, "Emulation of a FMA and correctly rounded sums").
fn by_rounding_to_odd(sum: f32, a: f32, b: f32) -> f32 {
    let (product, sum) = (f64::from(a) * f64::from(b), f64::from(sum));
    let rounded = product + sum;
    // What the addition lost, exactly (Knuth's two-sum). Not a number where the sum is none or infinite.
    let part = rounded - product;
    let lost = (product - (rounded - part)) + (sum - part);
    let bits = rounded.to_bits();
    // Towards what was lost: away from zero where both have one sign.
    let neighbour = if (lost > 0.0) == (rounded > 0.0) { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let (inexact, even) = (lost.abs() > 0.0, bits & 1 == 0);
    f64::from_bits(if inexact && even { neighbour } else { bits }) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any bits, or numbers whose product and sum are of one size, where rounding is close.
    fn operands() -> impl Strategy<Value = [f32; 3]> {
        let anything = prop::array::uniform3(any::<u32>().prop_map(f32::from_bits));
        let close = (any::<u32>(), any::<u32>(), -30..3i32, any::<u32>()).prop_map(|(a, b, shift, bits)| {
            // In [1, 2), with few bits and with many.
            let [a, b, c] = [a, b, bits].map(|bits| f32::from_bits(0x3f80_0000 | bits >> 9 & !(bits & 0x7fff)));
            let sum = c * 2f32.powi(shift);
            [if bits & 1 == 0 { sum } else { -sum }, a, b]
        });
        // Down to where f32 loses bits, and to where a product is below all of them.
        let tiny = (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(sum, a, b)| {
            [
                f32::from_bits(sum & 0x80ff_ffff),
                f32::from_bits(a & 0x9fff_ffff),
                f32::from_bits(b & 0xa07f_ffff | 0x2000_0000),
            ]
        });
        prop_oneof![anything, close, tiny]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 50 } else { 100_000 }))]

        /// The standard library promises one rounding; on a machine with the instruction it is that.
        #[test]
        fn rounds_once([sum, a, b] in operands()) {
            let expected = a.mul_add(b, sum);
            let [fast] = add_products([sum], [a], [b]);
            for actual in [fast, by_rounding_to_odd(sum, a, b)] {
                prop_assert!(
                    expected.to_bits() == actual.to_bits() || expected.is_nan() && actual.is_nan(),
                    "{sum:e} + {a:e} * {b:e} is {expected:e}, not {actual:e}"
                );
            }
        }
    }

    #[test]
    fn rounds_once_where_two_roundings_go_wrong() {
        let add_product = |sum: f32, a: f32, b: f32| add_products([sum, 0.0], [a, 1.0], [b, 2.0])[0];
        // Half of the sum's last place but for a little that f64 rounds away, and the sum's last bit is 1.
        let (half, b) = (2f32.powi(-24) * (1.0 + f32::EPSILON), 1.0 - f32::EPSILON);
        for sum in [1.0 + f32::EPSILON, -1.0 - f32::EPSILON] {
            for a in [half, -half] {
                assert_eq!(add_product(sum, a, b), sum, "{a}");
                assert_ne!((f64::from(sum) + f64::from(a) * f64::from(b)) as f32, sum, "what two roundings give");
            }
        }
        assert_eq!(add_product(-0.0, 0.0, -1.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(add_product(1.0, 1.0, -1.0).to_bits(), 0);
        assert_eq!(add_product(f32::MAX, f32::MAX, 1.0), f32::INFINITY);
        assert!(add_product(f32::INFINITY, f32::NEG_INFINITY, 1.0).is_nan());
    }
}
