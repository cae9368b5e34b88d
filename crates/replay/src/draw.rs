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
