//! Q-networks on [Candle](candle_core): what they are, how their weights are drawn, run, trained, saved and loaded.
//!
//! This crate must not know environments, replay memories or agents: it takes observations as tensors and targets as
//! slices.
//!
//! 1. A [`NetworkSpec`] says what a network is; it is an experiment's `[network]` section.
//! 2. [`QNetwork::new`] draws its weights from the caller's generator (there is no global one).
//! 3. [`QNetwork::values`] gives action values; [`QNetwork::forward`] gives the same in a graph that [`td_loss`] goes on.
//! 4. [`QNetwork::backward`] gives [`Gradients`], which can be clipped.
//! 5. An [`Optimizer`] moves the [`Parameters`]; its whole state can be taken out and put back.
//! 6. [`Parameters::to_safetensors`] writes a file that PyTorch loads by the same names; [`QNetwork::to_onnx`] writes network
//!    and weights as a model that needs nothing of ours.
//!
//! On CPUs a network is one operation of Candle's graph, computed by our own kernels for the best instruction set of the
//! machine ([`Isa`]); Candle's own operations remain as [`Compute::Reference`], which other devices use. Results are the same
//! bits on any instruction set and any number of threads.
//!
//! The cargo feature `cuda` adds NVIDIA GPUs ([`DeviceChoice::Cuda`]). **Untested:** it compiles, but has not run on a GPU yet.
//!
//! ```
//! use candle_core::{Device, Tensor};
//! use deepq_nets::{Head, Loss, NetworkSpec, Optimizer, OptimizerSpec, QNetwork, Torso, td_loss};
//! use rand_pcg::{Pcg64, rand_core::SeedableRng};
//!
//! let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
//! let network = QNetwork::new(&spec, &[4], 2, &mut Pcg64::seed_from_u64(1), &Device::Cpu)?;
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

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod device;
mod engine;
mod error;
mod gradients;
mod graph;
mod im2col;
mod initialise;
mod loss;
mod onnx;
mod optimizer;
mod optimizer_spec;
mod parameters;
mod plan;
mod q_network;
mod reference;
mod spec;
mod weights;

pub use candle_core::{Device, Tensor};
pub use deepq_kernels::{Isa, IsaError};

pub use device::DeviceChoice;
pub use error::NetError;
pub use gradients::Gradients;
pub use initialise::Initialisation;
pub use loss::{Loss, TdLoss, td_loss};
pub use onnx::{ObservationType, OnnxModel};
pub use optimizer::{Optimizer, OptimizerState};
pub use optimizer_spec::OptimizerSpec;
pub use parameters::Parameters;
pub use q_network::{Compute, QNetwork};
pub use spec::{Activation, ConvSpec, Head, NetworkSpec, Normalisation, Torso};
