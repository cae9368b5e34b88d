//! What a network is, as an experiment's `[network]` section says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::torso::Torso;
use crate::widths::{DEEPEST, WIDEST, check_width, check_widths};
use crate::{Initialisation, NetError};

/// A network: a torso that turns observations into features, and a head that turns features into action values.
///
/// ```
/// use deepq_nets::{Head, NetworkSpec, Torso};
/// let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![64, 64] }, Head::Single { hidden: vec![] });
/// spec.validate()?;
/// # Ok::<(), deepq_nets::NetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// From observations to features.
    pub torso: Torso,
    /// From features to action values.
    pub head: Head,
    /// The function after each layer but the last.
    #[serde(default)]
    pub activation: Activation,
    /// What is done between each layer but the last and its activation.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// How the weights are drawn.
    #[serde(default)]
    pub initialisation: Initialisation,
    /// How the weights of the last layer (of each stream) are drawn; as all others, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_initialisation: Option<Initialisation>,
    /// Noise in the weights of the dense layers behind the torso; none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseSpec>,
    /// A second input; none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau_embedding: Option<TauEmbedding>,
}

/// From features to action values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Head {
    /// Dense layers; the last gives one value an action. Parameters are named `head.0.weight`, ...
    Single {
        /// Units of each layer before the last; often none, 512 after the Nature torso.
        #[serde(default)]
        #[schemars(inner(range(min = 1, max = WIDEST)), length(max = DEEPEST))]
        hidden: Vec<usize>,
    },
    /// Two streams, of which one estimates the state's value V and the other each action's advantage A:
    /// Q(s, a) = V(s) + A(s, a) - mean over a' of A(s, a') (Wang et al. 2016, equation 9). Parameters are named
    /// `value.0.weight`, `advantage.0.weight`, ...
    Dueling {
        /// Units of each stream's layers before the last.
        #[schemars(inner(range(min = 1, max = WIDEST)), length(max = DEEPEST))]
        hidden: Vec<usize>,
    },
}

/// The function after each layer but the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x); its gradient at 0 is 0, as in PyTorch.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// What is done between a layer and its activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// Each observation's units are brought to mean 0 and deviation 1, then scaled and shifted by a weight and a bias of
    /// each unit (Ba et al. 2016; PyTorch's `LayerNorm` over all but the batch).
    Layer,
    /// Each channel is brought to mean 0 and deviation 1 over the batch and all places, then scaled and shifted (Ioffe and
    /// Szegedy 2015; PyTorch's `BatchNorm2d`): by the batch's own statistics where it learns ([`forward`](crate::Network::forward)),
    /// which it adds to running ones with momentum 0.1, and by the running ones where it acts
    /// ([`values`](crate::Network::values)) and where it is [frozen](crate::Parameters::freeze). For convolutions only: dense
    /// layers stay as they are. There are no kernels for
    /// it; Candle's own operations compute it.
    Batch,
}

/// Factorised Gaussian noise in the dense layers behind the torso (Fortunato et al. 2018, "Noisy networks for exploration",
/// section 3 and equations 10 and 11): each weight and bias has a mean and a deviation, which are learned, and noise is the
/// product of a number of its input and one of its output. Means begin uniform within 1 / sqrt(inputs), whatever else
/// the network is initialised by, deviations as `sigma` / sqrt(inputs) (section 3.2).
///
/// Parameters are named `head.0.weight_mu`, `head.0.weight_sigma`, `head.0.bias_mu` and `head.0.bias_sigma`, as in Kaixhin's
/// Rainbow, CleanRL and TorchRL; the noise itself is no parameter here, but [drawn](crate::Network::draw_noise) and
/// [given](crate::Given). Candle's own operations compute such a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseSpec {
    /// The initial deviation times the root of a layer's inputs, above 0; 0.5 in the paper.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub sigma: f64,
}

impl NoiseSpec {
    /// The paper's 0.5.
    pub fn fortunato_2018() -> Self {
        Self { sigma: 0.5 }
    }
}

/// A second input for implicit quantile networks (Dabney et al. 2018, equation 4): cos(pi i tau) for i from 0 to `cosines` - 1
/// go through a dense layer with the network's activation, whose output is multiplied into the torso's features, so that each
/// row has features of each of its taus. Parameters are named `embedding.0.weight` and `embedding.0.bias`. Candle's own
/// operations compute such a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TauEmbedding {
    /// How many cosines; 64 in the paper.
    #[schemars(range(min = 1, max = WIDEST))]
    pub cosines: usize,
}

impl TauEmbedding {
    /// The paper's 64 cosines.
    pub fn dabney_2018() -> Self {
        Self { cosines: 64 }
    }
}

impl NetworkSpec {
    /// The network of [Mnih et al. 2015](https://www.nature.com/articles/nature14236) (methods, "Model architecture"): three
    /// convolutions, a dense layer of 512, ReLU; drawn as Torch draws, with which it was written.
    pub fn nature_2015() -> Self {
        let initialisation = Initialisation::Pytorch;
        Self { initialisation, ..Self::new(Torso::Nature {}, Head::Single { hidden: vec![512] }) }
    }

    /// The dueling network of [Wang et al. 2016](https://arxiv.org/abs/1511.06581) (section 4.2): the convolutions of
    /// [`nature_2015`](Self::nature_2015), and a dense layer of 512 in each stream. The paper's scaling of the gradient that
    /// enters the last convolution is not part of it.
    pub fn dueling_2016() -> Self {
        Self { head: Head::Dueling { hidden: vec![512] }, ..Self::nature_2015() }
    }

    /// A network with ReLU and He initialisation.
    pub fn new(torso: Torso, head: Head) -> Self {
        Self {
            torso,
            head,
            activation: Activation::default(),
            normalisation: Normalisation::default(),
            initialisation: Initialisation::default(),
            output_initialisation: None,
            noise: None,
            tau_embedding: None,
        }
    }

    /// Checks everything that can be checked without the observation's shape. ([`Network::new`](crate::Network::new)
    /// checks that the layers fit it.)
    ///
    /// # Errors
    ///
    /// [`NetError::Spec`] or [`NetError::Value`], which name the key below `network` and say what is allowed.
    pub fn validate(&self) -> Result<(), NetError> {
        if matches!(self.torso, Torso::Mlp { .. }) && self.normalisation == Normalisation::Batch {
            let reason = "batch normalisation is for convolutions; none and layer are allowed here";
            return Err(NetError::spec("network.normalisation", reason));
        }
        self.torso.validate()?;
        if let Some(NoiseSpec { sigma }) = self.noise
            && !(sigma.is_finite() && sigma > 0.0)
        {
            return Err(NetError::value("network.noise.sigma", sigma, "a number above 0"));
        }
        if let Some(TauEmbedding { cosines }) = self.tau_embedding {
            check_width("network.tau_embedding.cosines", cosines)?;
        }
        let (Head::Single { hidden } | Head::Dueling { hidden }) = &self.head;
        check_widths("network.head.hidden", hidden)
    }
}
