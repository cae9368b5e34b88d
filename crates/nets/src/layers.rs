//! What a network consists of once its sizes are worked out: layers, and the places of their parameters.

use crate::Initialisation;
use crate::spec::Activation;

/// What multiplies bytes, so that frames lie in [0, 1].
pub(crate) const BYTE_SCALE: f64 = 1.0 / 255.0;

/// A parameter before it exists.
#[derive(Clone, Debug)]
pub(crate) struct ParameterPlan {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) role: Role,
}

/// What a parameter is, and so how it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Weight {
        fan_in: usize,
        initialisation: Initialisation,
    },
    Bias {
        fan_in: usize,
        initialisation: Initialisation,
    },
    /// A normalisation's weight, 1, or its bias, 0.
    Constant(u8),
    /// A running statistic of batch normalisation, which no gradient moves; begins as 1 or 0.
    Statistic(u8),
    /// How much noise a weight or bias has: this much.
    Deviation(f32),
}

/// A convolution on `[channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) filters: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    /// Rows and columns of zeros around the image.
    pub(crate) padding: usize,
}

impl Conv {
    /// The same convolution of the image with its zeros around it.
    pub(crate) fn of_padded(self) -> Self {
        let (height, width) = (self.height + 2 * self.padding, self.width + 2 * self.padding);
        Self { height, width, padding: 0, ..self }
    }

    pub(crate) fn out_height(&self) -> usize {
        (self.height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    pub(crate) fn out_width(&self) -> usize {
        (self.width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Input rows that a kernel reaches, those of the padding included.
    pub(crate) fn used_height(&self) -> usize {
        (self.out_height() - 1) * self.stride + self.kernel
    }

    /// Input columns that a kernel reaches, those of the padding included.
    pub(crate) fn used_width(&self) -> usize {
        (self.out_width() - 1) * self.stride + self.kernel
    }
}

/// The maximum of each square of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    /// The squares' side.
    pub(crate) side: usize,
    /// From one square to the next.
    pub(crate) stride: usize,
    /// Rows and columns around the image, which are never the maximum.
    pub(crate) padding: usize,
}

impl Pool {
    /// Rows or columns that come out of so many.
    pub(crate) fn out(&self, length: usize) -> usize {
        (length + 2 * self.padding - self.side) / self.stride + 1
    }

    /// Whether squares lie side by side, and none beyond the image.
    pub(crate) fn is_tiling(&self) -> bool {
        self.stride == self.side && self.padding == 0
    }
}

/// One layer with parameters, and what is done after it, in this order. Its weight is parameter `weight`, its bias the
/// next one.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) kind: LayerKind,
    pub(crate) weight: usize,
    pub(crate) norm: Option<Norm>,
    pub(crate) activation: Option<Activation>,
    pub(crate) pool: Option<Pool>,
}

/// A normalisation. Its weight is parameter `weight`; its bias and, for batches, mean, variance and number of batches
/// follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm {
    pub(crate) weight: usize,
    pub(crate) over_batch: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum LayerKind {
    Conv(Conv),
    Linear {
        outputs: usize,
    },
    /// A dense layer with factorised noise. Its parameters are the weight's mean and deviation and the bias's mean and
    /// deviation, from `weight` on.
    Noisy {
        inputs: usize,
        outputs: usize,
        /// Which of the network's noisy layers it is.
        index: usize,
    },
}

/// A part of a torso.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Layer(Layer),
    /// A function alone. The name is as that of a layer in front of it.
    Activation {
        name: String,
        activation: Activation,
    },
    /// What goes in plus what the parts make of it.
    Residual {
        name: String,
        parts: Vec<Block>,
    },
}

impl Block {
    /// The layers of these parts, in order.
    pub(crate) fn layers(blocks: &[Self]) -> Vec<&Layer> {
        let layers = |block| match block {
            &Self::Activation { .. } => vec![],
            Self::Layer(layer) => vec![layer],
            Self::Residual { parts, .. } => Self::layers(parts),
        };
        blocks.iter().flat_map(layers).collect()
    }
}
