//! Uniform draws.

use rand_core::Rng;

/// Uniform in `0..n`, without bias: Lemire 2019, "Fast random integer generation in an interval", on 64-bit draws. `n`
/// must be positive.
pub(crate) fn below(rng: &mut dyn Rng, n: u64) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(n);
    if (product as u64) < n {
        let threshold = n.wrapping_neg() % n;
        while (product as u64) < threshold {
            product = u128::from(rng.next_u64()) * u128::from(n);
        }
    }
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rand_core::TryRng;

    use super::*;

    /// A generator that gives these numbers and no others.
    struct Numbers<'a>(&'a [u64]);

    impl TryRng for Numbers<'_> {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("draws are made of 64 bits")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            let (first, rest) = self.0.split_first().expect("another draw was not to be made");
            self.0 = rest;
            Ok(*first)
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
            unreachable!("draws are made of 64 bits")
        }
    }

    /// What is drawn from these numbers, which it takes all.
    fn drawn(numbers: &[u64], n: u64) -> u64 {
        let mut rng = Numbers(numbers);
        let drawn = below(&mut rng, n);
        assert!(rng.0.is_empty(), "{:?} were not needed", rng.0);
        drawn
    }

    #[test]
    fn equal_shares_of_all_numbers_draw_the_first_and_the_last_and_all_between() {
        for n in [1, 2, 3, 7, 1 << 40, (1 << 63) + 1, u64::MAX] {
            assert_eq!(drawn(&[u64::MAX], n), n - 1, "the last of {n}");
            assert_eq!(drawn(&[1 << 63], n), n / 2, "the middle one of {n}");
        }
        for share in 0..8 {
            let width = 1 << 61;
            assert_eq!(drawn(&[share * width], 8), share);
            assert_eq!(drawn(&[(share + 1) * width - 1], 8), share);
        }
    }

    /// 2^64 leaves a rest of 1 when it is divided by 3: one number is too many, and that is 0, whose product has a low half
    /// below 1. Divided by 2^63 + 1 it leaves 2^63 - 1: almost every second number is drawn again.
    #[test]
    fn numbers_that_would_make_shares_unequal_are_drawn_again() {
        assert_eq!(drawn(&[0, 0, u64::MAX], 3), 2);
        assert_eq!(drawn(&[1], 3), 0);
        assert_eq!(drawn(&[u64::MAX / 3], 3), 0);
        assert_eq!(drawn(&[u64::MAX / 3 + 1], 3), 1);
        assert_eq!(drawn(&[0], 4), 0);
        // (2^65 + 1) / 3: the low half is 1.
        assert_eq!(drawn(&[12_297_829_382_473_034_411], 3), 2);
        let n = (1 << 63) + 1;
        // The low halves of 0, 1, 2 and 3 times n are 0, 2^63 + 1, 2 and 2^63 + 3.
        assert_eq!(drawn(&[0, 1], n), 0);
        assert_eq!(drawn(&[0, 2, 3], n), 1);
    }
}
