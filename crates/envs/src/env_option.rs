//! Which options an environment understands, for lists and documentation.

use std::ops::{Bound, RangeInclusive};

use crate::OptionValue;

/// An option that an environment understands: what may be given, and what it means.
///
/// It says what an [`OptionReader`](crate::OptionReader) checks, and decides nothing itself.
///
/// ```
/// use deepq_envs::{OptionValue, OptionValues, Registry};
/// let options = Registry::standard().options("Pendulum-v1");
/// let torques = options.iter().find(|option| option.name == "torques").unwrap();
/// assert_eq!(torques.values, OptionValues::Integer(2..=1001));
/// assert_eq!(torques.default, Some(OptionValue::Integer(5)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EnvOption {
    /// Its name, as a key of an experiment's `[environment]`.
    pub name: &'static str,
    /// What may be given.
    pub values: OptionValues,
    /// The value that gives the same environment as none; `None` if there is no such value.
    pub default: Option<OptionValue>,
    /// What it means, in a sentence or two without a full stop at the end.
    pub meaning: &'static str,
}

/// The values that an option may have, one variant for each way to read it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptionValues {
    /// A switch.
    Bool,
    /// A whole number within a range.
    Integer(RangeInclusive<i64>),
    /// A number within bounds.
    Float(Bound<f64>, Bound<f64>),
    /// Any text.
    Text,
    /// So many numbers.
    Numbers(usize),
    /// A list of texts.
    Texts,
    /// One of several words.
    Choice(Vec<&'static str>),
}

impl OptionValues {
    /// Any finite number.
    pub const ANY_FLOAT: Self = Self::Float(Bound::Unbounded, Bound::Unbounded);

    /// A number within a range, its ends included.
    pub fn float(range: RangeInclusive<f64>) -> Self {
        let (from, to) = range.into_inner();
        Self::Float(Bound::Included(from), Bound::Included(to))
    }
}

impl EnvOption {
    /// An option that no value stands for where it is not given.
    pub fn new(name: &'static str, values: OptionValues, meaning: &'static str) -> Self {
        Self { name, values, default: None, meaning }
    }

    /// A switch.
    pub fn switch(name: &'static str, default: bool, meaning: &'static str) -> Self {
        Self::new(name, OptionValues::Bool, meaning).default(default)
    }

    /// With the value that gives the same environment as none.
    #[must_use]
    pub fn default(mut self, value: impl Into<OptionValue>) -> Self {
        self.default = Some(value.into());
        self
    }
}
