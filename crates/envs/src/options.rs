//! Options of an environment by name, as an experiment file or a command line gives them.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::EnvError;

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A word.
    Text(String),
    /// Several values: a map's rows, the rewards of a schedule.
    List(Vec<OptionValue>),
}

impl OptionValue {
    fn as_number(&self) -> Option<f64> {
        match *self {
            Self::Float(value) => Some(value),
            #[allow(clippy::cast_precision_loss, reason = "an option of 2^53 and more is no option")]
            Self::Integer(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
        }
    }
}

macro_rules! option_value_from {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for OptionValue {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

impl<V: Into<OptionValue>> From<Vec<V>> for OptionValue {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

option_value_from! { bool => Bool, i32 => Integer, u32 => Integer, i64 => Integer, f64 => Float, &str => Text, String => Text }

/// Options by name: what `gymnasium.make` takes as keyword arguments.
///
/// ```
/// use deepq_envs::EnvOptions;
/// let options = EnvOptions::new().with("max_episode_steps", 100).with("sutton_barto_reward", true);
/// assert_eq!(options.iter().count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvOptions(BTreeMap<String, OptionValue>);

impl EnvOptions {
    /// No options: every environment as Gymnasium makes it.
    pub fn new() -> Self {
        Self::default()
    }

    /// These options and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<OptionValue>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets an option; gives the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<OptionValue>) -> Option<OptionValue> {
        self.0.insert(name.into(), value.into())
    }

    /// Takes an option out.
    pub fn remove(&mut self, name: &str) -> Option<OptionValue> {
        self.0.remove(name)
    }

    /// The value of an option, if it is given.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.0.get(name)
    }

    /// The options, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether no option is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the options of the environment `env`: see [`OptionReader`].
    pub fn reader<'a>(&'a self, env: &'a str) -> OptionReader<'a> {
        OptionReader { env, options: self, known: Vec::new() }
    }
}

impl<N: Into<String>, V: Into<OptionValue>> FromIterator<(N, V)> for EnvOptions {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(options: T) -> Self {
        Self(options.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Reads options by type, and knows at the end which were not asked for.
///
/// ```
/// use deepq_envs::{EnvError, EnvOptions};
/// let options = EnvOptions::new().with("gravity", -9).with("wnid", true);
/// let mut reader = options.reader("Balloon-v0");
/// assert_eq!(reader.float("gravity", -20.0..=0.0)?, Some(-9.0));
/// assert_eq!(reader.bool("wind")?, None);
/// let error = reader.finish().unwrap_err();
/// assert_eq!(error.to_string(), r#"Balloon-v0 has no option "wnid"; it has gravity, wind"#);
/// # Ok::<(), EnvError>(())
/// ```
#[derive(Debug)]
pub struct OptionReader<'a> {
    env: &'a str,
    options: &'a EnvOptions,
    known: Vec<&'a str>,
}

impl<'a> OptionReader<'a> {
    /// A switch.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none.
    pub fn bool(&mut self, name: &'a str) -> Result<Option<bool>, EnvError> {
        match self.take(name) {
            None => Ok(None),
            Some(&OptionValue::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.invalid(name, other, "it is true or false")),
        }
    }

    /// A whole number within a range.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none or lies outside.
    pub fn integer(&mut self, name: &'a str, range: RangeInclusive<i64>) -> Result<Option<i64>, EnvError> {
        match self.take(name) {
            None => Ok(None),
            Some(&OptionValue::Integer(value)) if range.contains(&value) => Ok(Some(value)),
            Some(other) => {
                let reason = match (*range.start(), *range.end()) {
                    (low, i64::MAX) => format!("it is a whole number of at least {low}"),
                    (low, high) => format!("it is a whole number from {low} to {high}"),
                };
                Err(self.invalid(name, other, &reason))
            }
        }
    }

    /// A number within a range; whole numbers count as numbers.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none or lies outside.
    pub fn float(&mut self, name: &'a str, range: RangeInclusive<f64>) -> Result<Option<f64>, EnvError> {
        let given = match self.take(name) {
            None => return Ok(None),
            Some(given) => given,
        };
        match given.as_number().filter(|value| range.contains(value)) {
            Some(value) => Ok(Some(value)),
            None => {
                Err(self.invalid(name, given, &format!("it is a number from {} to {}", range.start(), range.end())))
            }
        }
    }

    /// Any text.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none.
    pub fn text(&mut self, name: &'a str) -> Result<Option<&'a str>, EnvError> {
        match self.take(name) {
            None => Ok(None),
            Some(OptionValue::Text(value)) => Ok(Some(value)),
            Some(other) => Err(self.invalid(name, other, "it is a text")),
        }
    }

    /// A list of numbers, as many as the array holds.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none, or of another length.
    pub fn numbers<const N: usize>(&mut self, name: &'a str) -> Result<Option<[f64; N]>, EnvError> {
        let Some(given) = self.take(name) else { return Ok(None) };
        let numbers: Option<Vec<f64>> = match given {
            OptionValue::List(values) => values.iter().map(OptionValue::as_number).collect(),
            _ => None,
        };
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        numbers.map(Some).ok_or_else(|| self.invalid(name, given, &format!("it is a list of {N} numbers")))
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none.
    pub fn texts(&mut self, name: &'a str) -> Result<Option<Vec<&'a str>>, EnvError> {
        let Some(given) = self.take(name) else { return Ok(None) };
        let text = |value: &'a OptionValue| match value {
            OptionValue::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let texts = match given {
            OptionValue::List(values) => values.iter().map(text).collect::<Option<Vec<&str>>>(),
            _ => None,
        };
        texts.map(Some).ok_or_else(|| self.invalid(name, given, "it is a list of texts"))
    }

    /// One of several words, as its position in `choices`.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] if the value is none of them.
    pub fn choice(&mut self, name: &'a str, choices: &[&str]) -> Result<Option<usize>, EnvError> {
        let Some(given) = self.take(name) else { return Ok(None) };
        let position = match given {
            OptionValue::Text(value) => choices.iter().position(|choice| choice == value),
            _ => None,
        };
        let allowed = || format!("it is one of {}", choices.join(", "));
        position.map(Some).ok_or_else(|| self.invalid(name, given, &allowed()))
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`EnvError::UnknownOption`] if an option is given that nobody asked for; it names those that were asked for.
    pub fn finish(mut self) -> Result<(), EnvError> {
        let Some((option, _)) = self.options.iter().find(|(name, _)| !self.known.contains(name)) else {
            return Ok(());
        };
        self.known.sort_unstable();
        self.known.dedup();
        let known = if self.known.is_empty() { "none".into() } else { self.known.join(", ") };
        Err(EnvError::UnknownOption { env: self.env.into(), option: option.into(), known })
    }

    /// An error about an option, for checks that go beyond its type.
    pub fn invalid(&self, name: &str, value: &OptionValue, reason: &str) -> EnvError {
        EnvError::InvalidOption {
            env: self.env.into(),
            option: name.into(),
            value: value.to_string(),
            reason: reason.into(),
        }
    }

    fn take(&mut self, name: &'a str) -> Option<&'a OptionValue> {
        self.known.push(name);
        self.options.get(name)
    }
}
