//! One convolution, with what follows it, on one image.

use deepq_kernels::Isa;
use deepq_kernels::convolution::{Forward, Geometry, InputGradient, WeightGradient};
use deepq_kernels::layer_norm::{NormaliseRow, NormaliseRowGradient};
use deepq_kernels::max_pool::MaxPool;
use deepq_kernels::relu::ReluGradient;
use deepq_kernels::sums::ColumnSums;
use deepq_kernels::tanh::{Tanh, TanhGradient};
use deepq_kernels::transpose::Transpose;

use super::buffers::Buffer;
use super::packed::PackedConv;
use super::pass::{Sink, Weights};
use crate::layers::{Layer, LayerKind};
use crate::spec::Activation;

#[derive(Debug)]
pub(super) struct ConvLayer {
    isa: Isa,
    geometry: Geometry,
    /// The weight's index among the parameters; the bias is the next.
    weight: usize,
    /// The same of a normalisation.
    norm: Option<usize>,
    activation: Option<Activation>,
    pool: Option<MaxPool>,
    /// Whether it takes the observation, by which nobody needs a gradient.
    first: bool,
}

/// What a layer remembers of an image.
struct Record<'a> {
    /// Where the layer normalises: its units before weight and bias.
    normal: &'a [f32],
    /// One over their deviation.
    inverse: f32,
    /// After the activation.
    active: &'a [f32],
    /// After the pooling; empty where there is none.
    pooled: &'a [f32],
}

impl ConvLayer {
    pub(super) fn new(layer: &Layer, first: bool, isa: Isa) -> Option<Self> {
        let LayerKind::Conv(conv) = layer.kind else { return None };
        let geometry = Geometry::new([conv.channels, conv.height, conv.width], conv.filters, conv.kernel, conv.stride);
        let pool = layer.pool.map(|pool| MaxPool {
            channels: conv.filters,
            height: conv.out_height(),
            width: conv.out_width(),
            side: pool.side,
        });
        let norm = layer.norm.map(|norm| norm.weight);
        Some(Self { isa, geometry, weight: layer.weight, norm, activation: layer.activation, pool, first })
    }

    /// The indices of its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> + use<> {
        let norm = self.norm.map(|norm| [norm, norm + 1]);
        [self.weight, self.weight + 1].into_iter().chain(norm.into_iter().flatten())
    }

    pub(super) fn channels(&self) -> usize {
        self.geometry.channels()
    }

    pub(super) fn filters(&self) -> usize {
        self.geometry.filters()
    }

    /// Elements of an input image.
    pub(super) fn input_len(&self) -> usize {
        self.geometry.input_len()
    }

    /// Elements of an output image.
    pub(super) fn output_len(&self) -> usize {
        self.pool.map_or(self.geometry.output_len(), |pool| pool.output_len())
    }

    /// Elements of what it remembers of an image: units before a normalisation's weight and one over their deviation,
    /// active units, pooled ones.
    pub(super) fn record_len(&self) -> usize {
        let units = self.geometry.output_len();
        let normal = if self.norm.is_some() { units + 1 } else { 0 };
        normal + units + self.pool.map_or(0, |pool| pool.output_len())
    }

    fn split<'a>(&self, record: &'a [f32]) -> Record<'a> {
        let units = self.geometry.output_len();
        let (normal, inverse, rest) = match self.norm {
            None => (&record[..0], 1.0, record),
            Some(_) => (&record[..units], record[units], &record[units + 1..]),
        };
        let (active, pooled) = rest.split_at(units);
        Record { normal, inverse, active, pooled }
    }

    /// The output image in what the layer remembers.
    pub(super) fn output<'a>(&self, record: &'a [f32]) -> &'a [f32] {
        &record[record.len() - self.output_len()..]
    }

    /// Its parameters in the order in which the kernels read them.
    pub(super) fn pack(&self, values: &[&[f32]], packed: &mut PackedConv) {
        let g = &self.geometry;
        let (weight, area) = (values[self.weight], g.kernel() * g.kernel());
        packed.forward.fit(weight.len());
        packed.backward.fit(weight.len());
        // [filter, channel, place] -> [filter, place, channel]
        for (from, to) in weight.chunks_exact(g.depth()).zip(packed.backward.chunks_exact_mut(g.depth())) {
            Transpose::whole(from, [g.channels(), area], to).run_here(self.isa);
        }
        // -> [place, channel, filter]
        Transpose::whole(&packed.backward, [g.filters(), g.depth()], &mut packed.forward).run_here(self.isa);
        if let Some(norm) = self.norm {
            for (packed, values) in packed.norm.iter_mut().zip(&values[norm..]) {
                packed.fit(values.len());
                // [filter, pixel] -> [pixel, filter]
                Transpose::whole(values, [g.filters(), g.pixels()], packed).run_here(self.isa);
            }
        }
    }

    pub(super) fn forward(&self, weights: Weights<'_>, packed: &PackedConv, input: &[f32], record: &mut [f32]) {
        let units = self.geometry.output_len();
        let relu = self.activation == Some(Activation::Relu);
        let (normal, rest) = record.split_at_mut(if self.norm.is_some() { units + 1 } else { 0 });
        let (active, pooled) = rest.split_at_mut(units);
        let normalised = self.norm.is_some();
        Forward {
            geometry: &self.geometry,
            input,
            weight: &packed.forward,
            bias: weights.values[self.weight + 1],
            relu: relu && !normalised,
            output: if normalised { &mut normal[..units] } else { active },
        }
        .run(self.isa);
        if normalised {
            let [weight, bias] = &packed.norm;
            let (values, inverse) = normal.split_at_mut(units);
            inverse[0] = NormaliseRow { values, weight, bias, relu, output: active }.run(self.isa);
        }
        if self.activation == Some(Activation::Tanh) {
            Tanh { values: active }.run(self.isa);
        }
        if let Some(pool) = self.pool {
            pool.forward(active, pooled);
        }
    }

    /// Elements of its gradients.
    pub(super) fn gradients_len(&self) -> usize {
        self.geometry.parameters() + if self.norm.is_some() { 2 * self.geometry.output_len() } else { 0 }
    }

    /// Adds an image's gradients to `sums`. `by_output`, the gradient by the layer's output, becomes that by its input;
    /// `spare` is working memory.
    pub(super) fn backward(
        &self,
        packed: &PackedConv,
        input: &[f32],
        record: &[f32],
        by_output: &mut Buffer,
        spare: &mut Buffer,
        sums: &mut [f32],
    ) {
        let g = &self.geometry;
        let Record { normal, inverse, active, pooled } = self.split(record);
        if let Some(pool) = self.pool {
            spare.fit(active.len());
            pool.backward(active, pooled, by_output, spare);
            std::mem::swap(by_output, spare);
        }
        match self.activation {
            Some(Activation::Relu) => ReluGradient { output: active, gradient: by_output }.run(self.isa),
            Some(Activation::Tanh) => TanhGradient { output: active, gradient: by_output }.run(self.isa),
            None => {}
        }
        let (by_weight, rest) = sums.split_at_mut(g.depth() * g.filters());
        let (by_bias, by_norm) = rest.split_at_mut(g.filters());
        if self.norm.is_some() {
            let (by_weight, by_bias) = by_norm.split_at_mut(g.output_len());
            let weight = &packed.norm[0];
            NormaliseRowGradient { normal, inverse, weight, gradient: by_output, by_weight, by_bias }.run(self.isa);
        }
        ColumnSums { values: by_output, sums: by_bias }.run(self.isa);
        WeightGradient { geometry: g, input, upstream: by_output, gradient: by_weight }.run(self.isa);
        if !self.first {
            spare.fit(g.input_len());
            InputGradient { geometry: g, weight: &packed.backward, upstream: by_output, gradient: spare }.run(self.isa);
            std::mem::swap(by_output, spare);
        }
    }

    /// Brings the batch's gradients to their parameters' layouts. `sums` are changed, `turned` is working memory.
    pub(super) fn write_gradients(&self, sums: &mut [f32], turned: &mut Buffer, sink: &mut Sink<'_>) {
        let g = &self.geometry;
        let (weight, rest) = sums.split_at_mut(g.depth() * g.filters());
        let (bias, norm) = rest.split_at_mut(g.filters());
        // [place, channel, filter] -> [filter, place, channel] -> [filter, channel, place]
        turned.fit(weight.len());
        Transpose::whole(weight, [g.depth(), g.filters()], turned).run(self.isa);
        let area = g.kernel() * g.kernel();
        for (from, to) in turned.chunks_exact(g.depth()).zip(weight.chunks_exact_mut(g.depth())) {
            Transpose::whole(from, [area, g.channels()], to).run(self.isa);
        }
        sink.write(self.weight, weight);
        sink.write(self.weight + 1, bias);
        if let Some(index) = self.norm {
            for (i, gradient) in norm.chunks_exact(g.output_len()).enumerate() {
                turned.fit(gradient.len());
                // [pixel, filter] -> [filter, pixel]
                Transpose::whole(gradient, [g.pixels(), g.filters()], turned).run(self.isa);
                sink.write(index + i, turned);
            }
        }
    }
}
