//! How a network's streams become action values: a rule is a variant here, with its streams, its equation, and the arithmetic
//! of both directions for the engine.

use deepq_kernels::Isa;
use deepq_kernels::transpose::Transpose;

use crate::spec::Head;

/// A rule that combines streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// One stream gives the action values.
    Single,
    /// Q = V + A - mean A (Wang et al. 2016, equation 9), for each output of an action by itself.
    Dueling,
}

/// What an equation is written in: Candle's tensors, or the nodes of an ONNX model. Values have actions as their axis 1; each
/// operation is named by the stream that it is for.
pub(crate) trait Algebra {
    type Value;
    type Error;

    /// What comes out of a stream, `[batch, actions of the stream]` or `[batch, actions of the stream, outputs]`, by its place
    /// in [`Rule::streams`].
    fn stream(&mut self, index: usize) -> Result<Self::Value, Self::Error>;

    /// The mean over actions, which leaves their axis with one.
    fn mean_over_actions(&mut self, name: &str, x: &Self::Value) -> Result<Self::Value, Self::Error>;

    /// a - b, where b has one for all actions.
    fn subtract(&mut self, name: &str, a: &Self::Value, b: &Self::Value) -> Result<Self::Value, Self::Error>;

    /// a + b, where b has one for all actions.
    fn add(&mut self, name: &str, a: &Self::Value, b: &Self::Value) -> Result<Self::Value, Self::Error>;
}

/// The sizes of a batch as the engine has it: streams' values are `[actions of the stream * outputs, batch]`, action values
/// `[batch, actions * outputs]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) actions: usize,
    /// Outputs of each action.
    pub(crate) outputs: usize,
}

impl Rule {
    /// That of a head.
    pub(crate) fn of(head: &Head) -> Self {
        match head {
            Head::Single { .. } => Self::Single,
            Head::Dueling { .. } => Self::Dueling,
        }
    }

    /// The streams that it takes, in the order of their parameters: name, and of how many actions a stream speaks.
    pub(crate) fn streams(self, actions: usize) -> Vec<(&'static str, usize)> {
        match self {
            Self::Single => vec![("head", actions)],
            Self::Dueling => vec![("value", 1), ("advantage", actions)],
        }
    }

    /// The equation.
    pub(crate) fn combine<A: Algebra>(self, algebra: &mut A) -> Result<A::Value, A::Error> {
        match self {
            Self::Single => algebra.stream(0),
            Self::Dueling => {
                let (value, advantage) = (algebra.stream(0)?, algebra.stream(1)?);
                let mean = algebra.mean_over_actions("advantage", &advantage)?;
                let centred = algebra.subtract("advantage", &advantage, &mean)?;
                algebra.add("value", &centred, &value)
            }
        }
    }

    /// The equation for the engine: action values of all rows, from `stream(i)`, each stream's values.
    pub(crate) fn forward<'a>(self, isa: Isa, stream: impl Fn(usize) -> &'a [f32], sizes: Sizes, q: &mut [f32]) {
        let Sizes { batch, actions, outputs } = sizes;
        match self {
            Self::Single => Transpose::whole(stream(0), [actions * outputs, batch], q).run(isa),
            Self::Dueling => {
                let (value, advantage) = (stream(0), stream(1));
                for (i, q) in q.chunks_exact_mut(actions * outputs).enumerate() {
                    for (a, q) in q.iter_mut().enumerate() {
                        *q = advantage[a * batch + i];
                    }
                    for output in 0..outputs {
                        let of_actions = || (output..actions * outputs).step_by(outputs);
                        let mean = of_actions().map(|a| q[a]).sum::<f32>() / actions as f32;
                        of_actions().for_each(|a| q[a] = q[a] - mean + value[output * batch + i]);
                    }
                }
            }
        }
    }

    /// The gradient by a stream's values, from that by the action values of the first rows, which `upstream` has.
    pub(crate) fn backward(self, isa: Isa, stream: usize, upstream: &[f32], sizes: Sizes, by_stream: &mut [f32]) {
        let Sizes { batch, actions, outputs } = sizes;
        let row = actions * outputs;
        let of_actions = |output: usize| (output..row).step_by(outputs);
        match (self, stream) {
            (Self::Single, _) => {
                let (rows, to) = (upstream.len() / row, by_stream);
                Transpose { from: upstream, rows, columns: row, from_stride: row, to, to_stride: batch }.run(isa);
            }
            (Self::Dueling, 0) => {
                for (i, upstream) in upstream.chunks_exact(row).enumerate() {
                    for output in 0..outputs {
                        by_stream[output * batch + i] = of_actions(output).map(|a| upstream[a]).sum();
                    }
                }
            }
            (Self::Dueling, _) => {
                for (i, upstream) in upstream.chunks_exact(row).enumerate() {
                    for output in 0..outputs {
                        let mean = of_actions(output).map(|a| upstream[a]).sum::<f32>() / actions as f32;
                        of_actions(output).for_each(|a| by_stream[a * batch + i] = upstream[a] - mean);
                    }
                }
            }
        }
    }
}
