//! A specification worked out for one observation shape: every layer with its sizes and its parameters' places.

use crate::spec::{Activation, Head, NetworkSpec, Normalisation, Torso};
use crate::{Initialisation, NetError};

/// Networks with more parameters than this are refused before anything is allocated.
const MOST_PARAMETERS: usize = 1 << 30;

/// A parameter before it exists.
#[derive(Clone, Debug)]
pub(crate) struct ParameterPlan {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) role: Role,
}

/// What a parameter is, and so how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A convolution on `[channels, height, width]` without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) filters: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
}

impl Conv {
    pub(crate) fn out_height(&self) -> usize {
        (self.height - self.kernel) / self.stride + 1
    }

    pub(crate) fn out_width(&self) -> usize {
        (self.width - self.kernel) / self.stride + 1
    }

    /// Input rows that a kernel reaches.
    pub(crate) fn used_height(&self) -> usize {
        (self.out_height() - 1) * self.stride + self.kernel
    }

    /// Input columns that a kernel reaches.
    pub(crate) fn used_width(&self) -> usize {
        (self.out_width() - 1) * self.stride + self.kernel
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
    /// Side of the squares of which the maximum is taken.
    pub(crate) pool: Option<usize>,
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
    Linear { outputs: usize },
}

/// The streams behind the torso.
#[derive(Clone, Debug)]
pub(crate) enum HeadPlan {
    Single(Vec<Layer>),
    Dueling { value: Vec<Layer>, advantage: Vec<Layer> },
}

/// A network's layers in order, sizes worked out.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The shape of one observation.
    pub(crate) observation: Vec<usize>,
    pub(crate) actions: usize,
    /// Either all convolutions (features are then flattened channels first) or all dense.
    pub(crate) torso: Vec<Layer>,
    pub(crate) head: HeadPlan,
    pub(crate) parameters: Vec<ParameterPlan>,
}

impl Plan {
    pub(crate) fn new(spec: &NetworkSpec, observation: &[usize], actions: usize) -> Result<Self, NetError> {
        spec.validate()?;
        let elements = observation.iter().try_fold(1usize, |n, &side| n.checked_mul(side)).unwrap_or(0);
        if observation.is_empty() || !(1..=MOST_PARAMETERS).contains(&elements) {
            return Err(NetError::spec("network", format!("observations of shape {observation:?} cannot be used")));
        }
        if !(1..=1 << 20).contains(&actions) {
            return Err(NetError::spec("network", format!("a network for {actions} actions cannot be built")));
        }
        let mut builder = Builder { spec, parameters: vec![] };
        let (torso, features) = match (&spec.torso, spec.convolutions()) {
            (Torso::Mlp { hidden }, _) => builder.dense("torso", elements, hidden, None)?,
            (_, convolutions) => builder.convolutions(observation, convolutions.unwrap_or_default())?,
        };
        let head = match &spec.head {
            Head::Single { hidden } => HeadPlan::Single(builder.dense("head", features, hidden, Some(actions))?.0),
            Head::Dueling { hidden } => HeadPlan::Dueling {
                value: builder.dense("value", features, hidden, Some(1))?.0,
                advantage: builder.dense("advantage", features, hidden, Some(actions))?.0,
            },
        };
        Ok(Self { observation: observation.to_vec(), actions, torso, head, parameters: builder.parameters })
    }

    /// Whether rows of a batch depend on each other.
    pub(crate) fn normalises_batches(&self) -> bool {
        self.torso.iter().any(|layer| layer.norm.is_some_and(|norm| norm.over_batch))
    }

    /// Elements of one observation.
    pub(crate) fn observation_len(&self) -> usize {
        self.observation.iter().product()
    }
}

struct Builder<'a> {
    spec: &'a NetworkSpec,
    parameters: Vec<ParameterPlan>,
}

impl Builder<'_> {
    /// Dense layers of these widths and, where there are outputs, a last one without activation. Gives the layers and
    /// the number of features that come out.
    fn dense(
        &mut self,
        stream: &str,
        inputs: usize,
        hidden: &[usize],
        outputs: Option<usize>,
    ) -> Result<(Vec<Layer>, usize), NetError> {
        let mut layers = vec![];
        let mut inputs = inputs;
        let widths = hidden.iter().map(|&units| (units, true)).chain(outputs.map(|units| (units, false)));
        let mut place = 0;
        for (outputs, activated) in widths {
            let initialisation = match self.spec.output_initialisation {
                Some(initialisation) if !activated => initialisation,
                _ => self.spec.initialisation,
            };
            let weight = self.layer(&format!("{stream}.{place}"), &[outputs, inputs], initialisation)?;
            let layered = activated && self.spec.normalisation == Normalisation::Layer;
            let norm = layered.then(|| self.norm(&format!("{stream}.{}", place + 1), &[outputs], false));
            let activation = activated.then_some(self.spec.activation);
            layers.push(Layer { kind: LayerKind::Linear { outputs }, weight, norm, activation, pool: None });
            // In PyTorch's nn.Sequential normalisations and activations count too.
            place += 2 + usize::from(layered);
            inputs = outputs;
        }
        Ok((layers, inputs))
    }

    fn convolutions(
        &mut self,
        observation: &[usize],
        specs: &[crate::ConvSpec],
    ) -> Result<(Vec<Layer>, usize), NetError> {
        let (mut channels, mut height, mut width) = match *observation {
            [height, width] => (1, height, width),
            [channels, height, width] => (channels, height, width),
            _ => {
                return Err(NetError::spec(
                    "network.torso",
                    format!(
                        "convolutions take observations [channels, height, width] or [height, width], not {observation:?}"
                    ),
                ));
            }
        };
        let mut layers = vec![];
        let mut place = 0;
        for (i, spec) in specs.iter().enumerate() {
            if spec.kernel > height.min(width) {
                return Err(NetError::spec(
                    "network.torso",
                    format!("layer {i}: a kernel of {0}x{0} does not fit its input of {height}x{width}", spec.kernel),
                ));
            }
            let conv =
                Conv { channels, height, width, filters: spec.filters, kernel: spec.kernel, stride: spec.stride };
            (channels, height, width) = (conv.filters, conv.out_height(), conv.out_width());
            let shape = [spec.filters, conv.channels, spec.kernel, spec.kernel];
            let weight = self.layer(&format!("torso.{place}"), &shape, self.spec.initialisation)?;
            place += 1;
            let norm = match self.spec.normalisation {
                Normalisation::None => None,
                Normalisation::Layer => Some(self.norm(&format!("torso.{place}"), &[channels, height, width], false)),
                Normalisation::Batch => Some(self.norm(&format!("torso.{place}"), &[channels], true)),
            };
            place += 1 + usize::from(norm.is_some());
            let pool = (spec.pool > 1).then_some(spec.pool);
            if let Some(side) = pool {
                if side > height.min(width) {
                    return Err(NetError::spec(
                        "network.torso",
                        format!("layer {i}: pooling {side}x{side} does not fit its input of {height}x{width}"),
                    ));
                }
                (height, width) = (height / side, width / side);
                place += 1;
            }
            layers.push(Layer {
                kind: LayerKind::Conv(conv),
                weight,
                norm,
                activation: Some(self.spec.activation),
                pool,
            });
        }
        Ok((layers, channels * height * width))
    }

    /// Adds a weight and its bias; gives the weight's index.
    fn layer(&mut self, name: &str, shape: &[usize], initialisation: Initialisation) -> Result<usize, NetError> {
        let too_big = || NetError::spec("network", format!("more than {MOST_PARAMETERS} parameters (at {name})"));
        let elements = shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side)).ok_or_else(too_big)?;
        let so_far: usize = self.parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum();
        if elements > MOST_PARAMETERS - so_far.min(MOST_PARAMETERS) {
            return Err(too_big());
        }
        let fan_in = shape[1..].iter().product();
        let weight = self.parameters.len();
        self.add(format!("{name}.weight"), shape, Role::Weight { fan_in, initialisation });
        self.add(format!("{name}.bias"), &shape[..1], Role::Bias { fan_in, initialisation });
        Ok(weight)
    }

    /// Adds a normalisation's parameters.
    fn norm(&mut self, name: &str, shape: &[usize], over_batch: bool) -> Norm {
        let weight = self.parameters.len();
        self.add(format!("{name}.weight"), shape, Role::Constant(1));
        self.add(format!("{name}.bias"), shape, Role::Constant(0));
        if over_batch {
            self.add(format!("{name}.running_mean"), shape, Role::Statistic(0));
            self.add(format!("{name}.running_var"), shape, Role::Statistic(1));
            self.add(format!("{name}.{BATCHES}"), &[], Role::Statistic(0));
        }
        Norm { weight, over_batch }
    }

    fn add(&mut self, name: String, shape: &[usize], role: Role) {
        self.parameters.push(ParameterPlan { name, shape: shape.to_vec(), role });
    }
}

/// PyTorch's name of the number of batches that batch normalisation has seen; it is a whole number in files.
pub(crate) const BATCHES: &str = "num_batches_tracked";
