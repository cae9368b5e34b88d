//! What a network is, as an experiment's `[network]` section says it.

use serde::{Deserialize, Serialize};

use crate::{Initialisation, NetError};

/// A Q-network: a torso that turns observations into features, and a head that turns features into action values.
///
/// ```
/// use deepq_nets::{Head, NetworkSpec, Torso};
/// let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
/// spec.validate()?;
/// # Ok::<(), deepq_nets::NetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// From observations to features.
    pub torso: Torso,
    /// From features to action values.
    pub head: Head,
    /// After each layer but the last.
    #[serde(default)]
    pub activation: Activation,
    /// Between each layer but the last and its activation.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// How the weights are drawn.
    #[serde(default)]
    pub initialisation: Initialisation,
    /// How the weights of the last layer (of each stream) are drawn; as all others, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_initialisation: Option<Initialisation>,
}

/// From observations to features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Torso {
    /// Dense layers, each followed by the activation. The observation is flattened first.
    Mlp {
        /// Units of each layer.
        hidden: Vec<usize>,
    },
    /// The three convolutions of Mnih et al. 2015 ("Human-level control through deep reinforcement learning"): 32 filters
    /// of 8x8 with stride 4, 64 of 4x4 with stride 2, 64 of 3x3 with stride 1; then flattened, channels first.
    Nature {},
    /// Convolutions of any shape, each followed by the activation; then flattened, channels first. The observation is
    /// `[channels, height, width]`, or `[height, width]` for one channel.
    Conv {
        /// The layers in order.
        layers: Vec<ConvSpec>,
    },
}

/// One convolution, without padding, and perhaps a pooling after its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvSpec {
    /// Output channels.
    pub filters: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between two positions of the kernel.
    #[serde(default = "one")]
    pub stride: usize,
    /// Side of the squares of which the maximum is taken; 1 for none. Rows and columns beyond the last whole square are
    /// dropped, as in PyTorch's `MaxPool2d`.
    #[serde(default = "one")]
    pub pool: usize,
}

impl ConvSpec {
    /// A convolution without pooling.
    pub const fn new(filters: usize, kernel: usize, stride: usize) -> Self {
        Self { filters, kernel, stride, pool: 1 }
    }
}

fn one() -> usize {
    1
}

/// Mnih et al. 2015, Methods, "Model architecture".
pub(crate) const NATURE: [ConvSpec; 3] = [ConvSpec::new(32, 8, 4), ConvSpec::new(64, 4, 2), ConvSpec::new(64, 3, 1)];

/// From features to action values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Head {
    /// Dense layers; the last gives one value an action. Parameters are named `head.0.weight`, ...
    Single {
        /// Units of each layer before the last; often none, 512 after the Nature torso.
        #[serde(default)]
        hidden: Vec<usize>,
    },
    /// Two streams, of which one estimates the state's value V and the other each action's advantage A:
    /// Q(s, a) = V(s) + A(s, a) - mean over a' of A(s, a') (Wang et al. 2016, equation 9). Parameters are named
    /// `value.0.weight`, `advantage.0.weight`, ...
    Dueling {
        /// Units of each stream's layers before the last.
        hidden: Vec<usize>,
    },
}

/// The function after each layer but the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x); its gradient at 0 is 0, as in PyTorch.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// What is done between a layer and its activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// Each observation's units are brought to mean 0 and deviation 1, then scaled and shifted by a weight and a bias of
    /// each unit (Ba et al. 2016; PyTorch's `LayerNorm` over all but the batch).
    Layer,
    /// Each channel is brought to mean 0 and deviation 1 over the batch and all places, then scaled and shifted (Ioffe and
    /// Szegedy 2015; PyTorch's `BatchNorm2d`): by the batch's own statistics in [`forward`](crate::QNetwork::forward), which
    /// it adds to running ones with momentum 0.1, and by the running ones in [`values`](crate::QNetwork::values) and where it
    /// is [frozen](crate::Parameters::freeze). For convolutions only: dense layers stay as they are. There are no kernels for
    /// it; Candle's own operations compute it.
    Batch,
}

/// Layers wider than this are taken for a slip of the hand.
const WIDEST: usize = 1 << 16;
/// Layers of one sequence.
const DEEPEST: usize = 64;

impl NetworkSpec {
    /// A network with ReLU and He initialisation.
    pub fn new(torso: Torso, head: Head) -> Self {
        Self {
            torso,
            head,
            activation: Activation::default(),
            normalisation: Normalisation::default(),
            initialisation: Initialisation::default(),
            output_initialisation: None,
        }
    }

    /// Checks everything that can be checked without the observation's shape. ([`QNetwork::new`](crate::QNetwork::new)
    /// checks that the layers fit it.)
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] or [`NetError::Value`], which name the key below `network` and say what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        match &self.torso {
            Torso::Mlp { .. } if self.normalisation == Normalisation::Batch => {
                let reason = "batch normalisation is for convolutions; none and layer are allowed here";
                return Err(NetError::spec("network.normalisation", reason));
            }
            Torso::Mlp { hidden } => check_widths("network.torso.hidden", hidden)?,
            Torso::Nature {} => {}
            Torso::Conv { layers } => {
                check_depth("network.torso.layers", layers.len())?;
                if layers.is_empty() {
                    return Err(NetError::spec("network.torso.layers", "at least one layer is needed"));
                }
                for (i, layer) in layers.iter().enumerate() {
                    let key = |field: &str| format!("network.torso.layers[{i}].{field}");
                    check_width(&key("filters"), layer.filters)?;
                    check_width(&key("kernel"), layer.kernel)?;
                    check_width(&key("stride"), layer.stride)?;
                    check_width(&key("pool"), layer.pool)?;
                }
            }
        }
        let (Head::Single { hidden } | Head::Dueling { hidden }) = &self.head;
        check_widths("network.head.hidden", hidden)
    }

    pub(crate) fn convolutions(&self) -> Option<&[ConvSpec]> {
        match &self.torso {
            Torso::Mlp { .. } => None,
            Torso::Nature {} => Some(&NATURE),
            Torso::Conv { layers } => Some(layers),
        }
    }
}

fn check_widths(key: &str, widths: &[usize]) -> Result<(), NetError> {
    check_depth(key, widths.len())?;
    widths.iter().enumerate().try_for_each(|(i, &width)| check_width(&format!("{key}[{i}]"), width))
}

fn check_depth(key: &str, depth: usize) -> Result<(), NetError> {
    if depth > DEEPEST {
        return Err(NetError::spec(key, format!("{depth} layers are too many; at most {DEEPEST}")));
    }
    Ok(())
}

fn check_width(key: &str, width: usize) -> Result<(), NetError> {
    if !(1..=WIDEST).contains(&width) {
        return Err(NetError::value(key, width, format!("from 1 to {WIDEST}")));
    }
    Ok(())
}
