//! An experiment file as text: parsed, with overrides put into it, comments kept.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Key, TableLike, Value};

use crate::node::Node;
use crate::{DocumentError, KeyProblem, Problem};

/// The longest file that is read: anything longer is no experiment.
const MAX_BYTES: u64 = 1 << 20;

/// An experiment file with its overrides.
///
/// What a run writes beside its results is this document's [`text`](Self::text): the file as its author commented it,
/// with every override in its place.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    /// The file with its spans, to say the line of a key.
    original: toml_edit::Document<String>,
    current: DocumentMut,
    overrides: Vec<Override>,
}

/// A value of an experiment as tools that compare runs take it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HyperParameter {
    Number(f64),
    Switch(bool),
    Word(String),
}

#[derive(Clone, Debug)]
struct Override {
    path: Vec<String>,
    /// How the message names it: `--set agent.discount=2`, `--steps 0`.
    name: String,
}

impl Document {
    /// Parses a file's text; `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Syntax`].
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        let syntax =
            |error: toml_edit::TomlError| DocumentError::Syntax { file: file.to_owned(), reason: error.to_string() };
        let original = toml_edit::Document::parse(text.to_owned()).map_err(syntax)?;
        let current = text.parse::<DocumentMut>().map_err(syntax)?;
        Ok(Self { file: file.to_owned(), original, current, overrides: Vec::new() })
    }

    /// Reads an experiment from a file.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Unreadable`] and [`DocumentError::Syntax`].
    pub fn open(path: &Path) -> Result<Self, DocumentError> {
        let name = path.display().to_string();
        let unreadable = |reason: String| DocumentError::Unreadable { path: name.clone(), reason };
        let bytes = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if bytes > MAX_BYTES {
            return Err(unreadable(format!("{bytes} bytes are too many for an experiment")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        Self::parse(&name, &text)
    }

    /// Puts `key=value` in place, as `agent.discount=0.98`. The value is TOML; what is no TOML value is taken as text,
    /// so that `environment.id=CartPole-v0` needs no quotes.
    ///
    /// Whether the key exists and the value fits is checked when the document is [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// [`DocumentError::Override`] if there is no `=`, the key is not one, or a part of it is a value and no section.
    pub fn set(&mut self, assignment: &str) -> Result<(), DocumentError> {
        let name = format!("--set {}", assignment.trim());
        let wrong = |reason: String| DocumentError::Override { assignment: name.clone(), reason };
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(wrong("an override looks like agent.discount=0.98".to_owned()));
        };
        let keys =
            Key::parse(key.trim()).map_err(|_| wrong(format!("{:?} is not a key as agent.discount", key.trim())))?;
        let path: Vec<String> = keys.iter().map(|key| key.get().to_owned()).collect();
        let value = value.trim().parse::<Value>().unwrap_or_else(|_| Value::from(value.trim()));
        self.put(&path, value, name.clone()).map_err(wrong)
    }

    /// Puts a value in place that came from an option of its own, as `--steps 1000`; `name` is how messages call it.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Override`] if a part of the key is a value and no section.
    pub fn set_value(&mut self, key: &str, value: impl Into<Value>, name: &str) -> Result<(), DocumentError> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.put(&path, value.into(), name.to_owned())
            .map_err(|reason| DocumentError::Override { assignment: name.to_owned(), reason })
    }

    fn put(&mut self, path: &[String], mut value: Value, name: String) -> Result<(), String> {
        let Some((last, sections)) = path.split_last() else { return Err("the key is empty".to_owned()) };
        let mut table: &mut dyn TableLike = self.current.as_table_mut();
        for (depth, section) in sections.iter().enumerate() {
            let inline = depth > 0;
            let item = table.entry(section).or_insert_with(|| {
                if inline { Item::Value(Value::InlineTable(Default::default())) } else { toml_edit::table() }
            });
            table = item
                .as_table_like_mut()
                .ok_or_else(|| format!("{} is a value, not a section", path[..=depth].join(".")))?;
        }
        if let Some(old) = table.get(last).and_then(Item::as_value) {
            // The comment behind the value belongs to it.
            *value.decor_mut() = old.decor().clone();
        }
        match table.get_mut(last) {
            // In place, so that the comments above the key stay.
            Some(item) => *item = Item::Value(value),
            None => {
                table.insert(last, Item::Value(value));
            }
        }
        self.overrides.push(Override { path: path.to_vec(), name });
        Ok(())
    }

    /// Reads the whole document into a type.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Key`] for the first unknown key, missing key or value of the wrong type.
    pub fn read<'d, T: Deserialize<'d>>(&'d self) -> Result<T, DocumentError> {
        T::deserialize(Node::from(self.current.as_item())).map_err(|problem| self.locate(problem))
    }

    /// Whether a key stands in the document.
    pub fn contains(&self, key: &str) -> bool {
        find(self.current.as_item(), key.split('.')).is_some()
    }

    /// Says where a problem comes from: the override that set the key, or the line of the file.
    pub fn locate(&self, mut problem: KeyProblem) -> DocumentError {
        self.complete(&mut problem);
        if let Some(error) = self.of_kind(&problem).or_else(|| self.of_environment(&problem)) {
            return error;
        }
        let path = &problem.path;
        let from_override = (problem.problem != Problem::Missing)
            .then(|| self.overrides.iter().rev().find(|o| o.path.starts_with(path) || path.starts_with(&o.path)))
            .flatten();
        let origin = match from_override {
            Some(found) => found.name.clone(),
            None => match self.line(path) {
                Some(line) => format!("{}, line {line}", self.file),
                None => self.file.clone(),
            },
        };
        DocumentError::Key { origin, problem }
    }

    /// Completes the path of a value that is not allowed. Serde reads a table whose kind is one of its keys (`[agent]`,
    /// `network.torso`) through a buffer that forgets keys: it knows the value, and the table. The key is the one in it
    /// that has this value; the override, where several have it.
    fn complete(&self, problem: &mut KeyProblem) {
        let Problem::Invalid { found, .. } = &problem.problem else { return };
        let Some(table) = find(self.current.as_item(), problem.path.iter().map(String::as_str)) else { return };
        let mut keys = Vec::new();
        leaves(table, &mut problem.path.clone(), &mut |path, value| {
            if shown(value).as_ref() == Some(found) {
                keys.push(path.to_vec());
            }
        });
        let overridden = keys.iter().find(|key| self.overrides.iter().any(|o| o.path == **key));
        match (overridden, keys.as_slice()) {
            (Some(key), _) | (None, [key]) => problem.path.clone_from(key),
            _ => {}
        }
    }

    /// Blames the override that gave a table another `kind` for what then does not belong there, or is missing.
    fn of_kind(&self, problem: &KeyProblem) -> Option<DocumentError> {
        let KeyProblem { path, problem } = problem;
        let (_, table) = path.split_last()?;
        let of_kind: Vec<String> = table.iter().cloned().chain(["kind".to_owned()]).collect();
        let set = self.overrides.iter().rev().find(|o| o.path == of_kind)?;
        let kind = shown(find(self.current.as_item(), of_kind.iter().map(String::as_str))?.as_value()?)?;
        let (key, table) = (path.join("."), table.join("."));
        let reason = match problem {
            Problem::Missing => format!("{kind} needs {key}; add --set {key}=…"),
            // One that was set is wrong itself.
            Problem::Unknown { .. } if self.overrides.iter().any(|o| o.path == *path) => return None,
            Problem::Unknown { known } => {
                let place = self.line(path).map_or_else(String::new, |line| format!(", line {line}"));
                let keys: String = known.iter().map(|key| format!(", {key} = …")).collect();
                format!(
                    "{kind} does not go with {key}, which stands in {}{place}; set all of it, as `--set '{table}={{ kind = \
                     {kind}{keys} }}'`",
                    self.file
                )
            }
            Problem::Invalid { .. } | Problem::Other(_) => return None,
        };
        let problem = KeyProblem { path: of_kind, problem: Problem::Other(reason) };
        Some(DocumentError::Key { origin: set.name.clone(), problem })
    }

    /// Blames the override that named another environment for an option of the file's own one.
    fn of_environment(&self, problem: &KeyProblem) -> Option<DocumentError> {
        let KeyProblem { path, problem: Problem::Unknown { known } } = problem else { return None };
        let id = ["environment", "id"];
        let set = self.overrides.iter().rev().find(|o| o.path == id)?;
        let option = path.len() > 1 && path[path.len() - 2] == id[0];
        if !option || self.overrides.iter().any(|o| o.path == *path) {
            return None;
        }
        let name = shown(find(self.current.as_item(), id)?.as_value()?)?;
        let place = self.line(path).map_or_else(String::new, |line| format!(", line {line}"));
        let (key, file, known) = (path.join("."), &self.file, known.join(", "));
        let reason = format!("{name} does not go with {key}, which stands in {file}{place}; it has {known}");
        let problem = KeyProblem { path: id.map(str::to_owned).into(), problem: Problem::Other(reason) };
        Some(DocumentError::Key { origin: set.name.clone(), problem })
    }

    /// The line of a key in the file; of the nearest section around it where it does not stand there.
    fn line(&self, path: &[String]) -> Option<usize> {
        (1..=path.len()).rev().find_map(|depth| {
            let item = find(self.original.as_item(), path[..depth].iter().map(String::as_str))?;
            let start = item.span()?.start;
            Some(self.original.raw().get(..start)?.matches('\n').count() + 1)
        })
    }

    /// Every key with its value as TOML has it, tables taken apart.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        leaves(self.current.as_item(), &mut Vec::new(), &mut |path, value| {
            // So that 5000 is 5_000; lists stand as they are written.
            let text = if value.is_array() { None } else { shown(value) };
            values.insert(path.join("."), text.unwrap_or_else(|| bare(value)));
        });
        values
    }

    /// Takes another document's value of a key; none, where the other has none.
    pub fn take(&mut self, key: &str, other: &Self) {
        match find(other.current.as_item(), key.split('.')).and_then(Item::as_value) {
            Some(value) => {
                let path: Vec<String> = key.split('.').map(str::to_owned).collect();
                // A section that is a value here is another change, and found as such.
                drop(self.put(&path, value.clone(), String::new()));
            }
            None => self.remove(key),
        }
    }

    /// Takes a key out, if it stands there.
    pub fn remove(&mut self, key: &str) {
        let path: Vec<&str> = key.split('.').collect();
        let [sections @ .., last] = path.as_slice() else { return };
        let mut item = Some(self.current.as_item_mut());
        for section in sections {
            item = item.and_then(|item| item.as_table_like_mut()?.get_mut(section));
        }
        if let Some(table) = item.and_then(Item::as_table_like_mut) {
            table.remove(last);
        }
    }

    /// The text that a key has; none where it is no text, or not there.
    pub fn text_of(&self, key: &str) -> Option<String> {
        let value = find(self.current.as_item(), key.split('.'))?.as_value()?;
        value.as_str().map(str::to_owned)
    }

    /// Every value with its key, as numbers, switches and words; a list is a word as it is written.
    pub(crate) fn hyper_parameters(&self) -> BTreeMap<String, HyperParameter> {
        let mut all = BTreeMap::new();
        leaves(self.current.as_item(), &mut Vec::new(), &mut |path, value| {
            let parameter = match value {
                Value::Integer(number) => HyperParameter::Number(*number.value() as f64),
                Value::Float(number) => HyperParameter::Number(*number.value()),
                Value::Boolean(value) => HyperParameter::Switch(*value.value()),
                Value::String(text) => HyperParameter::Word(text.value().clone()),
                _ => HyperParameter::Word(bare(value)),
            };
            all.insert(path.join("."), parameter);
        });
        all
    }

    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The document as text, overrides in place.
    pub fn text(&self) -> String {
        self.current.to_string()
    }
}

fn find<'d, 'k>(root: &'d Item, path: impl IntoIterator<Item = &'k str>) -> Option<&'d Item> {
    path.into_iter().try_fold(root, |item, key| item.as_table_like()?.get(key))
}

/// Calls `f` for each value below a table, with its key.
fn leaves(item: &Item, path: &mut Vec<String>, f: &mut impl FnMut(&[String], &Value)) {
    for (key, item) in item.as_table_like().into_iter().flat_map(|table| table.iter()) {
        path.push(key.to_owned());
        match item.as_value() {
            Some(value) if !value.is_inline_table() => f(path, value),
            _ => leaves(item, path, f),
        }
        path.pop();
    }
}

/// A value as it is written, without what stands around it.
fn bare(value: &Value) -> String {
    let mut bare = value.clone();
    bare.decor_mut().clear();
    bare.to_string()
}

/// A value as [`Problem::Invalid`] says it.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("{:?}", text.value())),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(format!("{:?}", number.value())),
        Value::Boolean(value) => Some(value.value().to_string()),
        Value::Array(_) => Some("a list".to_owned()),
        Value::Datetime(_) | Value::InlineTable(_) => None,
    }
}
