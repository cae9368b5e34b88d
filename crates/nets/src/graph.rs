//! The engine inside Candle's graph: a whole network as one operation.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Shape, Storage, Tensor, Var};
use deepq_kernels::Isa;

use crate::engine::{Engine, Input, Pool, Sink, Tape, Weights};
use crate::plan::Plan;
use crate::{Gradients, NetError, Parameters};

/// An engine and what it needs to take part in a graph.
#[derive(Debug)]
pub(crate) struct Graph {
    engine: Engine,
    /// The shape of a row of what comes out.
    row: Vec<usize>,
    parameters: Arc<Parameters>,
    /// Candle follows only variables. This one stands for all parameters: the operation takes it as an argument, so that
    /// its backward pass is called, and gives it no gradient.
    anchor: Var,
    /// Where a running backward pass writes.
    sink: Mutex<Option<Memory>>,
    /// Held while a backward pass runs.
    running: Mutex<()>,
    memory: Arc<Pool<Vec<Vec<f32>>>>,
}

#[derive(Debug)]
struct Memory {
    gradients: Vec<Vec<f32>>,
    /// Whether it holds gradients already, to which others are added.
    written: bool,
}

impl Graph {
    /// Of a plan that the engine knows.
    pub(crate) fn new(plan: &Plan, isa: Isa, parameters: Arc<Parameters>) -> Result<Self, NetError> {
        Ok(Self {
            engine: Engine::new(plan, isa),
            row: plan.row_shape(),
            parameters,
            anchor: Var::zeros((), candle_core::DType::F32, &Device::Cpu)?,
            sink: Mutex::default(),
            running: Mutex::default(),
            memory: Arc::default(),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Action values without a graph.
    pub(crate) fn values(&self, observations: &Tensor) -> candle_core::Result<Tensor> {
        let observations = observations.contiguous()?;
        let mut tape = self.engine.tapes.take_or(Tape::default);
        let q = with_input(&observations, |input| {
            self.with_weights(|weights| {
                self.engine.forward(weights, &[input], false, &mut tape);
                tape.q().to_vec()
            })
        })??;
        self.engine.tapes.put(tape);
        Tensor::from_vec(q, self.shape(observations.dim(0)?), &Device::Cpu)
    }

    /// The shape of what comes out for so many rows.
    fn shape(&self, rows: usize) -> Shape {
        match *self.row {
            [actions] => (rows, actions).into(),
            _ => [&[rows], self.row.as_slice()].concat().into(),
        }
    }

    /// Action values in a graph.
    pub(crate) fn forward(self: &Arc<Self>, observations: &Tensor) -> candle_core::Result<Tensor> {
        Ok(self.record(observations, None)?.0)
    }

    /// Action values of observations in a graph, and of the next observations without one.
    pub(crate) fn forward_with_next(
        self: &Arc<Self>,
        observations: &Tensor,
        next: &Tensor,
    ) -> candle_core::Result<(Tensor, Tensor)> {
        let (q, q_next) = self.record(observations, Some(next))?;
        Ok((q, Tensor::from_vec(q_next, self.shape(next.dim(0)?), &Device::Cpu)?))
    }

    fn record(
        self: &Arc<Self>,
        observations: &Tensor,
        next: Option<&Tensor>,
    ) -> candle_core::Result<(Tensor, Vec<f32>)> {
        let observations = observations.detach().contiguous()?;
        let rows = observations.dim(0)?;
        let mut tape = self.engine.tapes.take_or(Tape::default);
        let mut run =
            |inputs: &[Input<'_>]| self.with_weights(|weights| self.engine.forward(weights, inputs, true, &mut tape));
        match next {
            None => with_input(&observations, |input| run(&[input]))??,
            Some(next) => {
                let next = next.contiguous()?;
                with_input(&observations, |input| with_input(&next, |next| run(&[input, next])))???;
            }
        }
        let shape = self.shape(rows);
        let (q, q_next) = tape.q().split_at(shape.elem_count());
        let (q, q_next) = (q.to_vec(), q_next.to_vec());
        let operation = Operation { graph: self.clone(), tape: Mutex::new(tape), q: Mutex::new(q), shape };
        Ok((observations.apply_op2(self.anchor.as_tensor(), operation)?, q_next))
    }

    /// The gradients of a loss that depends on results of [`forward`](Self::forward).
    pub(crate) fn backward(&self, loss: &Tensor) -> Result<Gradients, NetError> {
        let _running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gradients = self.memory.take_or(|| vec![vec![]; self.parameters.len()]);
        for (i, (gradient, (_, parameter))) in gradients.iter_mut().zip(self.parameters.iter()).enumerate() {
            let len = if self.parameters.trainable(i) { parameter.elem_count() } else { 0 };
            if gradient.len() != len {
                *gradient = vec![0.0; len];
            }
        }
        *self.lock_sink() = Some(Memory { gradients, written: false });
        let result = loss.backward();
        let Some(Memory { gradients, written }) = self.lock_sink().take() else { return Err(NetError::NoGradient) };
        let gradients = Gradients::pooled(self.parameters.names().clone(), gradients, self.memory.clone());
        result?;
        if written { Ok(gradients) } else { Err(NetError::NoGradient) }
    }

    fn lock_sink(&self) -> std::sync::MutexGuard<'_, Option<Memory>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` with the parameters' present values.
    fn with_weights<R>(&self, f: impl FnOnce(Weights<'_>) -> R) -> candle_core::Result<R> {
        let generation = self.parameters.generation();
        let guards: Vec<_> = self.parameters.iter().map(|(_, tensor)| tensor.storage_and_layout()).collect();
        let values = guards
            .iter()
            .map(|(storage, layout)| slice::<f32>(storage, layout))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let packed = self.engine.pack(&values, generation);
        Ok(f(Weights { values: &values, packed: &packed }))
    }
}

/// A contiguous tensor's values in host memory.
fn slice<'a, T: candle_core::WithDType>(storage: &'a Storage, layout: &Layout) -> candle_core::Result<&'a [T]> {
    match storage {
        Storage::Cpu(storage) => host_slice(storage, layout),
        _ => candle_core::bail!("expected values in host memory"),
    }
}

pub(crate) fn host_slice<'a, T: candle_core::WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else { candle_core::bail!("expected contiguous values") };
    Ok(&storage.as_slice::<T>()?[start..end])
}

fn input<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<Input<'a>> {
    match storage {
        CpuStorage::U8(_) => Ok(Input::Bytes(host_slice(storage, layout)?)),
        _ => Ok(Input::Floats(host_slice(storage, layout)?)),
    }
}

fn with_input<R>(observations: &Tensor, f: impl FnOnce(Input<'_>) -> R) -> candle_core::Result<R> {
    match &*observations.storage_and_layout().0 {
        Storage::Cpu(storage) => Ok(f(input(storage, observations.layout())?)),
        _ => candle_core::bail!("expected observations in host memory"),
    }
}

/// A forward pass that was done, with its result, to be put into a graph.
struct Operation {
    graph: Arc<Graph>,
    tape: Mutex<Tape>,
    q: Mutex<Vec<f32>>,
    shape: Shape,
}

impl CustomOp2 for Operation {
    fn name(&self) -> &'static str {
        "q-network"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let q = std::mem::take(&mut *self.q.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((CpuStorage::F32(q), self.shape.clone()))
    }

    fn bwd(
        &self,
        observations: &Tensor,
        _: &Tensor,
        _: &Tensor,
        upstream: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let upstream = upstream.contiguous()?;
        let (storage, layout) = upstream.storage_and_layout();
        let upstream = slice::<f32>(&storage, layout)?;
        let mut sink = self.graph.lock_sink();
        let Some(sink) = sink.as_mut() else {
            candle_core::bail!("a network's gradients come from its own backward(), not from the tensor's")
        };
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        with_input(observations, |input| {
            self.graph.with_weights(|weights| {
                let Memory { gradients, written } = sink;
                let mut sink = Sink { gradients, add: *written };
                self.graph.engine.backward(weights, input, &mut tape, upstream, &mut sink);
                *written = true;
            })
        })??;
        Ok((None, None))
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        let tape = self.tape.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.graph.engine.tapes.put(std::mem::take(tape));
    }
}
