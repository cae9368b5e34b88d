//! Reads TOML into types with serde, keeping track of where in the document it is.
//!
//! The deserializers of the TOML crates say what is wrong in one ready sentence. Here the key, what was found and what
//! is allowed come apart, so that a message can name the override a value came from and the nearest key that exists.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};
use toml_edit::{Item, TableLike, Value};

use crate::{KeyProblem, Problem};

/// One place of a document: a value or a table.
#[derive(Clone, Copy)]
pub(crate) enum Node<'de> {
    Value(&'de Value),
    Table(&'de dyn TableLike),
    Tables(&'de toml_edit::ArrayOfTables),
    Nothing,
}

impl<'de> From<&'de Item> for Node<'de> {
    fn from(item: &'de Item) -> Self {
        match item {
            Item::Value(value) => Self::from(value),
            Item::Table(table) => Self::Table(table),
            Item::ArrayOfTables(tables) => Self::Tables(tables),
            Item::None => Self::Nothing,
        }
    }
}

impl<'de> From<&'de Value> for Node<'de> {
    fn from(value: &'de Value) -> Self {
        match value {
            Value::InlineTable(table) => Self::Table(table),
            value => Self::Value(value),
        }
    }
}

impl de::Error for KeyProblem {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self { path: vec![], problem: Problem::Other(message.to_string()) }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let problem = Problem::Invalid { found: found(unexpected), allowed: allowed(&expected.to_string()) };
        Self { path: vec![], problem }
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let allowed = match expected {
            [one] => format!("{one:?}"),
            several => {
                format!("one of {}", several.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
            }
        };
        Self { path: vec![], problem: Problem::Invalid { found: format!("{variant:?}"), allowed } }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.iter().map(|&name| name.to_owned()).collect();
        Self { path: vec![field.to_owned()], problem: Problem::Unknown { known } }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: vec![field.to_owned()], problem: Problem::Missing }
    }
}

/// A value as the reader wrote it, where serde keeps it.
fn found(unexpected: de::Unexpected<'_>) -> String {
    match unexpected {
        de::Unexpected::Bool(value) => value.to_string(),
        de::Unexpected::Signed(value) => value.to_string(),
        de::Unexpected::Unsigned(value) => value.to_string(),
        de::Unexpected::Float(value) => format!("{value:?}"),
        de::Unexpected::Str(value) => format!("{value:?}"),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// What serde expects, in the words of somebody who writes TOML rather than Rust.
fn allowed(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text in quotes".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        expected if expected.starts_with("struct ") => "a table".to_owned(),
        expected if expected.starts_with("enum ") || expected.contains("enum") => "a name or a table".to_owned(),
        expected => expected.to_owned(),
    }
}

impl<'de> de::Deserializer<'de> for Node<'de> {
    type Error = KeyProblem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, KeyProblem> {
        match self {
            Self::Value(Value::String(text)) => visitor.visit_borrowed_str(text.value()),
            Self::Value(Value::Integer(number)) => visitor.visit_i64(*number.value()),
            Self::Value(Value::Float(number)) => visitor.visit_f64(*number.value()),
            Self::Value(Value::Boolean(value)) => visitor.visit_bool(*value.value()),
            Self::Value(Value::Datetime(date)) => visitor.visit_string(date.value().to_string()),
            Self::Value(Value::Array(array)) => {
                visitor.visit_seq(Elements { nodes: array.iter().map(Node::from).collect(), next: 0 })
            }
            Self::Value(Value::InlineTable(table)) => visitor.visit_map(Entries::new(table)),
            Self::Table(table) => visitor.visit_map(Entries::new(table)),
            Self::Tables(tables) => {
                visitor.visit_seq(Elements { nodes: tables.iter().map(|table| Node::Table(table)).collect(), next: 0 })
            }
            Self::Nothing => visitor.visit_none(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, KeyProblem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, KeyProblem> {
        visitor.visit_newtype_struct(self)
    }

    /// An enum is its variant's name, or a table with that one name as its key.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, KeyProblem> {
        match self {
            Self::Value(Value::String(text)) => visitor.visit_enum(text.value().as_str().into_deserializer()),
            Self::Table(table) if table.len() == 1 => match table.iter().next() {
                Some((name, item)) => {
                    visitor.visit_enum(Variant { name, content: item.into() }).map_err(|problem: KeyProblem| {
                        // An unknown variant's problem already says its name.
                        if variants.contains(&name) { problem.inside(name) } else { problem }
                    })
                }
                None => Err(de::Error::custom("an empty table")),
            },
            _ => Err(de::Error::custom(format_args!(
                "must be one of the names {} or a table with one of them as its key",
                variants.join(", ")
            ))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Entries<'de> {
    entries: std::vec::IntoIter<(&'de str, &'de Item)>,
    current: Option<(&'de str, &'de Item)>,
}

impl<'de> Entries<'de> {
    fn new(table: &'de dyn TableLike) -> Self {
        Self { entries: table.iter().collect::<Vec<_>>().into_iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = KeyProblem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, KeyProblem> {
        self.current = self.entries.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        let key: StrDeserializer<'de, KeyProblem> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, KeyProblem> {
        let (key, item) =
            self.current.take().ok_or_else(|| <KeyProblem as de::Error>::custom("a value without a key"))?;
        seed.deserialize(Node::from(item)).map_err(|problem| problem.inside(key))
    }
}

struct Elements<'de> {
    nodes: Vec<Node<'de>>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = KeyProblem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, KeyProblem> {
        let Some(node) = self.nodes.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(*node).map(Some).map_err(|problem| problem.inside(&index.to_string()))
    }
}

struct Variant<'de> {
    name: &'de str,
    content: Node<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = KeyProblem;
    type Variant = Node<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Node<'de>), KeyProblem> {
        let name: StrDeserializer<'de, KeyProblem> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Node<'de> {
    type Error = KeyProblem;

    fn unit_variant(self) -> Result<(), KeyProblem> {
        Err(de::Error::custom("takes no value"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, KeyProblem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, KeyProblem> {
        de::Deserializer::deserialize_any(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, KeyProblem> {
        de::Deserializer::deserialize_any(self, visitor)
    }
}
