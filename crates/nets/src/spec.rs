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

/// One convolution, without padding.
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
}

fn one() -> usize {
    1
}

/// Mnih et al. 2015, Methods, "Model architecture".
pub(crate) const NATURE: [ConvSpec; 3] = [
    ConvSpec { filters: 32, kernel: 8, stride: 4 },
    ConvSpec { filters: 64, kernel: 4, stride: 2 },
    ConvSpec { filters: 64, kernel: 3, stride: 1 },
];

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
            initialisation: Initialisation::default(),
            output_initialisation: None,
        }
    }

    /// Checks everything that can be checked without the observation's shape. ([`QNetwork::new`](crate::QNetwork::new)
    /// checks that the layers fit it.)
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`], which names the key below `network` and says what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        match &self.torso {
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
        return Err(NetError::spec(key, format!("{width} is not allowed; 1 to {WIDEST}")));
    }
    Ok(())
}
