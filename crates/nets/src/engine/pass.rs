//! What goes into a pass through a network, and where its gradients go.

use std::borrow::Cow;

use deepq_kernels::Isa;
use deepq_kernels::frames::FromBytes;

use super::packed::Packed;
use crate::layers::BYTE_SCALE;

/// What a network computes with.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    /// All parameters in order, each flat.
    pub(crate) values: &'a [&'a [f32]],
    /// What [`Engine::pack`](super::Engine::pack) made of them.
    pub(crate) packed: &'a Packed,
}

/// Where gradients go.
pub(crate) struct Sink<'a> {
    /// One for each parameter, in its layout; empty for one that is frozen.
    pub(crate) gradients: &'a mut [Vec<f32>],
    /// Whether they are added to what is there.
    pub(crate) add: bool,
}

impl Sink<'_> {
    /// Whether a parameter's gradient is wanted.
    pub(super) fn wants(&self, index: usize) -> bool {
        !self.gradients[index].is_empty()
    }

    /// Takes a parameter's gradient, if it is wanted.
    pub(super) fn write(&mut self, index: usize, gradient: &[f32]) {
        let to = &mut self.gradients[index];
        if to.is_empty() {
        } else if self.add {
            to.iter_mut().zip(gradient).for_each(|(to, from)| *to += *from);
        } else {
            to.copy_from_slice(gradient);
        }
    }
}

/// Observations, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// To be scaled by 1/255.
    Bytes(&'a [u8]),
    Floats(&'a [f32]),
}

impl<'a> Input<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// As numbers, scaled.
    pub(super) fn numbers(self, isa: Isa) -> Cow<'a, [f32]> {
        match self {
            Self::Floats(floats) => Cow::Borrowed(floats),
            Self::Bytes(bytes) => {
                let mut numbers = vec![0.0; bytes.len()];
                FromBytes { channels: 1, scale: BYTE_SCALE as f32, bytes, numbers: &mut numbers }.run(isa);
                Cow::Owned(numbers)
            }
        }
    }
}
