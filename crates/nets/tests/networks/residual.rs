//! Padding, pooling that overlaps, and the residual torso of Espeholt et al. 2018.

use deepq_nets::{Activation, Compute, ConvSpec, Head, Interface, Isa, Network, NetworkSpec, Normalisation, Torso};

use crate::setup::{
    assert_close, check_file, check_gradients, flat, names, network, observations, parameter, refusal, wide,
};

/// An image `[channels, height, width]` in plain loops.
#[derive(Clone)]
struct Image {
    sides: [usize; 3],
    values: Vec<f64>,
}

impl Image {
    /// The value at a place that may lie beyond the image.
    fn at(&self, channel: usize, row: isize, column: isize) -> Option<f64> {
        let [_, height, width] = self.sides;
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        (row < height && column < width).then(|| self.values[(channel * height + row) * width + column])
    }

    /// What `f` makes of each channel and each corner of squares so wide, with a stride and padding.
    fn slide(
        &self,
        channels: usize,
        side: usize,
        [stride, padding]: [usize; 2],
        f: impl Fn(usize, isize, isize) -> f64,
    ) -> Self {
        let [_, height, width] = self.sides;
        let out = |length: usize| (length + 2 * padding - side) / stride + 1;
        let corner = |i: usize| (i * stride) as isize - padding as isize;
        let mut values = vec![];
        for channel in 0..channels {
            for row in 0..out(height) {
                for column in 0..out(width) {
                    values.push(f(channel, corner(row), corner(column)));
                }
            }
        }
        Self { sides: [channels, out(height), out(width)], values }
    }

    fn convolve(&self, network: &Network, name: &str, kernel: usize, [stride, padding]: [usize; 2]) -> Self {
        let weight = parameter(network, &format!("{name}.weight"));
        let bias = parameter(network, &format!("{name}.bias"));
        let channels = self.sides[0];
        self.slide(bias.len(), kernel, [stride, padding], |filter, row, column| {
            let mut sum = bias[filter];
            for channel in 0..channels {
                for i in 0..kernel {
                    for j in 0..kernel {
                        let x = self.at(channel, row + i as isize, column + j as isize).unwrap_or(0.0);
                        sum += x * weight[((filter * channels + channel) * kernel + i) * kernel + j];
                    }
                }
            }
            sum
        })
    }

    fn pool(&self, side: usize, [stride, padding]: [usize; 2]) -> Self {
        self.slide(self.sides[0], side, [stride, padding], |channel, row, column| {
            let places =
                (0..side * side).map(|place| (row + (place / side) as isize, column + (place % side) as isize));
            places.filter_map(|(row, column)| self.at(channel, row, column)).fold(f64::NEG_INFINITY, f64::max)
        })
    }

    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|x| *x = f(*x));
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        assert_eq!(self.sides, other.sides);
        self.values.iter_mut().zip(&other.values).for_each(|(x, y)| *x += y);
        self
    }

    /// A dense layer behind it.
    fn dense(&self, network: &Network) -> Vec<f64> {
        let (weight, bias) = (parameter(network, "head.0.weight"), parameter(network, "head.0.bias"));
        let rows = weight.chunks_exact(self.values.len());
        rows.zip(bias).map(|(row, bias)| bias + row.iter().zip(&self.values).map(|(a, b)| a * b).sum::<f64>()).collect()
    }
}

/// Biases that are not 0, as they begin.
fn with_biases(network: Network) -> Network {
    for (i, (name, tensor)) in network.parameters().iter().enumerate() {
        if name.ends_with("bias") {
            let values = crate::setup::numbers(tensor.elem_count(), i as u64);
            let values = candle_core::Tensor::from_vec(values, tensor.shape(), &candle_core::Device::Cpu).unwrap();
            network.parameters().set(name, &(values * 0.3).unwrap()).unwrap();
        }
    }
    network
}

fn single(torso: Torso) -> NetworkSpec {
    NetworkSpec::new(torso, Head::Single { hidden: vec![] })
}

fn conv(layers: &[ConvSpec]) -> NetworkSpec {
    single(Torso::Conv { layers: layers.to_vec() })
}

#[test]
fn padding_and_overlapping_pools_are_what_plain_loops_give() {
    for (padding, stride) in [(0, 1), (1, 1), (2, 2), (2, 3)] {
        for (pool, pool_stride, pool_padding) in
            [(1, None, 0), (2, None, 0), (3, Some(2), 1), (2, Some(3), 1), (3, Some(1), 0)]
        {
            let layer = ConvSpec { padding, pool, pool_stride, pool_padding, ..ConvSpec::new(5, 3, stride) };
            let mut spec = conv(&[layer]);
            spec.activation = Activation::Tanh;
            let network = with_biases(network(&spec, &[2, 9, 12], 3, Interface::default()));
            let x = observations(&network, 3, 1);
            let known = padding == 0 && (pool == 1 || pool_stride.is_none());
            assert_eq!(network.compute() == Compute::Reference, !known, "{layer:?}");
            let expected: Vec<f64> = wide(&flat(&x))
                .chunks_exact(2 * 9 * 12)
                .flat_map(|image| {
                    let image = Image { sides: [2, 9, 12], values: image.to_vec() };
                    let active = image.convolve(&network, "torso.0", 3, [stride, padding]).map(f64::tanh);
                    let pooled = active.pool(pool, [pool_stride.unwrap_or(pool), pool_padding]);
                    pooled.dense(&network)
                })
                .collect();
            assert_close(&flat(&network.values(&x).unwrap()), &expected);
            check_gradients(&network, |network| network.forward(&x).unwrap());
        }
    }
}

#[test]
fn the_residual_torso_is_what_plain_loops_give() {
    for activation in [Activation::Relu, Activation::Tanh] {
        let mut spec = single(Torso::Impala { channels: vec![3, 4] });
        spec.activation = activation;
        let network = with_biases(network(&spec, &[2, 9, 7], 3, Interface::default()));
        let f = |x: f64| if activation == Activation::Relu { x.max(0.0) } else { x.tanh() };
        let x = observations(&network, 3, 1);
        let expected: Vec<f64> = wide(&flat(&x))
            .chunks_exact(2 * 9 * 7)
            .flat_map(|image| {
                let mut image = Image { sides: [2, 9, 7], values: image.to_vec() };
                for block in 0..2 {
                    let name = format!("torso.{block}");
                    image = image.convolve(&network, &format!("{name}.conv"), 3, [1, 1]).pool(3, [2, 1]);
                    for residual in 0..2 {
                        let conv = |i: usize| format!("{name}.res_block{residual}.conv{i}");
                        let first = image.clone().map(f).convolve(&network, &conv(0), 3, [1, 1]);
                        image = first.map(f).convolve(&network, &conv(1), 3, [1, 1]).plus(&image);
                    }
                }
                assert_eq!(image.sides, [4, 3, 2]);
                image.map(f).dense(&network)
            })
            .collect();
        assert_close(&flat(&network.values(&x).unwrap()), &expected);
        check_gradients(&network, |network| network.forward(&x).unwrap());
        check_file(&network, &spec, Interface::default());
    }
}

#[test]
fn the_residual_torso_has_the_names_of_cleanrl() {
    let spec = NetworkSpec::new(Torso::impala_2018(), Head::Single { hidden: vec![256] });
    let network = network(&spec, &[4, 84, 84], 6, Interface::default());
    let names = names(&network);
    assert_eq!(
        names[..10],
        [
            "torso.0.conv.weight [16, 4, 3, 3]",
            "torso.0.conv.bias [16]",
            "torso.0.res_block0.conv0.weight [16, 16, 3, 3]",
            "torso.0.res_block0.conv0.bias [16]",
            "torso.0.res_block0.conv1.weight [16, 16, 3, 3]",
            "torso.0.res_block0.conv1.bias [16]",
            "torso.0.res_block1.conv0.weight [16, 16, 3, 3]",
            "torso.0.res_block1.conv0.bias [16]",
            "torso.0.res_block1.conv1.weight [16, 16, 3, 3]",
            "torso.0.res_block1.conv1.bias [16]",
        ]
    );
    // 84 becomes 42, 21 and 11.
    assert_eq!(names[30..32], ["head.0.weight [256, 3872]", "head.0.bias [256]"]);
    assert_eq!(names.len(), 34);
}

#[test]
fn residual_blocks_can_be_normalised() {
    for (normalisation, parameters) in [(Normalisation::Layer, 5 * 4 + 2), (Normalisation::Batch, 5 * 7 + 2)] {
        let mut spec = single(Torso::Impala { channels: vec![3] });
        (spec.activation, spec.normalisation) = (Activation::Tanh, normalisation);
        let network = network(&spec, &[2, 5, 6], 3, Interface::default());
        assert_eq!(network.parameters().len(), parameters);
        assert!(network.parameters().get("torso.0.norm.weight").is_some());
        assert!(network.parameters().get("torso.0.res_block1.norm1.bias").is_some());
        let x = observations(&network, 3, 1);
        assert_eq!(network.values(&x).unwrap().dims(), [3, 3]);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_key() {
    let layer = ConvSpec::new(4, 3, 1);
    for (spec, word) in [
        (conv(&[ConvSpec { padding: 3, ..layer }]), "network.torso.layers[0].padding"),
        (conv(&[ConvSpec { pool: 3, pool_padding: 2, ..layer }]), "network.torso.layers[0].pool_padding"),
        (conv(&[ConvSpec { pool: 3, pool_stride: Some(0), ..layer }]), "network.torso.layers[0].pool_stride"),
        (conv(&[ConvSpec { pool_stride: Some(2), ..layer }]), "network.torso.layers[0].pool_stride"),
        (conv(&[ConvSpec { kernel: 9, padding: 1, ..layer }]), "a kernel of 9x9 does not fit its input of 6x6 with 1"),
        (single(Torso::Impala { channels: vec![] }), "network.torso.channels"),
        (single(Torso::Impala { channels: vec![8, 0] }), "network.torso.channels[1]"),
    ] {
        let error = refusal(&spec, &[2, 6, 6], Interface::default());
        assert!(error.contains(word), "{error}");
    }
    let error = refusal(&single(Torso::impala_2018()), &[6], Interface::default());
    assert!(error.contains("not [6]"), "{error}");
    for (spec, key, what) in [
        (conv(&[ConvSpec { padding: 1, ..layer }]), "network.torso.layers", "padding"),
        (conv(&[ConvSpec { pool: 2, pool_stride: Some(1), ..layer }]), "network.torso.layers", "pooling that overlaps"),
        (single(Torso::impala_2018()), "network.torso", "residual blocks"),
    ] {
        let mut network = network(&spec, &[2, 6, 6], 3, Interface::default());
        assert_eq!(network.compute(), Compute::Reference);
        let error = network.set_compute(Compute::Kernels(Isa::best())).unwrap_err().to_string();
        assert!(error.contains(&format!("{key}: there are no kernels for {what}")), "{error}");
    }
}

/// What is not said is not written either: files of before stay what they are.
#[test]
fn specifications_without_these_parts_read_and_write_as_before() {
    let text = "activation = \"relu\"\nnormalisation = \"none\"\ninitialisation = \"he\"\n\n[torso]\nkind = \"conv\"\n\n\
                [[torso.layers]]\nfilters = 16\nkernel = 3\nstride = 1\npool = 1\n\n[head]\nkind = \"single\"\nhidden = []\n";
    assert_eq!(toml::to_string(&conv(&[ConvSpec::new(16, 3, 1)])).unwrap(), text);
    assert_eq!(toml::from_str::<NetworkSpec>(text).unwrap(), conv(&[ConvSpec::new(16, 3, 1)]));
    let text = "torso = { kind = 'impala', channels = [16, 32, 32] }\nhead = { kind = 'dueling', hidden = [256] }\n\
                noise = { sigma = 0.5 }\ntau_embedding = { cosines = 64 }";
    let spec = toml::from_str::<NetworkSpec>(text).unwrap();
    assert_eq!(spec.torso, Torso::impala_2018());
    assert_eq!(toml::from_str::<NetworkSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
    let layer = "{ filters = 8, kernel = 3, padding = 1, pool = 3, pool_stride = 2, pool_padding = 1 }";
    let text = format!("torso = {{ kind = 'conv', layers = [{layer}] }}\nhead = {{ kind = 'single' }}");
    let spec = toml::from_str::<NetworkSpec>(&text).unwrap();
    let layer = ConvSpec { padding: 1, pool: 3, pool_stride: Some(2), pool_padding: 1, ..ConvSpec::new(8, 3, 1) };
    assert_eq!(spec, conv(&[layer]));
    assert_eq!(toml::from_str::<NetworkSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
    for bad in [
        "torso = { kind = 'impala' }\nhead = { kind = 'single' }",
        "torso = { kind = 'impala', channels = [16], padding = 1 }\nhead = { kind = 'single' }",
        "torso = { kind = 'nature' }\nhead = { kind = 'single' }\nnoise = { sigma = 0.5, layers = 'all' }",
        "torso = { kind = 'nature' }\nhead = { kind = 'single' }\ntau_embedding = {}",
    ] {
        assert!(toml::from_str::<NetworkSpec>(bad).is_err(), "{bad}");
    }
}
