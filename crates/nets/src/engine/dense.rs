//! Dense layers, one after the other.

use deepq_kernels::Isa;
use deepq_kernels::layer_norm::{NormaliseColumns, NormaliseColumnsGradient};
use deepq_kernels::matmul::{MatMul, Matrix, MatrixMut, Start};
use deepq_kernels::relu::ReluGradient;
use deepq_kernels::sums::RowSums;
use deepq_kernels::tanh::{Tanh, TanhGradient};
use deepq_kernels::transpose::Transpose;

use super::buffers::{DenseRecord, Work};
use super::pass::Sink;
use crate::layers::{Layer, LayerKind};
use crate::spec::Activation;

#[derive(Debug)]
pub(super) struct DenseStack {
    isa: Isa,
    inputs: usize,
    layers: Vec<Dense>,
}

#[derive(Debug)]
struct Dense {
    inputs: usize,
    outputs: usize,
    /// The weight's index among the parameters; the bias is the next.
    weight: usize,
    /// The same of a normalisation.
    norm: Option<usize>,
    activation: Option<Activation>,
}

/// What a backward pass through dense layers needs and writes.
pub(super) struct Backward<'a, 'b> {
    pub(super) values: &'a [&'a [f32]],
    pub(super) sink: &'a mut Sink<'b>,
    /// Columns of the recorded outputs.
    pub(super) batch: usize,
    /// How many of them, from the first on, go backward.
    pub(super) kept: usize,
    pub(super) work: &'a mut Work,
}

/// Where the gradient by a stack's input goes.
pub(super) struct InputGradient<'a> {
    /// None where nobody needs it.
    to: Option<&'a mut [f32]>,
    /// `[kept, inputs]`, or else `[inputs, batch]`.
    rows: bool,
    /// Whether it is added to what is there.
    pub(super) add: bool,
}

impl<'a> InputGradient<'a> {
    pub(super) fn none() -> Self {
        Self { to: None, rows: false, add: false }
    }

    /// To be written as `[kept, inputs]`.
    pub(super) fn rows(to: &'a mut [f32]) -> Self {
        Self { to: Some(to), rows: true, add: false }
    }

    /// To be written as `[inputs, batch]`.
    pub(super) fn columns(to: &'a mut [f32]) -> Self {
        Self { to: Some(to), rows: false, add: false }
    }

    /// The same place, to be added to.
    pub(super) fn again(&mut self) -> InputGradient<'_> {
        InputGradient { to: self.to.as_deref_mut(), rows: self.rows, add: true }
    }

    /// The same place.
    pub(super) fn reborrow(&mut self) -> InputGradient<'_> {
        InputGradient { to: self.to.as_deref_mut(), rows: self.rows, add: self.add }
    }
}

impl Dense {
    /// The indices of its parameters.
    fn parameters(&self) -> impl Iterator<Item = usize> + use<> {
        let norm = self.norm.map(|norm| [norm, norm + 1]);
        [self.weight, self.weight + 1].into_iter().chain(norm.into_iter().flatten())
    }
}

impl DenseStack {
    pub(super) fn new<'a>(layers: impl IntoIterator<Item = &'a Layer>, inputs: usize, isa: Isa) -> Self {
        let mut width = inputs;
        let layers = layers
            .into_iter()
            .filter_map(|layer| {
                let LayerKind::Linear { outputs } = layer.kind else { return None };
                let inputs = std::mem::replace(&mut width, outputs);
                let norm = layer.norm.map(|norm| norm.weight);
                Some(Dense { inputs, outputs, weight: layer.weight, norm, activation: layer.activation })
            })
            .collect();
        Self { isa, inputs, layers }
    }

    /// Whether its output is its input.
    pub(super) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The indices of its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().flat_map(Dense::parameters)
    }

    /// Units of the last layer.
    pub(super) fn outputs(&self) -> usize {
        self.layers.last().map_or(self.inputs, |layer| layer.outputs)
    }

    /// The output that [`forward`](Self::forward) left on the tape: `[outputs, batch]`.
    pub(super) fn output<'a>(&self, input: &'a [f32], tape: &'a [DenseRecord]) -> &'a [f32] {
        tape[..self.layers.len()].last().map_or(input, |record| &record.output)
    }

    /// Each layer's output, from an input `[inputs, batch]`.
    pub(super) fn forward(&self, values: &[&[f32]], input: &[f32], batch: usize, tape: &mut Vec<DenseRecord>) {
        tape.resize_with(self.layers.len().max(tape.len()), DenseRecord::default);
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, rest) = tape.split_at_mut(i);
            let input = before.last().map_or(input, |record| &record.output);
            let DenseRecord { output, normal, inverse } = &mut rest[0];
            let relu = layer.activation == Some(Activation::Relu);
            output.fit(layer.outputs * batch);
            normal.fit(if layer.norm.is_some() { layer.outputs * batch } else { 0 });
            MatMul {
                a: Matrix::new(values[layer.weight], layer.outputs, layer.inputs, layer.inputs),
                transposed: false,
                b: Matrix::new(input, layer.inputs, batch, batch),
                c: MatrixMut::new(if layer.norm.is_some() { normal } else { output }, layer.outputs, batch, batch),
                start: Start::Bias(values[layer.weight + 1]),
                relu: relu && layer.norm.is_none(),
            }
            .run(self.isa);
            if let Some(norm) = layer.norm {
                inverse.fit(batch);
                let (weight, bias) = (values[norm], values[norm + 1]);
                NormaliseColumns { batch, values: normal, weight, bias, relu, output, inverse }.run(self.isa);
            }
            if layer.activation == Some(Activation::Tanh) {
                Tanh { values: output }.run(self.isa);
            }
        }
    }

    /// The gradients of a loss by each layer's parameters and by the stack's input.
    ///
    /// `rows` is the input as `[kept, inputs]`, `outputs` what [`forward`](Self::forward) left on the tape, and
    /// `pass.work.by_output` the loss's gradient by the stack's output.
    pub(super) fn backward(
        &self,
        pass: &mut Backward<'_, '_>,
        rows: &[f32],
        tape: &[DenseRecord],
        mut by_stack_input: InputGradient<'_>,
    ) {
        let &mut Backward { values, batch, kept, .. } = pass;
        let Work { by_output, by_input, rows: turned } = &mut *pass.work;
        let sink = &mut *pass.sink;
        let start = |add| if add { Start::Add } else { Start::Zero };
        // Below the last layer that trains, or that must pass a gradient on, there is nothing to do.
        let lowest = match by_stack_input.to {
            Some(_) => 0,
            None => {
                let trains = |layer: &Dense| layer.parameters().any(|i| sink.wants(i));
                self.layers.iter().position(trains).unwrap_or(self.layers.len())
            }
        };
        for (i, layer) in self.layers.iter().enumerate().skip(lowest).rev() {
            let &Dense { inputs, outputs, weight, .. } = layer;
            let record = &tape[i];
            match layer.activation {
                Some(Activation::Relu) => ReluGradient { output: &record.output, gradient: by_output }.run(self.isa),
                Some(Activation::Tanh) => TanhGradient { output: &record.output, gradient: by_output }.run(self.isa),
                None => {}
            }
            if let Some(norm) = layer.norm {
                let mut sums = [vec![0.0; outputs], vec![0.0; outputs]];
                let [by_weight, by_bias] = &mut sums;
                let DenseRecord { normal, inverse, .. } = record;
                let weight = values[norm];
                NormaliseColumnsGradient {
                    batch,
                    kept,
                    normal,
                    inverse,
                    weight,
                    gradient: by_output,
                    by_weight,
                    by_bias,
                }
                .run(self.isa);
                sink.write(norm, &sums[0]);
                sink.write(norm + 1, &sums[1]);
            }
            if sink.wants(weight + 1) {
                let bias = &mut sink.gradients[weight + 1];
                if !sink.add {
                    bias.fill(0.0);
                }
                RowSums { values: by_output, columns: kept, stride: batch, sums: bias }.run(self.isa);
            }
            if sink.wants(weight) {
                let input = if i == 0 {
                    rows
                } else {
                    turned.fit(kept * inputs);
                    Transpose {
                        from: &tape[i - 1].output,
                        rows: inputs,
                        columns: kept,
                        from_stride: batch,
                        to: turned,
                        to_stride: inputs,
                    }
                    .run(self.isa);
                    &*turned
                };
                MatMul {
                    a: Matrix::new(by_output, outputs, kept, batch),
                    transposed: false,
                    b: Matrix::new(input, kept, inputs, inputs),
                    c: MatrixMut::new(&mut sink.gradients[weight], outputs, inputs, inputs),
                    start: start(sink.add),
                    relu: false,
                }
                .run(self.isa);
            }
            if i == lowest && i > 0 {
                break;
            }
            let weight = Matrix::new(values[weight], outputs, inputs, inputs);
            let upstream = Matrix::new(by_output, outputs, kept, batch);
            let (a, b, c, start) = match &mut by_stack_input {
                _ if i > 0 => {
                    by_input.fit(inputs * batch);
                    (weight, upstream, MatrixMut::new(by_input, inputs, kept, batch), Start::Zero)
                }
                InputGradient { to: Some(to), rows: true, add } => {
                    (upstream, weight, MatrixMut::new(to, kept, inputs, inputs), start(*add))
                }
                InputGradient { to: Some(to), rows: false, add } => {
                    (weight, upstream, MatrixMut::new(to, inputs, kept, batch), start(*add))
                }
                InputGradient { to: None, .. } => continue,
            };
            MatMul { a, transposed: true, b, c, start, relu: false }.run(self.isa);
            std::mem::swap(by_output, by_input);
        }
    }
}
