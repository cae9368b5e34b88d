//! The arithmetic of neural networks on CPUs: convolutions, matrix products, activations, normalisations and the steps of
//! optimizers, over plain slices of `f32`.
//!
//! This crate must not know networks, nor the library of tensors that carries them: a kernel sees numbers and sizes.
//!
//! 1. An [`Isa`] is an instruction set that this machine has: AVX-512, AVX2, NEON or plain Rust. [`Isa::best`] is the fastest.
//! 2. A kernel is a struct of slices and sizes, and computed by its `run(isa)`. What it needs of the sizes it checks first: it
//!    panics where slices do not have the lengths that its fields' documentation says, and touches no memory outside them.
//! 3. Some kernels spread over the threads of the [rayon] pool that they are called in, where that pays ([`threads`]).
//!
//! | module | computes | sums run |
//! |---|---|---|
//! | [`convolution`] | convolutions without padding, and their gradients | along each kernel row, row after row |
//! | [`matmul`] | products of matrices, as dense layers need them | along the inner dimension, in order; in eight lanes for one column |
//! | [`layer_norm`] | layer normalisation and its gradients | in eight lanes, or unit after unit |
//! | [`max_pool`] | maxima of squares and their gradients | |
//! | [`relu`], [`tanh`] | activations and their gradients | |
//! | [`sums`] | sums of rows, of columns, of squares | in eight lanes; row after row |
//! | [`adam`], [`rms_prop`] | an optimizer's step | |
//! | [`transpose`], [`frames`] | turning matrices over; bytes to numbers | |
//!
//! **The same bits everywhere.** An order of sums belongs to a kernel, never to an instruction set or a number of threads, and
//! products are added with one rounding. Where lanes are added up there are eight of them, 0 to 7, always as
//! `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`: "in eight lanes" means that element i belongs to lane i modulo 8. A network
//! that learns by these kernels alone is the same network on every machine.
//!
//! Each kernel is written once, over vectors of 4 to 16 numbers, and compiled for each instruction set; which one runs is
//! decided when the program runs. All `unsafe` code of networks is here. Kernels for other types than `f32` would be other
//! modules of the same form.
//!
//! **Without optimisation everything here is about a thousand times slower:** on one machine with AVX2 a convolution of the Nature
//! network took 131 ms instead of 0.09 ms. Whoever uses this crate from a debug build writes into the `Cargo.toml` of their
//! workspace:
//!
//! ```toml
//! [profile.dev.package.deepq-kernels]
//! opt-level = 3
//! ```
//!
//! ```
//! use deepq_kernels::Isa;
//! use deepq_kernels::matmul::{MatMul, Matrix, MatrixMut, Start};
//!
//! // A dense layer of two units on a batch of one: [2, 3] times [3, 1], plus a bias, rectified.
//! let (weight, input, mut output) = ([1.0, 2.0, 3.0, -1.0, -1.0, 1.0], [1.0, 0.5, 2.0], [0.0; 2]);
//! MatMul {
//!     a: Matrix::new(&weight, 2, 3, 3),
//!     transposed: false,
//!     b: Matrix::new(&input, 3, 1, 1),
//!     c: MatrixMut::new(&mut output, 2, 1, 1),
//!     start: Start::Bias(&[0.25, -1.0]),
//!     relu: true,
//! }
//! .run(Isa::best());
//! assert_eq!(output, [8.25, 0.0]);
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

pub mod adam;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod convolution;
mod elementwise;
pub mod frames;
mod fused;
mod isa;
mod lanes;
pub mod layer_norm;
pub mod matmul;
pub mod max_pool;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod relu;
pub mod rms_prop;
pub mod sums;
pub mod tanh;
#[cfg(test)]
mod tests;
pub mod threads;
mod tile;
pub mod transpose;

pub use isa::{Isa, IsaError};
