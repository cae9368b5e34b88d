//! Ten steps of a small network towards a target, with `deepq-nets` and the crates that it re-exports.

use std::convert::Infallible;

use deepq_nets::rand_core::TryRng;
use deepq_nets::{Device, Head, Loss, NetworkSpec, Optimizer, OptimizerSpec, Network, Tensor, Torso, td_loss};

/// A multiplicative generator (Lehmer 1951) behind the traits that the crate re-exports.
struct Lehmer(u64);

impl TryRng for Lehmer {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        Ok((self.0 << 1) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, Head::Dueling { hidden: vec![8] });
    let network = Network::new(&spec, &[2], 3, &mut Lehmer(1), &Device::Cpu)?;
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-2), network.parameters())?;
    let observations = Tensor::new(&[[0.5f32, -0.5]], &Device::Cpu)?;
    let mut losses = Vec::new();
    for _ in 0..10 {
        let loss = td_loss(&network.forward(&observations)?, &[1], &[1.0], None, Loss::Huber)?;
        losses.push(loss.value);
        let gradients = network.backward(&loss.loss)?;
        optimizer.step(network.parameters(), &gradients)?;
    }
    assert!(losses[9] < losses[0], "{losses:?}");
    Ok(())
}
