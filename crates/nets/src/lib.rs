//! Networks for reinforcement learning on [Candle](candle_core): what they are, how their weights are drawn, run, trained, saved
//! and loaded.
//!
//! This crate must not know environments, replay memories or agents: it takes observations as tensors and targets as
//! slices.
//!
//! **What a network is.** A [`NetworkSpec`] is an experiment's `[network]` section:
//!
//! 1. A [`Torso`] turns observations into features: dense layers, convolutions of any shape ([`ConvSpec`]), residual blocks.
//! 2. A [`Head`] turns features into action values: streams of dense layers, and a rule that combines them, as a dueling head's.
//! 3. [`Activation`], [`Normalisation`] and [`Initialisation`] are those of all layers. Dense layers behind the torso may have
//!    noise ([`NoiseSpec`]), and a second input may be multiplied into the features ([`TauEmbedding`]).
//! 4. An [`Interface`] is what whoever trains the network takes from it and gives it: how many [`Outputs`] an action has, whether
//!    noise is drawn.
//!
//! **What is done with it.**
//!
//! 1. [`Network::new`] draws its weights from the caller's generator (there is no global one);
//!    [`Network::with_interface`] makes one with more outputs an action, noise or a second input.
//! 2. [`Network::values`] gives action values, `[batch, actions]` or `[batch, actions, outputs]`; [`Network::forward`] gives the
//!    same in a graph that a loss goes on, as [`td_loss`]. What else a network takes is [`Given`]: [`Noise`], which
//!    [`Network::draw_noise`] draws anew, and numbers of the second input.
//! 3. [`Network::backward`] gives [`Gradients`], which can be clipped.
//! 4. An [`Optimizer`] moves the [`Parameters`] as its [`OptimizerSpec`] says; its whole state can be taken out and put back.
//! 5. [`Parameters::to_safetensors`] writes a file that PyTorch loads by the same names; [`Network::to_onnx`] writes network
//!    and weights as a model that needs nothing of ours.
//!
//! **What computes.** On CPUs a network is one operation of Candle's graph, computed by the kernels of [`deepq_kernels`] for the best
//! instruction set of the machine ([`Isa`]); Candle's own operations remain as [`Compute::Reference`], which other devices
//! use, and networks with a part that there are no kernels for ([`Network::compute`] lists them): these are many times slower.
//! Results of the kernels are the same bits on any instruction set and any number of threads.
//!
//! The cargo feature `cuda` adds NVIDIA GPUs ([`DeviceChoice::Cuda`]). **Untested:** it compiles, but has not run on a GPU yet.
//!
//! **What goes with it.** Tensors and devices are Candle's, and only those of the same version fit: take them from here, as
//! [`candle_core`], [`Tensor`] and [`Device`], or depend on `candle-core` `=0.11.1`. Generators are whatever implements `Rng` of
//! [`rand_core`] 0.10, also re-exported; those of `rand` 0.9 and older do not.
//!
//! **Without optimisation everything here is some hundred times slower.** In a debug build of your own write into the `Cargo.toml` of
//! your workspace:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! ```
//! use deepq_nets::{
//!     Device, Head, Loss, NetworkSpec, Optimizer, OptimizerSpec, Network, Tensor, Torso, td_loss,
//! };
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
//! let network = Network::new(&spec, &[4], 2, &mut Pcg64::seed_from_u64(1), &Device::Cpu)?;
//! let mut optimizer = Optimizer::new(&OptimizerSpec::adam(1e-3), network.parameters())?;
//!
//! let observations = Tensor::new(&[[0.1f32, 0.2, -0.1, 0.0], [0.3, -0.2, 0.0, 0.1]], &Device::Cpu)?;
//! let (actions, targets) = ([0, 1], [1.0, -1.0]);
//! let before = td_loss(&network.forward(&observations)?, &actions, &targets, None, Loss::Huber)?;
//! let gradients = network.backward(&before.loss)?;
//! optimizer.step(network.parameters(), &gradients)?;
//! let after = td_loss(&network.forward(&observations)?, &actions, &targets, None, Loss::Huber)?;
//! assert!(after.loss.to_scalar::<f32>()? < before.loss.to_scalar::<f32>()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod combine;
mod device;
mod engine;
mod error;
mod given;
mod gradients;
mod graph;
mod im2col;
mod initialise;
mod interface;
mod layers;
mod loss;
mod network;
mod noise;
mod onnx;
mod optimizer;
mod optimizer_spec;
mod parameters;
mod plan;
mod reference;
mod spec;
mod torso;
mod weights;
mod widths;

pub use candle_core::{self, Device, Tensor};
pub use deepq_kernels::{Isa, IsaError};
pub use rand_core;

pub use device::DeviceChoice;
pub use error::NetError;
pub use given::Given;
pub use gradients::Gradients;
pub use initialise::Initialisation;
pub use interface::{Interface, Outputs};
pub use loss::{Loss, TdLoss, td_loss};
pub use network::{Compute, Network};
pub use noise::Noise;
pub use onnx::{ObservationType, OnnxModel};
pub use optimizer::{Optimizer, OptimizerState};
pub use optimizer_spec::OptimizerSpec;
pub use parameters::Parameters;
pub use spec::{Activation, Head, NetworkSpec, NoiseSpec, Normalisation, TauEmbedding};
pub use torso::{ConvSpec, Torso};
