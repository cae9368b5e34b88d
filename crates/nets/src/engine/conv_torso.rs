//! Convolutions, one after the other, image by image.

use rayon::prelude::*;

use super::buffers::{Pool, Tape, fit};
use super::packed::{Packed, PackedConv};
use super::{Input, Sink, Weights};
use crate::kernels::convolution::{Forward, Geometry, InputGradient, WeightGradient};
use crate::kernels::frames::FromBytes;
use crate::kernels::relu::ReluGradient;
use crate::kernels::sums::ColumnSums;
use crate::kernels::tanh::{Tanh, TanhGradient};
use crate::kernels::transpose::Transpose;
use crate::kernels::{Isa, threads};
use crate::plan::{Layer, LayerKind};
use crate::reference::BYTE_SCALE;
use crate::spec::Activation;

/// Into how many parts a batch is cut to sum gradients: fixed, so that sums do not depend on threads.
const CHUNKS: usize = 8;

#[derive(Debug)]
pub(super) struct ConvTorso {
    isa: Isa,
    layers: Vec<ConvLayer>,
    workspaces: Pool<Workspace>,
    gradients: Pool<Vec<f32>>,
}

#[derive(Debug)]
struct ConvLayer {
    geometry: Geometry,
    /// The weight's index among the parameters; the bias is the next.
    weight: usize,
    activation: Option<Activation>,
}

/// What one thread works in.
#[derive(Debug, Default)]
struct Workspace {
    /// The image as numbers, `[height, width, channels]`.
    image: Vec<f32>,
    /// All layers' outputs, one after the other, of an image that is not kept.
    outputs: Vec<f32>,
    /// The loss's gradient by a layer's output and by its input.
    by_output: Vec<f32>,
    by_input: Vec<f32>,
}

impl ConvTorso {
    pub(super) fn new(layers: &[Layer], isa: Isa) -> Self {
        let layers = layers
            .iter()
            .filter_map(|layer| {
                let LayerKind::Conv(conv) = layer.kind else { return None };
                let geometry =
                    Geometry::new([conv.channels, conv.height, conv.width], conv.filters, conv.kernel, conv.stride);
                Some(ConvLayer { geometry, weight: layer.weight, activation: layer.activation })
            })
            .collect();
        Self { isa, layers, workspaces: Pool::default(), gradients: Pool::default() }
    }

    /// Elements of the last layer's output.
    pub(super) fn features(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.geometry.output_len())
    }

    /// Elements of all layers' outputs.
    fn outputs_len(&self) -> usize {
        self.layers.iter().map(|layer| layer.geometry.output_len()).sum()
    }

    pub(super) fn pack(&self, values: &[&[f32]], packed: &mut Packed) {
        packed.layers.resize_with(self.layers.len(), PackedConv::default);
        for (i, (layer, packed)) in self.layers.iter().zip(&mut packed.layers).enumerate() {
            let g = &layer.geometry;
            let (weight, area) = (values[layer.weight], g.kernel * g.kernel);
            fit(&mut packed.forward, weight.len());
            fit(&mut packed.backward, if i == 0 { 0 } else { weight.len() });
            if i > 0 {
                // [filter, channel, place] -> [filter, place, channel]
                for (from, to) in weight.chunks_exact(g.depth()).zip(packed.backward.chunks_exact_mut(g.depth())) {
                    Transpose::whole(from, [g.channels, area], to).run(self.isa);
                }
                // -> [place, channel, filter]
                Transpose::whole(&packed.backward, [g.filters, g.depth()], &mut packed.forward).run(self.isa);
            } else {
                let mut turned = vec![0.0; weight.len()];
                for (from, to) in weight.chunks_exact(g.depth()).zip(turned.chunks_exact_mut(g.depth())) {
                    Transpose::whole(from, [g.channels, area], to).run(self.isa);
                }
                Transpose::whole(&turned, [g.filters, g.depth()], &mut packed.forward).run(self.isa);
            }
        }
    }

    /// The features of all images, in `tape.flat`.
    pub(super) fn forward(&self, weights: Weights<'_>, inputs: &[Input<'_>], tape: &mut Tape) {
        let (features, outputs) = (self.features(), self.outputs_len());
        fit(&mut tape.flat, tape.batch * features);
        fit(&mut tape.images, tape.kept * outputs);
        let images: Vec<Input<'_>> = inputs.iter().flat_map(|input| self.images(*input)).collect();
        let run = |images: &[Input<'_>], flat: &mut [f32], kept: &mut [f32]| {
            let mut work = self.workspaces.take_or(Workspace::default);
            let mut spare = std::mem::take(&mut work.outputs);
            fit(&mut spare, outputs);
            let mut kept = kept.chunks_exact_mut(outputs);
            for (image, features) in images.iter().zip(flat.chunks_exact_mut(features)) {
                let outputs = kept.next().unwrap_or(&mut spare);
                self.forward_image(weights, *image, &mut work.image, outputs, features);
            }
            work.outputs = spare;
            self.workspaces.put(work);
        };
        let parts = threads::parts().min(tape.batch);
        if parts <= 1 {
            return run(&images, &mut tape.flat, &mut tape.images);
        }
        let size = tape.batch.div_ceil(parts);
        let mut kept: Vec<&mut [f32]> = tape.images.chunks_mut(size * outputs).collect();
        kept.resize_with(tape.batch.div_ceil(size), || &mut []);
        images
            .par_chunks(size)
            .zip(tape.flat.par_chunks_mut(size * features))
            .zip(kept)
            .for_each(|((images, flat), kept)| run(images, flat, kept));
    }

    fn images<'a>(&self, input: Input<'a>) -> impl Iterator<Item = Input<'a>> {
        let len = self.layers.first().map_or(1, |layer| layer.geometry.input_len());
        (0..input.len() / len).map(move |i| match input {
            Input::Bytes(bytes) => Input::Bytes(&bytes[i * len..][..len]),
            Input::Floats(floats) => Input::Floats(&floats[i * len..][..len]),
        })
    }

    /// `[channels, height, width]` to `[height, width, channels]`.
    fn load_image(&self, image: Input<'_>, numbers: &mut Vec<f32>) {
        fit(numbers, image.len());
        let channels = self.layers.first().map_or(1, |layer| layer.geometry.channels);
        match image {
            Input::Bytes(bytes) => FromBytes { channels, scale: BYTE_SCALE as f32, bytes, numbers }.run(self.isa),
            Input::Floats(floats) => {
                let pixels = floats.len() / channels;
                Transpose::whole(floats, [channels, pixels], numbers).run(self.isa);
            }
        }
    }

    fn forward_image(
        &self,
        weights: Weights<'_>,
        image: Input<'_>,
        numbers: &mut Vec<f32>,
        outputs: &mut [f32],
        features: &mut [f32],
    ) {
        self.load_image(image, numbers);
        let mut input: &[f32] = numbers;
        let mut rest = outputs;
        for (layer, packed) in self.layers.iter().zip(&weights.packed.layers) {
            let (output, others) = rest.split_at_mut(layer.geometry.output_len());
            Forward {
                geometry: &layer.geometry,
                input,
                weight: &packed.forward,
                bias: weights.values[layer.weight + 1],
                relu: layer.activation == Some(Activation::Relu),
                output,
            }
            .run(self.isa);
            if layer.activation == Some(Activation::Tanh) {
                Tanh { values: output }.run(self.isa);
            }
            (input, rest) = (output, others);
        }
        if let Some(last) = self.layers.last() {
            // To PyTorch's order, channels first.
            let (pixels, filters) = (last.geometry.pixels(), last.geometry.filters);
            Transpose::whole(input, [pixels, filters], features).run(self.isa);
        }
    }

    /// The gradients by the convolutions' parameters, from the gradient by the kept images' features.
    pub(super) fn backward(
        &self,
        packed: &Packed,
        input: Input<'_>,
        outputs: &[f32],
        by_features: &[f32],
        sink: &mut Sink<'_>,
    ) {
        let (features, outputs_len) = (self.features(), self.outputs_len());
        let images: Vec<Input<'_>> = self.images(input).collect();
        let kept = images.len();
        let size = kept.div_ceil(CHUNKS).max(1);
        let chunk = |i: usize| {
            let range = i * size..kept.min((i + 1) * size);
            let mut work = self.workspaces.take_or(Workspace::default);
            let mut sums = self.gradients.take_or(Vec::new);
            sums.clear();
            sums.resize(self.layers.iter().map(|layer| layer.geometry.parameters()).sum(), 0.0);
            for i in range {
                self.backward_image(
                    packed,
                    images[i],
                    &outputs[i * outputs_len..][..outputs_len],
                    &by_features[i * features..][..features],
                    &mut work,
                    &mut sums,
                );
            }
            self.workspaces.put(work);
            sums
        };
        let chunks = kept.div_ceil(size);
        let mut sums: Vec<Vec<f32>> = if rayon::current_num_threads() == 1 {
            (0..chunks).map(chunk).collect()
        } else {
            (0..chunks).into_par_iter().map(chunk).collect()
        };
        let Some((total, others)) = sums.split_first_mut() else { return };
        for other in others {
            for (total, other) in total.iter_mut().zip(other) {
                *total += *other;
            }
        }
        let mut rest: &mut [f32] = total;
        let mut turned = self.gradients.take_or(Vec::new);
        for layer in &self.layers {
            let g = &layer.geometry;
            let (weight, others) = rest.split_at_mut(g.depth() * g.filters);
            let (bias, others) = others.split_at_mut(g.filters);
            // [place, channel, filter] -> [filter, place, channel] -> [filter, channel, place]
            fit(&mut turned, weight.len());
            Transpose::whole(weight, [g.depth(), g.filters], &mut turned).run(self.isa);
            let area = g.kernel * g.kernel;
            for (from, to) in turned.chunks_exact(g.depth()).zip(weight.chunks_exact_mut(g.depth())) {
                Transpose::whole(from, [area, g.channels], to).run(self.isa);
            }
            for (to, from) in sink.gradients[layer.weight..].iter_mut().zip([weight, bias]) {
                if sink.add {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
                } else {
                    to.copy_from_slice(from);
                }
            }
            rest = others;
        }
        self.gradients.put(turned);
        sums.into_iter().for_each(|used| self.gradients.put(used));
    }

    fn backward_image(
        &self,
        packed: &Packed,
        image: Input<'_>,
        outputs: &[f32],
        by_features: &[f32],
        work: &mut Workspace,
        sums: &mut [f32],
    ) {
        let Workspace { image: numbers, by_output, by_input, .. } = work;
        self.load_image(image, numbers);
        if let Some(last) = self.layers.last() {
            let (pixels, filters) = (last.geometry.pixels(), last.geometry.filters);
            fit(by_output, pixels * filters);
            Transpose::whole(by_features, [filters, pixels], by_output).run(self.isa);
        }
        let (mut outputs_end, mut sums_end) = (outputs.len(), sums.len());
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let g = &layer.geometry;
            let output = &outputs[outputs_end - g.output_len()..outputs_end];
            outputs_end -= g.output_len();
            match layer.activation {
                Some(Activation::Relu) => ReluGradient { output, gradient: by_output }.run(self.isa),
                Some(Activation::Tanh) => TanhGradient { output, gradient: by_output }.run(self.isa),
                None => {}
            }
            let sums = &mut sums[sums_end - g.parameters()..sums_end];
            sums_end -= g.parameters();
            let (weight, bias) = sums.split_at_mut(g.depth() * g.filters);
            ColumnSums { values: by_output, sums: bias }.run(self.isa);
            let input = match i.checked_sub(1) {
                None => &**numbers,
                Some(_) => &outputs[outputs_end - g.input_len()..outputs_end],
            };
            WeightGradient { geometry: g, input, upstream: by_output, gradient: weight }.run(self.isa);
            if i > 0 {
                fit(by_input, g.input_len());
                let weight = &packed.layers[i].backward;
                InputGradient { geometry: g, weight, upstream: by_output, gradient: by_input }.run(self.isa);
                std::mem::swap(by_output, by_input);
            }
        }
    }
}
