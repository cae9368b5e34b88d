//! The arithmetic of networks on CPUs, written once over vectors of any length and compiled for each instruction set.
//!
//! Public for this crate's own benchmarks alone: nothing here is promised to stay, but [`Isa`](crate::Isa).

pub mod adam;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod convolution;
mod elementwise;
pub(crate) mod frames;
mod fused;
mod isa;
mod lanes;
pub mod layer_norm;
pub mod matmul;
pub(crate) mod max_pool;
#[cfg(target_arch = "aarch64")]
mod neon;
pub(crate) mod relu;
pub(crate) mod rms_prop;
pub(crate) mod sums;
pub(crate) mod tanh;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
mod tile;
pub(crate) mod transpose;

pub use isa::Isa;
