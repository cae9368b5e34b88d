//! Convolutions, one after the other, image by image.

use deepq_kernels::frames::FromBytes;
use deepq_kernels::transpose::Transpose;
use deepq_kernels::{Isa, threads};
use rayon::prelude::*;

use super::buffers::{Buffer, Pool, Tape};
use super::conv_layer::ConvLayer;
use super::packed::{Packed, PackedConv};
use super::pass::{Input, Sink, Weights};
use crate::layers::BYTE_SCALE;
use crate::layers::Layer;

/// Into how many parts a batch is cut to sum gradients: fixed, so that sums do not depend on threads.
const CHUNKS: usize = 8;

#[derive(Debug)]
pub(super) struct ConvTorso {
    isa: Isa,
    layers: Vec<ConvLayer>,
    /// Elements of all that the layers remember of an image.
    record_len: usize,
    workspaces: Pool<Workspace>,
    sums: Pool<Vec<f32>>,
}

/// What one thread works in.
#[derive(Debug, Default)]
struct Workspace {
    /// The image as numbers, `[height, width, channels]`.
    image: Buffer,
    /// What the layers remember of an image that does not go backward.
    record: Buffer,
    /// The loss's gradient by a layer's output.
    by_output: Buffer,
    spare: Buffer,
}

impl ConvTorso {
    pub(super) fn new<'a>(layers: impl IntoIterator<Item = &'a Layer>, isa: Isa) -> Self {
        let layers: Vec<_> =
            layers.into_iter().enumerate().filter_map(|(i, layer)| ConvLayer::new(layer, i == 0, isa)).collect();
        let record_len = layers.iter().map(ConvLayer::record_len).sum();
        Self { isa, layers, record_len, workspaces: Pool::default(), sums: Pool::default() }
    }

    /// Elements of the last layer's output.
    pub(super) fn features(&self) -> usize {
        self.layers.last().map_or(0, ConvLayer::output_len)
    }

    /// The indices of its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().flat_map(ConvLayer::parameters)
    }

    /// The layers' parameters in the order in which the kernels read them.
    pub(super) fn pack(&self, values: &[&[f32]], packed: &mut Packed) {
        packed.layers.resize_with(self.layers.len(), PackedConv::default);
        for (layer, packed) in self.layers.iter().zip(&mut packed.layers) {
            layer.pack(values, packed);
        }
    }

    /// The features of all images, in `tape.flat`.
    pub(super) fn forward(&self, weights: Weights<'_>, inputs: &[Input<'_>], tape: &mut Tape) {
        let (features, record_len) = (self.features(), self.record_len);
        tape.flat.fit(tape.batch * features);
        tape.images.fit(tape.kept * record_len);
        let images: Vec<Input<'_>> = inputs.iter().flat_map(|input| self.images(*input)).collect();
        let run = |images: &[Input<'_>], flat: &mut [f32], kept: &mut [f32]| {
            let mut work = self.workspaces.take_or(Workspace::default);
            work.record.fit(record_len);
            let mut kept = kept.chunks_exact_mut(record_len);
            for (image, features) in images.iter().zip(flat.chunks_exact_mut(features)) {
                let record = kept.next().unwrap_or(&mut work.record);
                self.load_image(*image, &mut work.image);
                self.forward_image(weights, &work.image, record, features);
            }
            self.workspaces.put(work);
        };
        let parts = threads::parts().min(tape.batch);
        if parts <= 1 {
            return run(&images, &mut tape.flat, &mut tape.images);
        }
        let size = tape.batch.div_ceil(parts);
        let mut kept: Vec<&mut [f32]> = tape.images.chunks_mut(size * record_len).collect();
        kept.resize_with(tape.batch.div_ceil(size), || &mut []);
        images
            .par_chunks(size)
            .zip(tape.flat.par_chunks_mut(size * features))
            .zip(kept)
            .for_each(|((images, flat), kept)| run(images, flat, kept));
    }

    fn images<'a>(&self, input: Input<'a>) -> impl Iterator<Item = Input<'a>> {
        let len = self.layers.first().map_or(1, ConvLayer::input_len);
        (0..input.len() / len).map(move |i| match input {
            Input::Bytes(bytes) => Input::Bytes(&bytes[i * len..][..len]),
            Input::Floats(floats) => Input::Floats(&floats[i * len..][..len]),
        })
    }

    /// `[channels, height, width]` to `[height, width, channels]`.
    fn load_image(&self, image: Input<'_>, numbers: &mut Buffer) {
        numbers.fit(image.len());
        let channels = self.layers.first().map_or(1, ConvLayer::channels);
        match image {
            Input::Bytes(bytes) => FromBytes { channels, scale: BYTE_SCALE as f32, bytes, numbers }.run(self.isa),
            Input::Floats(floats) => {
                Transpose::whole(floats, [channels, floats.len() / channels], numbers).run(self.isa);
            }
        }
    }

    fn forward_image(&self, weights: Weights<'_>, image: &[f32], record: &mut [f32], features: &mut [f32]) {
        let (mut input, mut rest) = (image, record);
        for (layer, packed) in self.layers.iter().zip(&weights.packed.layers) {
            let (record, others) = rest.split_at_mut(layer.record_len());
            layer.forward(weights, packed, input, record);
            (input, rest) = (layer.output(record), others);
        }
        let filters = self.layers.last().map_or(1, ConvLayer::filters);
        // To PyTorch's order, channels first.
        Transpose::whole(input, [features.len() / filters, filters], features).run(self.isa);
    }

    /// The gradients by the convolutions' parameters, from the gradient by the kept images' features.
    pub(super) fn backward(
        &self,
        packed: &Packed,
        input: Input<'_>,
        records: &[f32],
        by_features: &[f32],
        sink: &mut Sink<'_>,
    ) {
        let images: Vec<Input<'_>> = self.images(input).collect();
        let size = images.len().div_ceil(CHUNKS).max(1);
        let chunk = |i: usize| {
            let range = i * size..images.len().min((i + 1) * size);
            let mut work = self.workspaces.take_or(Workspace::default);
            let mut sums = self.sums.take_or(Vec::new);
            sums.clear();
            sums.resize(self.layers.iter().map(ConvLayer::gradients_len).sum(), 0.0);
            for i in range {
                let record = &records[i * self.record_len..][..self.record_len];
                let by_features = &by_features[i * self.features()..][..self.features()];
                self.load_image(images[i], &mut work.image);
                self.backward_image(packed, record, by_features, &mut work, &mut sums);
            }
            self.workspaces.put(work);
            sums
        };
        let chunks = images.len().div_ceil(size);
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
        let mut work = self.workspaces.take_or(Workspace::default);
        for layer in &self.layers {
            let (sums, others) = rest.split_at_mut(layer.gradients_len());
            layer.write_gradients(sums, &mut work.spare, sink);
            rest = others;
        }
        self.workspaces.put(work);
        sums.into_iter().for_each(|used| self.sums.put(used));
    }

    fn backward_image(
        &self,
        packed: &Packed,
        record: &[f32],
        by_features: &[f32],
        work: &mut Workspace,
        sums: &mut [f32],
    ) {
        let Workspace { image, by_output, spare, .. } = work;
        let filters = self.layers.last().map_or(1, ConvLayer::filters);
        by_output.fit(by_features.len());
        Transpose::whole(by_features, [filters, by_features.len() / filters], by_output).run(self.isa);
        let (mut earlier, mut sums) = (record, sums);
        for (i, (layer, packed)) in self.layers.iter().zip(&packed.layers).enumerate().rev() {
            let (before, record) = earlier.split_at(earlier.len() - layer.record_len());
            let (rest, layer_sums) = sums.split_at_mut(sums.len() - layer.gradients_len());
            let input = match i.checked_sub(1) {
                None => image,
                Some(previous) => self.layers[previous].output(before),
            };
            layer.backward(packed, input, record, by_output, spare, layer_sums);
            (earlier, sums) = (before, rest);
        }
    }
}
