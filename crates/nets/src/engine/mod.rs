//! A network's forward and backward pass on our own kernels.
//!
//! Convolutions work image by image, so that an image's values stay in the second-level cache from its bytes to its
//! features and back. Dense layers work on the whole batch, transposed (`[units, batch]`), so that weights are read in
//! PyTorch's own layout, once.
//!
//! Every result is the same to the bit on any number of threads: images and rows are independent, and sums over the batch
//! are cut into a fixed number of parts.

mod buffers;
mod conv_layer;
mod conv_torso;
mod dense;
mod head;
mod packed;
mod pass;

use std::sync::Arc;

use deepq_kernels::Isa;
use deepq_kernels::transpose::Transpose;

use crate::layers::{Block, LayerKind};
use crate::plan::Plan;
use conv_torso::ConvTorso;
use dense::{Backward, DenseStack, InputGradient};
use head::Head;

pub(crate) use buffers::{Pool, Tape};
pub(crate) use packed::Packed;
use packed::PackedCache;
pub(crate) use pass::{Input, Sink, Weights};

/// A network's layers, ready to run.
#[derive(Debug)]
pub(crate) struct Engine {
    isa: Isa,
    observation_len: usize,
    torso: Torso,
    head: Head,
    packed: PackedCache,
    /// Used tapes.
    pub(crate) tapes: Pool<Tape>,
}

#[derive(Debug)]
enum Torso {
    Conv(ConvTorso),
    Dense(DenseStack),
}

/// What of a network the engine does not know: the key of its specification, and what there are no kernels for. Candle's own
/// operations compute such a network; that is decided here alone.
pub(crate) fn unknown(plan: &Plan) -> Option<(&'static str, &'static str)> {
    let layers = Block::layers(&plan.torso);
    let padded = |kind: &LayerKind| matches!(kind, LayerKind::Conv(conv) if conv.padding > 0);
    let unknown = [
        (plan.normalises_batches(), "network.normalisation", "batch normalisation"),
        (plan.torso.iter().any(|block| !matches!(block, Block::Layer(_))), "network.torso", "residual blocks"),
        (layers.iter().any(|layer| padded(&layer.kind)), "network.torso.layers", "padding"),
        (
            layers.iter().any(|layer| layer.pool.is_some_and(|pool| !pool.is_tiling())),
            "network.torso.layers",
            "pooling that overlaps or is padded",
        ),
        (plan.noisy().next().is_some(), "network.noise", "noise"),
        (plan.embedding.is_some(), "network.tau_embedding", "a second input"),
    ];
    unknown.into_iter().find_map(|(unknown, key, what)| unknown.then_some((key, what)))
}

impl Engine {
    /// The layers of a network of which nothing is [`unknown`].
    pub(crate) fn new(plan: &Plan, isa: Isa) -> Self {
        let layers = Block::layers(&plan.torso);
        let (torso, features) = if plan.image().is_some() {
            let conv = ConvTorso::new(layers, isa);
            let features = conv.features();
            (Torso::Conv(conv), features)
        } else {
            let dense = DenseStack::new(layers, plan.observation_len(), isa);
            let features = dense.outputs();
            (Torso::Dense(dense), features)
        };
        Self {
            isa,
            observation_len: plan.observation_len(),
            torso,
            head: Head::new(plan, features, isa),
            packed: PackedCache::default(),
            tapes: Pool::default(),
        }
    }

    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// The convolutions' weights in the order in which the kernels read them; packed anew where the generation differs
    /// from the last call's.
    pub(crate) fn pack(&self, values: &[&[f32]], generation: u64) -> Arc<Packed> {
        self.packed.get(generation, |packed| {
            if let Torso::Conv(conv) = &self.torso {
                conv.pack(values, packed);
            }
        })
    }

    /// Action values of all inputs, in `tape.q`: `[batch, actions * outputs]`. If `keep`, the first input's rows can go
    /// [`backward`](Self::backward).
    pub(crate) fn forward(&self, weights: Weights<'_>, inputs: &[Input<'_>], keep: bool, tape: &mut Tape) {
        let rows = |input: &Input<'_>| input.len() / self.observation_len;
        tape.batch = inputs.iter().map(rows).sum();
        tape.kept = if keep { inputs.first().map_or(0, rows) } else { 0 };
        let batch = tape.batch;
        let features = match &self.torso {
            Torso::Conv(conv) => {
                conv.forward(weights, inputs, tape);
                tape.features.fit(batch * conv.features());
                Transpose::whole(&tape.flat, [batch, conv.features()], &mut tape.features).run(self.isa);
                &tape.features
            }
            Torso::Dense(dense) => {
                tape.observations.fit(batch * self.observation_len);
                let mut row = 0;
                for input in inputs {
                    Transpose {
                        from: &input.numbers(self.isa),
                        rows: rows(input),
                        columns: self.observation_len,
                        from_stride: self.observation_len,
                        to: &mut tape.observations[row..],
                        to_stride: batch,
                    }
                    .run(self.isa);
                    row += rows(input);
                }
                dense.forward(weights.values, &tape.observations, batch, &mut tape.torso);
                dense.output(&tape.observations, &tape.torso)
            }
        };
        self.head.forward(weights.values, features, batch, &mut tape.streams, &mut tape.q);
    }

    /// The gradient of a loss by each parameter, from its gradient by the kept rows' action values (`[kept, actions * outputs]`).
    /// `input` is what went forward first.
    pub(crate) fn backward(
        &self,
        weights: Weights<'_>,
        input: Input<'_>,
        tape: &mut Tape,
        upstream: &[f32],
        sink: &mut Sink<'_>,
    ) {
        let (batch, kept) = (tape.batch, tape.kept);
        assert!(input.len() == kept * self.observation_len, "the input is that of the kept rows");
        let Tape { flat, images, observations, torso: outputs, streams, rows, by_features, work, .. } = tape;
        let values = weights.values;
        let torso_trains = match &self.torso {
            Torso::Conv(conv) => conv.parameters().any(|i| sink.wants(i)),
            Torso::Dense(dense) => dense.parameters().any(|i| sink.wants(i)),
        };
        let mut pass = Backward { values, sink: &mut *sink, batch, kept, work };
        match &self.torso {
            Torso::Conv(conv) => {
                if !torso_trains {
                    return self.head.backward(&mut pass, flat, streams, upstream, InputGradient::none());
                }
                by_features.fit(kept * conv.features());
                self.head.backward(&mut pass, flat, streams, upstream, InputGradient::rows(by_features));
                conv.backward(weights.packed, input, images, by_features, sink);
            }
            Torso::Dense(dense) if dense.is_empty() => {
                let numbers = input.numbers(self.isa);
                self.head.backward(&mut pass, &numbers, streams, upstream, InputGradient::none());
            }
            Torso::Dense(dense) => {
                rows.fit(kept * dense.outputs());
                Transpose {
                    from: dense.output(observations, outputs),
                    rows: dense.outputs(),
                    columns: kept,
                    from_stride: batch,
                    to: rows,
                    to_stride: dense.outputs(),
                }
                .run(self.isa);
                if !torso_trains {
                    return self.head.backward(&mut pass, rows, streams, upstream, InputGradient::none());
                }
                by_features.fit(dense.outputs() * batch);
                self.head.backward(&mut pass, rows, streams, upstream, InputGradient::columns(by_features));
                let numbers = input.numbers(self.isa);
                std::mem::swap(by_features, &mut pass.work.by_output);
                dense.backward(&mut pass, &numbers, outputs, InputGradient::none());
            }
        }
    }
}
