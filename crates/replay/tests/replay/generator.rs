//! Random numbers for tests, which come to an end.

use std::convert::Infallible;

use rand_core::{Rng, TryRng};
use rand_pcg::Pcg64;

/// A generator with a million numbers, far more than any test draws. A replay draws until it finds a transition: where it
/// never finds one, the test fails here and does not go on for ever.
pub(crate) struct Generator {
    rng: Pcg64,
    left: u32,
}

impl Generator {
    const NUMBERS: u32 = 1_000_000;

    pub(crate) fn new(state: u128) -> Self {
        Self { rng: Pcg64::new(state, 0), left: Self::NUMBERS }
    }

    /// How many numbers were drawn.
    pub(crate) fn drawn(&self) -> u32 {
        Self::NUMBERS - self.left
    }

    fn count(&mut self) -> &mut Pcg64 {
        assert!(self.left > 0, "a draw never finds a transition");
        self.left -= 1;
        &mut self.rng
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.count().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.count().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.count().fill_bytes(bytes);
        Ok(())
    }
}
