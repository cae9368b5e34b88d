//! From features to action values: one stream, or two that duel.

use super::buffers::{Buffer, DenseRecord};
use super::dense::{Backward, DenseStack, InputGradient};
use crate::plan::HeadPlan;
use deepq_kernels::Isa;
use deepq_kernels::transpose::Transpose;

#[derive(Debug)]
pub(super) struct Head {
    isa: Isa,
    actions: usize,
    streams: Streams,
}

#[derive(Debug)]
enum Streams {
    Single(DenseStack),
    Dueling { value: DenseStack, advantage: DenseStack },
}

impl Head {
    pub(super) fn new(plan: &HeadPlan, features: usize, actions: usize, isa: Isa) -> Self {
        let stack = |layers| DenseStack::new(layers, features, isa);
        let streams = match plan {
            HeadPlan::Single(layers) => Streams::Single(stack(layers)),
            HeadPlan::Dueling { value, advantage } => {
                Streams::Dueling { value: stack(value), advantage: stack(advantage) }
            }
        };
        Self { isa, actions, streams }
    }

    /// Action values `[batch, actions]` from features `[features, batch]`.
    pub(super) fn forward(
        &self,
        values: &[&[f32]],
        features: &[f32],
        batch: usize,
        tape: &mut [Vec<DenseRecord>; 2],
        q: &mut Buffer,
    ) {
        q.fit(batch * self.actions);
        match &self.streams {
            Streams::Single(stack) => {
                stack.forward(values, features, batch, &mut tape[0]);
                Transpose::whole(stack.output(features, &tape[0]), [self.actions, batch], q).run(self.isa);
            }
            Streams::Dueling { value, advantage } => {
                value.forward(values, features, batch, &mut tape[0]);
                advantage.forward(values, features, batch, &mut tape[1]);
                let (value, advantage) = (value.output(features, &tape[0]), advantage.output(features, &tape[1]));
                // Q = V + A - mean A (Wang et al. 2016, equation 9)
                for (i, q) in q.chunks_exact_mut(self.actions).enumerate() {
                    for (a, q) in q.iter_mut().enumerate() {
                        *q = advantage[a * batch + i];
                    }
                    let mean = q.iter().sum::<f32>() / self.actions as f32;
                    q.iter_mut().for_each(|q| *q = *q - mean + value[i]);
                }
            }
        }
    }

    /// The gradients by the streams' parameters and by the features, from the gradient by the kept rows' action values
    /// (`[kept, actions]`). `features` are `[kept, features]`.
    pub(super) fn backward(
        &self,
        pass: &mut Backward<'_, '_>,
        features: &[f32],
        tape: &[Vec<DenseRecord>; 2],
        upstream: &[f32],
        mut by_features: InputGradient<'_>,
    ) {
        let (batch, kept, actions) = (pass.batch, pass.kept, self.actions);
        assert!(upstream.len() == kept * actions, "the gradient is that of the kept rows");
        match &self.streams {
            Streams::Single(stack) => {
                pass.work.by_output.fit(actions * batch);
                Transpose {
                    from: upstream,
                    rows: kept,
                    columns: actions,
                    from_stride: actions,
                    to: &mut pass.work.by_output,
                    to_stride: batch,
                }
                .run(self.isa);
                stack.backward(pass, features, &tape[0], by_features);
            }
            Streams::Dueling { value, advantage } => {
                let by_value = &mut pass.work.by_output;
                by_value.fit(batch);
                for (by_value, row) in by_value.iter_mut().zip(upstream.chunks_exact(actions)) {
                    *by_value = row.iter().sum();
                }
                value.backward(pass, features, &tape[0], by_features.reborrow());
                let by_advantage = &mut pass.work.by_output;
                by_advantage.fit(actions * batch);
                for (i, row) in upstream.chunks_exact(actions).enumerate() {
                    let mean = row.iter().sum::<f32>() / actions as f32;
                    for (a, upstream) in row.iter().enumerate() {
                        by_advantage[a * batch + i] = upstream - mean;
                    }
                }
                advantage.backward(pass, features, &tape[1], by_features.again());
            }
        }
    }
}
