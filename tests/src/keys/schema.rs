//! From the schema of an experiment to its keys, section by section.

use std::fmt;

use deepq_experiments::config::Experiment;
use serde_json::{Map, Value};

use super::words::{capital, code, plain, toml};

/// A table of an experiment's file, of one kind where there are several.
#[derive(Clone, Debug)]
pub struct Section {
    /// Where it stands, as in `network.torso`; empty for the keys before all tables.
    pub name: String,
    /// Which of several it is: the value of its key `kind`.
    pub kind: Option<String>,
    /// What it is for.
    pub meaning: String,
    /// Its keys, sorted; `kind` is the first.
    pub keys: Vec<Key>,
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its whole name, as in `agent.target_update.updates`; `[]` stands for each table of a list.
    pub name: String,
    /// What may be given, in words.
    pub values: String,
    /// What is taken where it is not given, in words; `None` if it must be given.
    pub default: Option<String>,
    /// The bounds of its number or numbers.
    pub bounds: Option<Bounds>,
    /// How many values a list may have, in words.
    pub length: String,
    /// What it means.
    pub meaning: String,
}

/// Between which numbers a value lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Whether it must be whole.
    pub whole: bool,
    /// The lower bound.
    pub from: Option<Number>,
    /// The upper bound.
    pub to: Option<Number>,
}

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// Whether it is allowed itself.
    pub included: bool,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            tiny if tiny != 0.0 && tiny.abs() < 1e-4 => write!(f, "{tiny:e}"),
            value => write!(f, "{value}"),
        }
    }
}

/// All keys of an experiment's file but the options of environments.
pub fn sections() -> Vec<Section> {
    let schema = Value::from(schemars::schema_for!(Experiment));
    let mut walk = Walk { schema: &schema, sections: Vec::new() };
    walk.section("", &schema);
    walk.sections
}

type Schema = Map<String, Value>;

struct Walk<'a> {
    schema: &'a Value,
    sections: Vec<Section>,
}

/// What is written for a key.
enum Form {
    /// A table.
    Table,
    /// A table whose `kind` says which keys it has.
    Kinds(Vec<Value>),
    /// A word, a number, or a table with one key.
    OneOf(Vec<Schema>),
    /// A list of tables.
    Tables(Value),
    /// A value.
    Plain,
}

impl Walk<'_> {
    /// A schema without references, and without the null that stands for a key that is not given.
    fn resolve(&self, schema: &Value) -> Schema {
        let mut schema = schema.as_object().cloned().unwrap_or_default();
        loop {
            let inner = match (schema.remove("$ref"), schema.get("anyOf").and_then(Value::as_array)) {
                (Some(Value::String(place)), _) => self.schema.pointer(place.trim_start_matches('#')).cloned(),
                (_, Some(any)) => any.iter().find(|one| one["type"] != "null").cloned(),
                _ => None,
            };
            let Some(Value::Object(mut inner)) = inner else { break };
            schema.remove("anyOf");
            // What is said of the key goes before what is said of its type.
            inner.extend(schema);
            schema = inner;
        }
        if let Some(some) = schema.get("type").and_then(Value::as_array).and_then(|types| types.first().cloned()) {
            schema.insert("type".to_owned(), some);
        }
        schema
    }

    fn form(&self, schema: &Schema) -> Form {
        let one_of = schema.get("oneOf").and_then(Value::as_array);
        if let Some(kinds) = one_of.filter(|kinds| kinds.iter().all(|kind| kind["properties"]["kind"].is_object())) {
            return Form::Kinds(kinds.clone());
        }
        if let Some(one_of) = one_of {
            return Form::OneOf(one_of.iter().map(|one| self.resolve(one)).collect());
        }
        if schema.contains_key("properties") {
            return Form::Table;
        }
        let items = schema.get("items").filter(|items| self.resolve(items).contains_key("properties"));
        items.map_or(Form::Plain, |items| Form::Tables(items.clone()))
    }

    fn section(&mut self, name: &str, schema: &Value) {
        let schema = self.resolve(schema);
        let tables: Vec<(String, Value)> = match self.form(&schema) {
            Form::Kinds(kinds) => kinds.iter().flat_map(|kind| self.table(name, &self.resolve(kind))).collect(),
            _ => self.table(name, &schema),
        };
        for (name, schema) in tables {
            self.section(&name, &schema);
        }
    }

    /// Adds a table; gives those below it.
    fn table(&mut self, name: &str, schema: &Schema) -> Vec<(String, Value)> {
        let kind = schema["properties"]["kind"]["const"].as_str().map(str::to_owned);
        let mut tables = Vec::new();
        let keys = self.keys(name, schema, &mut tables);
        self.sections.push(Section { name: name.to_owned(), kind, meaning: meaning(schema), keys });
        tables
    }

    /// The keys of a table; `tables` collects those that are tables themselves.
    fn keys(&self, name: &str, schema: &Schema, tables: &mut Vec<(String, Value)>) -> Vec<Key> {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut properties: Vec<(&String, &Value)> = properties.into_iter().flatten().collect();
        properties.sort_by_key(|(key, _)| (*key != "kind", *key));
        let mut keys = Vec::new();
        for (key, schema) in properties {
            let whole = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            self.key(&whole, schema, required.contains(&key.as_str()), &mut keys, tables);
        }
        keys
    }

    fn key(&self, name: &str, schema: &Value, required: bool, keys: &mut Vec<Key>, tables: &mut Vec<(String, Value)>) {
        let schema = self.resolve(schema);
        let default = match schema.get("default") {
            _ if required => None,
            None | Some(Value::Null) => Some(String::new()),
            Some(Value::Object(table)) if table.is_empty() => Some(String::new()),
            Some(value) => Some(code(&toml(value))),
        };
        let (bounds, length) = (bounds(&self.items(&schema)), length(&schema));
        let key =
            |values: String, meaning: String| Key { name: name.to_owned(), values, default, bounds, length, meaning };
        match self.form(&schema) {
            Form::Table | Form::Kinds(_) => {
                keys.push(key(format!("[a table](#{})", name.replace('.', "")), meaning(&schema)));
                tables.push((name.to_owned(), Value::Object(schema)));
            }
            Form::OneOf(forms) => {
                keys.push(key(one_of(&forms), with_words(&schema, &forms)));
                for form in forms.iter().filter(|form| form.contains_key("properties")) {
                    let mut inner = self.keys(name, form, tables);
                    // The form says what its one key means.
                    if let Some(first) = inner.first_mut() {
                        first.default = Some(String::new());
                        first.meaning = meaning(form);
                    }
                    keys.append(&mut inner);
                }
            }
            Form::Tables(items) => {
                keys.push(key("a list of tables".to_owned(), meaning(&schema)));
                keys.append(&mut self.keys(&format!("{name}[]"), &self.resolve(&items), tables));
            }
            Form::Plain => keys.push(key(values(&schema), meaning(&schema))),
        }
    }

    /// What a list consists of; anything else is itself.
    fn items(&self, schema: &Schema) -> Schema {
        schema.get("items").map_or_else(|| schema.clone(), |items| self.resolve(items))
    }
}

fn meaning(schema: &Schema) -> String {
    let said = plain(schema.get("description").and_then(Value::as_str).unwrap_or_default());
    // Rustdoc says which table it is; here that stands beside it.
    match said.strip_prefix("`[").and_then(|said| said.split_once("]`: ")) {
        Some((_, said)) => capital(said),
        None => said,
    }
}

/// What a key means, and each of the words that may be given for it.
fn with_words(schema: &Schema, forms: &[Schema]) -> String {
    let words = forms.iter().filter_map(|form| Some(format!("{}: {}", code(&toml(form.get("const")?)), meaning(form))));
    let all: Vec<String> = std::iter::once(meaning(schema)).chain(words).collect();
    all.join("<br>")
}

fn one_of(forms: &[Schema]) -> String {
    let form = |form: &Schema| match (form.get("const"), form.get("properties").and_then(Value::as_object)) {
        (Some(word), _) => code(&toml(word)),
        (None, Some(keys)) => code(&format!("{{ {} = … }}", keys.keys().next().map_or("", String::as_str))),
        (None, None) => values(form),
    };
    forms.iter().map(form).collect::<Vec<_>>().join(", ")
}

fn values(schema: &Schema) -> String {
    let items = || schema.get("items").and_then(Value::as_object).map(values).unwrap_or_default();
    match schema.get("type").and_then(Value::as_str) {
        _ if schema.contains_key("const") => code(&toml(&schema["const"])),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") if schema.contains_key("minItems") && schema.get("minItems") == schema.get("maxItems") => {
            format!("list of {} {}s", schema["minItems"], items())
        }
        Some("array") => format!("list of {}s", items()),
        // The one that has any keys.
        _ => "[options](#environment)".to_owned(),
    }
}

fn bounds(schema: &Schema) -> Option<Bounds> {
    let whole = match schema.get("type")?.as_str()? {
        "integer" => true,
        "number" => false,
        _ => return None,
    };
    let bound = |included: &str, excluded: &str| {
        let number = |key: &str, included| Some(Number { value: schema.get(key)?.as_f64()?, included });
        number(excluded, false).or_else(|| number(included, true))
    };
    Some(Bounds { whole, from: bound("minimum", "exclusiveMinimum"), to: bound("maximum", "exclusiveMaximum") })
}

fn length(schema: &Schema) -> String {
    let bound = |key| schema.get(key).and_then(Value::as_u64);
    match (bound("minItems"), bound("maxItems")) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most} of them"),
        (None, Some(most)) => format!("at most {most} of them"),
        _ => String::new(),
    }
}

impl Bounds {
    /// Them in words; empty where there are none.
    pub fn words(&self) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from.included && to.included => format!("{from} to {to}"),
            (from, to) => {
                let from =
                    from.map(|from| if from.included { format!("{from} or more") } else { format!("above {from}") });
                let to = to.map(|to| format!("{} {to}", if to.included { "at most" } else { "below" }));
                from.into_iter().chain(to).collect::<Vec<_>>().join(", ")
            }
        }
    }
}
