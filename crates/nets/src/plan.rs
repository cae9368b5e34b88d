//! A specification worked out for one observation shape: every layer with its sizes and its parameters' places.

use crate::combine::Rule;
use crate::interface::{Interface, Outputs};
use crate::layers::{Block, Conv, Layer, LayerKind, Norm, ParameterPlan, Pool, Role};
use crate::spec::{Head, NetworkSpec, Normalisation};
use crate::torso::{ConvSpec, Torso};
use crate::{Initialisation, NetError};

/// Networks with more parameters than this are refused before anything is allocated.
const MOST_PARAMETERS: usize = 1 << 30;

/// A network's layers in order, sizes worked out.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The shape of one observation.
    pub(crate) observation: Vec<usize>,
    pub(crate) actions: usize,
    pub(crate) outputs: Outputs,
    /// Either begins with a convolution (features are then flattened channels first) or is all dense.
    pub(crate) torso: Vec<Block>,
    /// What a second input is multiplied into the features by.
    pub(crate) embedding: Option<Embedding>,
    /// As many as the rule takes.
    pub(crate) streams: Vec<Stream>,
    pub(crate) rule: Rule,
    pub(crate) parameters: Vec<ParameterPlan>,
}

/// A second input's way to the features: cosines of it, and a dense layer.
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    pub(crate) cosines: usize,
    pub(crate) layer: Layer,
}

/// Dense layers from the features on.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) layers: Vec<Layer>,
    /// Of how many actions it speaks.
    pub(crate) actions: usize,
}

impl Plan {
    pub(crate) fn new(
        spec: &NetworkSpec,
        observation: &[usize],
        actions: usize,
        interface: Interface,
    ) -> Result<Self, NetError> {
        spec.validate()?;
        interface.check(spec)?;
        let elements = observation.iter().try_fold(1usize, |n, &side| n.checked_mul(side)).unwrap_or(0);
        if observation.is_empty() || !(1..=MOST_PARAMETERS).contains(&elements) {
            return Err(NetError::spec("network", format!("observations of shape {observation:?} cannot be used")));
        }
        if !(1..=1 << 20).contains(&actions) {
            return Err(NetError::spec("network", format!("a network for {actions} actions cannot be built")));
        }
        let outputs = interface.outputs.count();
        if !(1..=1 << 20).contains(&outputs) {
            return Err(NetError::spec("network", format!("a network of {outputs} outputs an action cannot be built")));
        }
        let mut builder = Builder { spec, parameters: vec![], noisy: 0 };
        let (torso, features) = match &spec.torso {
            Torso::Mlp { hidden } => {
                let (layers, features) = builder.dense("torso", elements, hidden, None)?;
                (layers.into_iter().map(Block::Layer).collect(), features)
            }
            Torso::Impala { channels } => builder.residual(image(observation)?, channels)?,
            _ => builder.convolutions(image(observation)?, spec.torso.convolutions().unwrap_or_default())?,
        };
        let embedding = match spec.tau_embedding {
            None => None,
            Some(embedding) => Some(builder.embedding(embedding.cosines, features)?),
        };
        let (Head::Single { hidden } | Head::Dueling { hidden }) = &spec.head;
        let rule = Rule::of(&spec.head);
        let stream = |(name, actions): (&'static str, usize)| -> Result<Stream, NetError> {
            let layers = builder.dense(name, features, hidden, Some(actions * outputs))?.0;
            Ok(Stream { name, layers, actions })
        };
        let streams = rule.streams(actions).into_iter().map(stream).collect::<Result<_, _>>()?;
        let (observation, outputs, parameters) = (observation.to_vec(), interface.outputs, builder.parameters);
        Ok(Self { observation, actions, outputs, torso, embedding, streams, rule, parameters })
    }

    /// Whether rows of a batch depend on each other.
    pub(crate) fn normalises_batches(&self) -> bool {
        Block::layers(&self.torso).iter().any(|layer| layer.norm.is_some_and(|norm| norm.over_batch))
    }

    /// Channels, height and width of an observation, where the torso begins with a convolution.
    pub(crate) fn image(&self) -> Option<[usize; 3]> {
        match self.torso.first() {
            Some(Block::Layer(Layer { kind: LayerKind::Conv(conv), .. })) => {
                Some([conv.channels, conv.height, conv.width])
            }
            _ => None,
        }
    }

    /// Elements of one observation.
    pub(crate) fn observation_len(&self) -> usize {
        self.observation.iter().product()
    }

    /// Outputs of each action, for one number of the second input where there is one.
    pub(crate) fn outputs_per_action(&self) -> usize {
        self.outputs.count()
    }

    /// The shape of what comes out for one observation, and one number of the second input where there is one.
    pub(crate) fn row_shape(&self) -> Vec<usize> {
        match self.outputs {
            Outputs::PerAction(outputs) => vec![self.actions, outputs],
            Outputs::One | Outputs::PerTau => vec![self.actions],
        }
    }

    /// Inputs and outputs of the noisy layers, in order.
    pub(crate) fn noisy(&self) -> impl Iterator<Item = (usize, usize)> {
        self.streams.iter().flat_map(|stream| &stream.layers).filter_map(|layer| match layer.kind {
            LayerKind::Noisy { inputs, outputs, .. } => Some((inputs, outputs)),
            _ => None,
        })
    }
}

/// Channels, height and width of observations that are images.
fn image(observation: &[usize]) -> Result<[usize; 3], NetError> {
    match *observation {
        [height, width] => Ok([1, height, width]),
        [channels, height, width] => Ok([channels, height, width]),
        _ => {
            let allowed = "convolutions take observations [channels, height, width] or [height, width]";
            Err(NetError::spec("network.torso", format!("{allowed}, not {observation:?}")))
        }
    }
}

/// A convolution's pooling, if it has one.
fn pooling(spec: &ConvSpec) -> Option<Pool> {
    let ConvSpec { pool: side, pool_stride, pool_padding: padding, .. } = *spec;
    (side > 1).then(|| Pool { side, stride: pool_stride.unwrap_or(side), padding })
}

struct Builder<'a> {
    spec: &'a NetworkSpec,
    parameters: Vec<ParameterPlan>,
    /// Noisy layers so far.
    noisy: usize,
}

impl Builder<'_> {
    /// Dense layers of these widths and, where there are outputs, a last one without activation: a stream, whose layers may
    /// have noise. Gives the layers and the number of features that come out.
    fn dense(
        &mut self,
        stream: &str,
        inputs: usize,
        hidden: &[usize],
        outputs: Option<usize>,
    ) -> Result<(Vec<Layer>, usize), NetError> {
        let noise = self.spec.noise.filter(|_| outputs.is_some());
        let mut layers = vec![];
        let mut inputs = inputs;
        let widths = hidden.iter().map(|&units| (units, true)).chain(outputs.map(|units| (units, false)));
        let mut place = 0;
        for (outputs, activated) in widths {
            let initialisation = match self.spec.output_initialisation {
                Some(initialisation) if !activated => initialisation,
                _ => self.spec.initialisation,
            };
            let (name, shape) = (format!("{stream}.{place}"), [outputs, inputs]);
            let (weight, kind) = match noise {
                None => (self.layer(&name, &shape, initialisation)?, LayerKind::Linear { outputs }),
                Some(noise) => {
                    let index = self.noisy;
                    (self.noisy_layer(&name, &shape, noise.sigma)?, LayerKind::Noisy { inputs, outputs, index })
                }
            };
            let layered = activated && self.spec.normalisation == Normalisation::Layer;
            let norm = layered.then(|| self.norm(&format!("{stream}.{}", place + 1), &[outputs], false));
            let activation = activated.then_some(self.spec.activation);
            layers.push(Layer { kind, weight, norm, activation, pool: None });
            // In PyTorch's nn.Sequential normalisations and activations count too.
            place += 2 + usize::from(layered);
            inputs = outputs;
        }
        Ok((layers, inputs))
    }

    /// Dabney et al. 2018 ("Implicit quantile networks"), equation 4: a dense layer from cosines to features.
    fn embedding(&mut self, cosines: usize, features: usize) -> Result<Embedding, NetError> {
        let weight = self.layer("embedding.0", &[features, cosines], self.spec.initialisation)?;
        let (kind, activation) = (LayerKind::Linear { outputs: features }, Some(self.spec.activation));
        Ok(Embedding { cosines, layer: Layer { kind, weight, norm: None, activation, pool: None } })
    }

    fn convolutions(&mut self, mut image: [usize; 3], specs: &[ConvSpec]) -> Result<(Vec<Block>, usize), NetError> {
        let mut blocks = vec![];
        let mut place = 0;
        for (i, spec) in specs.iter().enumerate() {
            let names = [format!("torso.{place}"), format!("torso.{}", place + 1)];
            let at = format!("layer {i}");
            let layer = self.convolution(&at, &names, &mut image, *spec, Some(self.spec.activation))?;
            place += 2 + usize::from(layer.norm.is_some()) + usize::from(layer.pool.is_some());
            blocks.push(Block::Layer(layer));
        }
        Ok((blocks, image.iter().product()))
    }

    /// Espeholt et al. 2018 ("IMPALA"), figure 3, right: of each number of channels a convolution, a pooling and two
    /// residual blocks. Parameters are named as in CleanRL's `ppo_procgen.py`.
    fn residual(&mut self, mut image: [usize; 3], channels: &[usize]) -> Result<(Vec<Block>, usize), NetError> {
        let activation = self.spec.activation;
        let mut blocks = vec![];
        for (i, &filters) in channels.iter().enumerate() {
            let name = format!("torso.{i}");
            let (at, names) = (format!("block {i}"), ["conv", "norm"].map(|part| format!("{name}.{part}")));
            let conv = ConvSpec { padding: 1, ..ConvSpec::new(filters, 3, 1) };
            let pooled = ConvSpec { pool: 3, pool_stride: Some(2), pool_padding: 1, ..conv };
            blocks.push(Block::Layer(self.convolution(&at, &names, &mut image, pooled, None)?));
            for j in 0..2 {
                let name = format!("{name}.res_block{j}");
                let mut parts = vec![];
                for k in 0..2 {
                    let names = ["conv", "norm"].map(|part| format!("{name}.{part}{k}"));
                    parts.push(Block::Activation { name: format!("{name}.activation{k}"), activation });
                    parts.push(Block::Layer(self.convolution(&at, &names, &mut image, conv, None)?));
                }
                blocks.push(Block::Residual { name, parts });
            }
        }
        blocks.push(Block::Activation { name: format!("torso.{}", channels.len()), activation });
        Ok((blocks, image.iter().product()))
    }

    /// A convolution with a normalisation if there are any, and perhaps a pooling. `image` becomes what comes out, `names` are
    /// those of convolution and normalisation, `at` is where errors are.
    fn convolution(
        &mut self,
        at: &str,
        [name, norm_name]: &[String; 2],
        image: &mut [usize; 3],
        spec: ConvSpec,
        activation: Option<crate::Activation>,
    ) -> Result<Layer, NetError> {
        let [channels, height, width] = *image;
        let ConvSpec { filters, kernel, stride, padding, .. } = spec;
        if kernel > height.min(width) + 2 * padding {
            let (input, padded) = (format!("its input of {height}x{width}"), padding > 0);
            let with = if padded { format!(" with {padding} around it") } else { String::new() };
            let reason = format!("{at}: a kernel of {kernel}x{kernel} does not fit {input}{with}");
            return Err(NetError::spec("network.torso", reason));
        }
        let conv = Conv { channels, height, width, filters, kernel, stride, padding };
        let weight = self.layer(name, &[filters, channels, kernel, kernel], self.spec.initialisation)?;
        let out = [filters, conv.out_height(), conv.out_width()];
        let norm = match self.spec.normalisation {
            Normalisation::None => None,
            Normalisation::Layer => Some(self.norm(norm_name, &out, false)),
            Normalisation::Batch => Some(self.norm(norm_name, &[filters], true)),
        };
        *image = out;
        let pool = pooling(&spec);
        if let Some(pool) = pool {
            let [_, height, width] = out;
            if pool.side > height.min(width) + 2 * pool.padding {
                let side = pool.side;
                let reason = format!("{at}: pooling {side}x{side} does not fit its input of {height}x{width}");
                return Err(NetError::spec("network.torso", reason));
            }
            *image = [filters, pool.out(height), pool.out(width)];
        }
        Ok(Layer { kind: LayerKind::Conv(conv), weight, norm, activation, pool })
    }

    /// Adds a weight and its bias; gives the weight's index.
    fn layer(&mut self, name: &str, shape: &[usize], initialisation: Initialisation) -> Result<usize, NetError> {
        self.check_size(name, shape, 1)?;
        let fan_in = shape[1..].iter().product();
        let weight = self.parameters.len();
        self.add(format!("{name}.weight"), shape, Role::Weight { fan_in, initialisation });
        self.add(format!("{name}.bias"), &shape[..1], Role::Bias { fan_in, initialisation });
        Ok(weight)
    }

    /// Adds means and deviations of a weight and its bias; gives the first one's index. Names are those of Kaixhin's Rainbow,
    /// CleanRL and TorchRL; they begin as in Fortunato et al. 2018, section 3.2.
    fn noisy_layer(&mut self, name: &str, shape: &[usize; 2], sigma: f64) -> Result<usize, NetError> {
        self.check_size(name, shape, 2)?;
        let (first, fan_in, initialisation) = (self.parameters.len(), shape[1], Initialisation::Pytorch);
        let deviation = Role::Deviation((sigma / (fan_in as f64).sqrt()) as f32);
        self.add(format!("{name}.weight_mu"), shape, Role::Weight { fan_in, initialisation });
        self.add(format!("{name}.weight_sigma"), shape, deviation);
        self.add(format!("{name}.bias_mu"), &shape[..1], Role::Bias { fan_in, initialisation });
        self.add(format!("{name}.bias_sigma"), &shape[..1], deviation);
        self.noisy += 1;
        Ok(first)
    }

    fn check_size(&self, name: &str, shape: &[usize], times: usize) -> Result<(), NetError> {
        let too_big = || NetError::spec("network", format!("more than {MOST_PARAMETERS} parameters (at {name})"));
        let elements = shape.iter().try_fold(times, |n, &side| n.checked_mul(side)).ok_or_else(too_big)?;
        let so_far: usize = self.parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum();
        if elements > MOST_PARAMETERS - so_far.min(MOST_PARAMETERS) { Err(too_big()) } else { Ok(()) }
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
