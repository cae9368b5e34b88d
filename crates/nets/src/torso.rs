//! What turns observations into features, as `[network.torso]` says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NetError;
use crate::widths::{DEEPEST, WIDEST, check_depth, check_width, check_widths};

/// From observations to features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Torso {
    /// Dense layers, each followed by the activation. The observation is flattened first.
    Mlp {
        /// Units of each layer.
        #[schemars(inner(range(min = 1, max = WIDEST)), length(max = DEEPEST))]
        hidden: Vec<usize>,
    },
    /// The three convolutions of Mnih et al. 2015 ("Human-level control through deep reinforcement learning"): 32 filters
    /// of 8x8 with stride 4, 64 of 4x4 with stride 2, 64 of 3x3 with stride 1; then flattened, channels first.
    Nature {},
    /// Convolutions of any shape, each followed by the activation; then flattened, channels first. The observation is
    /// `[channels, height, width]`, or `[height, width]` for one channel.
    Conv {
        /// The layers in order.
        #[schemars(length(min = 1, max = DEEPEST))]
        layers: Vec<ConvSpec>,
    },
    /// The residual torso of Espeholt et al. 2018 ("IMPALA", figure 3, right). Of each number of channels: a convolution of 3x3
    /// that keeps the image's size, the maximum of 3x3 with stride 2, and two residual blocks, x + what two convolutions of
    /// 3x3 make of it, each behind the activation. Then the activation, and flattened, channels first. A normalisation stands
    /// behind each convolution. Parameters are named as in CleanRL's `ppo_procgen.py`: `torso.0.conv.weight`,
    /// `torso.0.res_block0.conv1.weight`, ... Candle's own operations compute it.
    Impala {
        /// Channels of each block; 16, 32, 32 in the paper.
        #[schemars(inner(range(min = 1, max = WIDEST)), length(min = 1, max = DEEPEST))]
        channels: Vec<usize>,
    },
}

/// One convolution, and perhaps a pooling after its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvSpec {
    /// Output channels.
    #[schemars(range(min = 1, max = WIDEST))]
    pub filters: usize,
    /// Side of the square kernel.
    #[schemars(range(min = 1, max = WIDEST))]
    pub kernel: usize,
    /// Step between two positions of the kernel.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = WIDEST))]
    pub stride: usize,
    /// Rows and columns of zeros around its input, less than `kernel`; 0 for none. With them Candle's own operations compute the
    /// network.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0))]
    pub padding: usize,
    /// Side of the squares of which the maximum is taken; 1 for none. Rows and columns beyond the last whole square are
    /// dropped, as in PyTorch's `MaxPool2d`.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = WIDEST))]
    pub pool: usize,
    /// Step between two of these squares; as far as they are wide, unless given. Where they overlap Candle's own operations
    /// compute the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = WIDEST))]
    pub pool_stride: Option<usize>,
    /// Rows and columns around what is pooled, which are never the maximum; at most half of `pool`. With them Candle's own
    /// operations compute the network.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0))]
    pub pool_padding: usize,
}

impl ConvSpec {
    /// A convolution without padding and pooling.
    pub const fn new(filters: usize, kernel: usize, stride: usize) -> Self {
        Self { filters, kernel, stride, padding: 0, pool: 1, pool_stride: None, pool_padding: 0 }
    }

    fn validate(&self, layer: usize) -> Result<(), NetError> {
        let key = |field: &str| format!("network.torso.layers[{layer}].{field}");
        check_width(&key("filters"), self.filters)?;
        check_width(&key("kernel"), self.kernel)?;
        check_width(&key("stride"), self.stride)?;
        check_width(&key("pool"), self.pool)?;
        if let Some(stride) = self.pool_stride {
            check_width(&key("pool_stride"), stride)?;
        }
        if self.padding >= self.kernel {
            return Err(NetError::value(key("padding"), self.padding, "less than the kernel's side"));
        }
        if self.pool_padding > self.pool / 2 {
            return Err(NetError::value(key("pool_padding"), self.pool_padding, "at most half of pool"));
        }
        if self.pool == 1 && self.pool_stride.is_some() {
            return Err(NetError::spec(key("pool_stride"), "it needs a pool above 1"));
        }
        Ok(())
    }
}

fn one() -> usize {
    1
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Mnih et al. 2015, Methods, "Model architecture".
const NATURE: [ConvSpec; 3] = [ConvSpec::new(32, 8, 4), ConvSpec::new(64, 4, 2), ConvSpec::new(64, 3, 1)];

impl Torso {
    /// The residual torso with the paper's channels: 16, 32 and 32.
    pub fn impala_2018() -> Self {
        Self::Impala { channels: vec![16, 32, 32] }
    }

    pub(crate) fn validate(&self) -> Result<(), NetError> {
        let some = |key: &str, layers: usize| match layers {
            0 => Err(NetError::spec(key, "at least one layer is needed")),
            _ => check_depth(key, layers),
        };
        match self {
            Self::Mlp { hidden } => check_widths("network.torso.hidden", hidden),
            Self::Nature {} => Ok(()),
            Self::Conv { layers } => {
                some("network.torso.layers", layers.len())?;
                layers.iter().enumerate().try_for_each(|(i, layer)| layer.validate(i))
            }
            Self::Impala { channels } => {
                some("network.torso.channels", channels.len())?;
                check_widths("network.torso.channels", channels)
            }
        }
    }

    /// The convolutions of a torso that is nothing else.
    pub(crate) fn convolutions(&self) -> Option<&[ConvSpec]> {
        match self {
            Self::Mlp { .. } | Self::Impala { .. } => None,
            Self::Nature {} => Some(&NATURE),
            Self::Conv { layers } => Some(layers),
        }
    }
}
