//! What an environment's observations and actions look like.

use crate::Element;

/// A finite set of actions (or states), numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrete {
    n: usize,
    meanings: Vec<String>,
}

impl Discrete {
    /// The set `0..n`, without names.
    ///
    /// # Panics
    ///
    /// If `n` is 0: an environment without an action is none.
    pub fn new(n: usize) -> Self {
        assert!(n > 0, "a discrete space needs at least one element");
        Self { n, meanings: Vec::new() }
    }

    /// One element for each name, in order.
    pub fn named<S: Into<String>>(meanings: impl IntoIterator<Item = S>) -> Self {
        let meanings: Vec<String> = meanings.into_iter().map(Into::into).collect();
        Self { meanings: meanings.clone(), ..Self::new(meanings.len()) }
    }

    /// How many elements the set has.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Whether `element` is in `0..n`.
    pub fn contains(&self, element: usize) -> bool {
        element < self.n
    }

    /// The name of an element, where the environment gives one.
    pub fn meaning(&self, element: usize) -> Option<&str> {
        self.meanings.get(element).map(String::as_str)
    }
}

/// The shape and the bounds of an observation.
///
/// An observation is a flat slice in row-major order, `shape` says how to read it. Frames are `[channels or stack,
/// height, width]`, except the raw screens of an emulator, which are `[height, width, 3]` as in Gymnasium.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationSpace<E> {
    shape: Vec<usize>,
    low: Vec<E>,
    high: Vec<E>,
    states: Option<Discrete>,
    stack: usize,
}

impl<E: Element> ObservationSpace<E> {
    /// A box with its own bounds for each component, of one dimension.
    ///
    /// # Panics
    ///
    /// If `low` and `high` differ in length or are empty.
    pub fn vector(low: &[E], high: &[E]) -> Self {
        assert!(low.len() == high.len() && !low.is_empty(), "low and high must have the same, positive length");
        Self { shape: vec![low.len()], low: low.to_vec(), high: high.to_vec(), states: None, stack: 1 }
    }

    /// A box of any shape with the same bounds everywhere.
    ///
    /// # Panics
    ///
    /// If the shape has no element.
    pub fn uniform(shape: &[usize], low: E, high: E) -> Self {
        let len = shape.iter().product();
        assert!(len > 0, "an observation needs at least one element");
        Self { shape: shape.to_vec(), low: vec![low; len], high: vec![high; len], states: None, stack: 1 }
    }

    /// A box of any shape with its own bounds for each element, in row-major order.
    ///
    /// # Panics
    ///
    /// If the shape has no element, or another number of them than `low` and `high`.
    pub fn bounded(shape: &[usize], low: Vec<E>, high: Vec<E>) -> Self {
        let len: usize = shape.iter().product();
        assert!(
            len > 0 && low.len() == len && high.len() == len,
            "low and high must have an element for each of the shape"
        );
        Self { shape: shape.to_vec(), low, high, states: None, stack: 1 }
    }

    /// Lengths of the dimensions.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of elements: the length of the slice that an observation fills.
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there is nothing to observe: never, kept beside [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// Lower bounds, one for each element.
    pub fn low(&self) -> &[E] {
        &self.low
    }

    /// Upper bounds, one for each element.
    pub fn high(&self) -> &[E] {
        &self.high
    }

    /// The set of states, if the observation is the number of a state (Gymnasium's `Discrete` observations: one
    /// element that holds the number, exact in `f32` up to 2^24).
    pub fn states(&self) -> Option<&Discrete> {
        self.states.as_ref()
    }

    /// How many observations, one after the other, are in one: 1 unless it is [`stacked`](Self::stacked). A replay memory
    /// that stores each of them once goes by it.
    pub fn stack(&self) -> usize {
        self.stack
    }

    /// The space of `frames` observations in one, as [`FrameStack`](crate::FrameStack) gives them: `[height, width]`
    /// becomes `[frames, height, width]`, `[channels, height, width]` becomes `[frames * channels, height, width]`,
    /// everything else (vectors, raw screens of shape `[height, width, 3]`) gets a new first dimension.
    pub fn stacked(&self, frames: usize) -> Self {
        let shape = match *self.shape {
            [channels, height, width] if width != 3 => vec![frames * channels, height, width],
            _ => [&[frames], &*self.shape].concat(),
        };
        Self { shape, low: self.low.repeat(frames), high: self.high.repeat(frames), states: None, stack: frames }
    }

    /// Whether `observation` has the right length and lies within the bounds (NaN does not).
    pub fn contains(&self, observation: &[E]) -> bool {
        observation.len() == self.len()
            && observation.iter().zip(self.low.iter().zip(&self.high)).all(|(x, (low, high))| x >= low && x <= high)
    }
}

impl ObservationSpace<f32> {
    /// The number of a state out of `states`, as one `f32`.
    pub fn discrete(states: Discrete) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "state numbers stay below 2^24")]
        let high = (states.n() - 1) as f32;
        Self { shape: vec![1], low: vec![0.0], high: vec![high], states: Some(states), stack: 1 }
    }
}
