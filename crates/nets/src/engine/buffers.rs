//! Memory that is used again and again.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Things to be used again.
#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::new(vec![]))
    }
}

impl<T> Pool<T> {
    /// A used one, or a new one.
    pub(crate) fn take_or(&self, new: impl FnOnce() -> T) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(new)
    }

    /// Gives one back.
    pub(crate) fn put(&self, used: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(used);
    }
}

/// Numbers whose memory stays when they become fewer.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    memory: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// Makes it this long. What it holds then is of no meaning.
    pub(super) fn fit(&mut self, len: usize) {
        if self.memory.len() < len {
            self.memory.resize(len, 0.0);
        }
        self.len = len;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.len]
    }
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// Rows of the batch.
    pub(super) batch: usize,
    /// How many of them, from the first on, can go backward.
    pub(super) kept: usize,
    /// Of each kept image what all convolutions remember, one after the other.
    pub(super) images: Buffer,
    /// The convolutions' features: `[batch, features]`.
    pub(super) flat: Buffer,
    /// The same transposed: `[features, batch]`.
    pub(super) features: Buffer,
    /// What a dense torso takes: `[elements, batch]`.
    pub(super) observations: Buffer,
    /// What a dense torso's layers remember.
    pub(super) torso: Vec<DenseRecord>,
    /// What the head's layers remember, of each stream.
    pub(super) streams: Vec<Vec<DenseRecord>>,
    /// `[batch, actions * outputs]`.
    pub(super) q: Buffer,
    /// A dense torso's features: `[kept, features]`.
    pub(super) rows: Buffer,
    /// The loss's gradient by the features: `[kept, features]` after convolutions, else `[features, batch]`.
    pub(super) by_features: Buffer,
    pub(super) work: Work,
}

impl Tape {
    /// The action values of the last forward pass: `[batch, actions * outputs]`.
    pub(crate) fn q(&self) -> &[f32] {
        &self.q
    }
}

/// What a dense layer remembers of a batch.
#[derive(Debug, Default)]
pub(super) struct DenseRecord {
    /// `[units, batch]`.
    pub(super) output: Buffer,
    /// Where the layer normalises: its units before weight and bias, `[units, batch]`.
    pub(super) normal: Buffer,
    /// One over their deviation, of each observation.
    pub(super) inverse: Buffer,
}

/// What dense layers' backward pass works in.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// The loss's gradient by a layer's output, `[outputs, batch]`: the first kept columns count.
    pub(super) by_output: Buffer,
    /// The loss's gradient by a layer's input: `[inputs, batch]`.
    pub(super) by_input: Buffer,
    /// A layer's input: `[kept, inputs]`.
    pub(super) rows: Buffer,
}
