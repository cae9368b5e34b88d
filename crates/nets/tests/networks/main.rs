//! What networks promise, one file a promise. What a network may have beside the usual layers (more outputs an action, noise, a
//! second input, padding, residual blocks) gives what its equation says, written a second time; its gradients are the
//! differences of what it gives; it has PyTorch's names and survives a file.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod kernels;
mod learning;
mod noise;
mod optimizers;
mod outputs;
mod pytorch;
mod residual;
mod second_input;
mod setup;
mod weights;
