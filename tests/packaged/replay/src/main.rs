//! Transitions that are stored and drawn, with `deepq-replay` and a generator of one's own.

use std::convert::Infallible;

use deepq_replay::rand_core::TryRng;
use deepq_replay::{Batch, End, Layout, ReplaySpec, Transition};

/// A generator behind the traits that the crate re-exports (Steele et al. 2014, SplitMix64).
struct SplitMix(u64);

impl TryRng for SplitMix {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut replay = ReplaySpec::uniform(100).build(&Layout::single(1), 0.5)?;
    replay.begin(0, &[0.0])?;
    for step in 1..=10 {
        let end = if step == 10 { End::TERMINATED } else { End::RUNNING };
        replay.push(0, &Transition { action: step, reward: 1.0, next_observation: &[step as f32], end })?;
    }
    let mut batch = Batch::new();
    replay.sample(64, &mut SplitMix(1), &mut batch)?;
    for row in 0..batch.len() {
        assert_eq!(batch.next_observations[row], batch.actions[row] as f32);
        assert_eq!(batch.discounts[row], if batch.actions[row] == 10 { 0.0 } else { 0.5 });
    }
    Ok(())
}
