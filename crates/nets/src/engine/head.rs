//! From features to action values: the streams behind the torso, and the rule that combines them.

use deepq_kernels::Isa;

use super::buffers::{Buffer, DenseRecord};
use super::dense::{Backward, DenseStack, InputGradient};
use crate::combine::{Rule, Sizes};
use crate::plan::Plan;

#[derive(Debug)]
pub(super) struct Head {
    isa: Isa,
    actions: usize,
    outputs: usize,
    streams: Vec<DenseStack>,
    rule: Rule,
}

impl Head {
    pub(super) fn new(plan: &Plan, features: usize, isa: Isa) -> Self {
        let streams = plan.streams.iter().map(|stream| DenseStack::new(&stream.layers, features, isa)).collect();
        Self { isa, actions: plan.actions, outputs: plan.outputs_per_action(), streams, rule: plan.rule }
    }

    fn sizes(&self, batch: usize) -> Sizes {
        Sizes { batch, actions: self.actions, outputs: self.outputs }
    }

    /// Action values `[batch, actions * outputs]` from features `[features, batch]`.
    pub(super) fn forward(
        &self,
        values: &[&[f32]],
        features: &[f32],
        batch: usize,
        tape: &mut Vec<Vec<DenseRecord>>,
        q: &mut Buffer,
    ) {
        q.fit(batch * self.actions * self.outputs);
        if tape.len() != self.streams.len() {
            tape.resize_with(self.streams.len(), Vec::new);
        }
        for (stack, tape) in self.streams.iter().zip(&mut *tape) {
            stack.forward(values, features, batch, tape);
        }
        let stream = |i: usize| self.streams[i].output(features, &tape[i]);
        self.rule.forward(self.isa, stream, self.sizes(batch), q);
    }

    /// The gradients by the streams' parameters and by the features, from the gradient by the kept rows' action values
    /// (`[kept, actions * outputs]`). `features` are `[kept, features]`.
    pub(super) fn backward(
        &self,
        pass: &mut Backward<'_, '_>,
        features: &[f32],
        tape: &[Vec<DenseRecord>],
        upstream: &[f32],
        mut by_features: InputGradient<'_>,
    ) {
        let batch = pass.batch;
        assert!(upstream.len() == pass.kept * self.actions * self.outputs, "the gradient is that of the kept rows");
        for (i, (stack, tape)) in self.streams.iter().zip(tape).enumerate() {
            let by_stream = &mut pass.work.by_output;
            by_stream.fit(stack.outputs() * batch);
            self.rule.backward(self.isa, i, upstream, self.sizes(batch), by_stream);
            let by_features = if i == 0 { by_features.reborrow() } else { by_features.again() };
            stack.backward(pass, features, tape, by_features);
        }
    }
}
