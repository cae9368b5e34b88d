//! The guide's page of all keys says what the types say, and the types what is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, ensure};
use deepq_experiments::config::{self, Experiment, Overrides};
use deepq_replay::Layout;
use deepq_tests::keys::{self, Bounds, Key, Number, Section};
use deepq_tests::workspace;
use toml::Value;

/// The table of each section and kind that the experiment `cartpole` does not have: where another one has it, and how it comes to be
/// there. No two numbers hinder each other in them.
const TABLES: &[(&str, &str, &str, &[&str])] = &[
    ("agent", "pqn", "cartpole-pqn", &[]),
    ("agent", "reinforce", "reinforce-cartpole", &[]),
    (
        "agent.learning_rate_factor",
        "constant",
        "cartpole-pqn",
        &["agent.learning_rate_factor={ kind = \"constant\", value = 1 }"],
    ),
    (
        "agent.learning_rate_factor",
        "linear",
        "cartpole-pqn",
        &["agent.learning_rate_factor={ kind = \"linear\", start = 1, end = 1, from = 0, to = 9 }"],
    ),
    (
        "agent.learning_rate_factor",
        "multiplicative",
        "cartpole-pqn",
        &["agent.learning_rate_factor={ kind = \"multiplicative\", start = 1, end = 1e-30, factor = 1 }"],
    ),
    (
        "agent.learning_rate_factor",
        "exponential",
        "cartpole-pqn",
        &["agent.learning_rate_factor={ kind = \"exponential\", start = 1, end = 1, decay = 9 }"],
    ),
    ("exploration", "constant", "cartpole", &["exploration={ kind = \"constant\", value = 1 }"]),
    (
        "exploration",
        "multiplicative",
        "cartpole",
        &["exploration={ kind = \"multiplicative\", start = 1, end = 0, factor = 1 }"],
    ),
    (
        "exploration",
        "exponential",
        "cartpole",
        &["exploration={ kind = \"exponential\", start = 1, end = 1, decay = 9 }"],
    ),
    ("exploration", "linear", "cartpole", &["exploration.from=0"]),
    ("network.head", "dueling", "cartpole", &["network.head={ kind = \"dueling\", hidden = [8] }"]),
    (
        "network.torso",
        "conv",
        "cartpole",
        &["network.torso={ kind = \"conv\", layers = [{ filters = 8, kernel = 8, pool = 8 }] }"],
    ),
    ("network.torso", "impala", "cartpole", &["network.torso={ kind = \"impala\", channels = [8] }"]),
    ("network.noise", "", "cartpole", &["network.noise={ sigma = 1 }"]),
    ("network.tau_embedding", "", "cartpole", &["network.tau_embedding={ cosines = 8 }"]),
    ("optimizer", "radam", "cartpole", &["optimizer={ kind = \"radam\", learning_rate = 1 }"]),
    (
        "optimizer",
        "rmsprop",
        "cartpole",
        &["optimizer={ kind = \"rmsprop\", learning_rate = 1, decay = 0.5, epsilon = 1 }"],
    ),
];

/// What else must change before a key can have the values of its range.
const BESIDE: &[(&str, &str)] = &[
    ("agent.target_update.polyak.", "agent.target_update={ polyak = { tau = 1, updates = 1 } }"),
    ("agent.rollout_steps", "agent.minibatches=1"),
    ("agent.minibatches", "agent.rollout_steps=65536"),
    ("evaluation.environments", "evaluation.episodes=4096"),
    ("evaluation.episodes", "evaluation.environments=1"),
    ("replay.capacity", "training.batch_size=1"),
];

/// What is said of a file with `cartpole`'s or another experiment's keys, if it is refused.
fn refused(name: &str, set: &[String]) -> Option<String> {
    let overrides = Overrides { set: set.to_vec(), ..Overrides::default() };
    let (experiment, _) = match config::load(name, &overrides) {
        Ok(loaded) => loaded,
        Err(error) => return Some(error.to_string()),
    };
    let layout = Layout { observation_len: 4, stack: 1, streams: 1 };
    let planned = experiment.replay.map(|replay| replay.planned_bytes::<f32>(&layout));
    planned.and_then(Result::err).map(|error| error.to_string())
}

/// What `--set` is given so that a key has a value, in its table.
fn assignments(section: &Section, key: &Key, value: &str) -> (&'static str, Vec<String>) {
    let kind = section.kind.as_deref().unwrap_or_default();
    let table = TABLES.iter().find(|(name, other, ..)| section.name == *name && kind == *other);
    let (experiment, mut set) = table
        .map_or(("cartpole", Vec::new()), |(.., name, set)| (*name, set.iter().map(ToString::to_string).collect()));
    let beside =
        BESIDE.iter().filter(|(name, _)| key.name == *name || name.ends_with('.') && key.name.starts_with(name));
    set.extend(beside.map(|(_, other)| (*other).to_owned()));
    let value =
        if key.values.starts_with("list") && !value.starts_with('[') { format!("[{value}]") } else { value.to_owned() };
    if let Some((list, field)) = key.name.split_once("[].") {
        // A list is given whole.
        let mut table = BTreeMap::from([("filters", "8"), ("kernel", "8"), ("pool", "8")]);
        table.insert(field, &value);
        let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        set.push(format!("{list}=[{{ {} }}]", pairs.join(", ")));
        return (experiment, set);
    }
    let below = key.name.strip_prefix(&section.name).unwrap_or(&key.name).trim_start_matches('.');
    set.push(match below.split('.').collect::<Vec<_>>()[..] {
        // One of several forms of a key.
        [form, only] => format!("{}.{form}={{ {only} = {value} }}", section.name),
        _ => format!("{}={value}", key.name),
    });
    (experiment, set)
}

/// Values just inside a range, and just outside.
fn around(Bounds { whole, from, to }: Bounds) -> (Vec<String>, Vec<String>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    let text = |value: f64| if whole { format!("{value:.0}") } else { format!("{value:?}") };
    for (Number { value, included }, beyond) in
        from.map(|from| (from, false)).into_iter().chain(to.map(|to| (to, true)))
    {
        let step = |up: bool| match (whole, up) {
            (true, true) => value + 1.0,
            (true, false) => value - 1.0,
            (false, true) => value.next_up(),
            (false, false) => value.next_down(),
        };
        inside.push(text(if included { value } else { step(!beyond) }));
        outside.push(text(if included { step(beyond) } else { value }));
    }
    (inside, outside)
}

#[test]
fn the_page_is_what_the_types_say() -> Result<()> {
    let page = keys::page()?;
    if std::env::var_os("DEEPQ_BLESS").is_some() {
        fs::write(keys::path(), &page)?;
    }
    let written = fs::read_to_string(keys::path())?;
    let first = page.lines().zip(written.lines()).find(|(said, written)| said != written);
    ensure!(page == written, "docs/guide/src/keys.md is not what the types say; run {}\n{first:?}", keys::REFRESH);
    Ok(())
}

#[test]
fn a_value_outside_a_range_is_refused_and_one_inside_is_not() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for section in keys::sections() {
        for key in &section.keys {
            let Some(bounds) = key.bounds else { continue };
            let (inside, outside) = around(bounds);
            for value in inside {
                let (experiment, set) = assignments(&section, key, &value);
                wrong.extend(refused(experiment, &set).map(|error| format!("{set:?} is refused: {error}")));
                tried += 1;
            }
            let last = key.name.rsplit('.').next().unwrap_or_default();
            for value in outside {
                let (experiment, set) = assignments(&section, key, &value);
                match refused(experiment, &set) {
                    None => wrong.push(format!("{set:?} is not refused")),
                    Some(error) if !error.contains(last) => wrong.push(format!("{set:?}: {error} names another key")),
                    Some(_) => tried += 1,
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 150, "{tried}");
}

#[test]
fn a_key_that_is_given_its_default_changes_nothing() -> Result<()> {
    let mut tried = 0;
    for section in keys::sections() {
        for key in &section.keys {
            let Some(default) = key.default.as_deref().map(|default| default.trim_matches('`')) else { continue };
            if default.is_empty() {
                continue;
            }
            let (experiment, mut set) = assignments(&section, key, default);
            let given = set.pop().context("nothing is set")?;
            let (_, mut document) = config::load(experiment, &Overrides { set, ..Overrides::default() })?;
            match given.split_once("=[{") {
                // The same list without the key.
                Some((list, _)) => document.set(&format!("{list}=[{{ filters = 8, kernel = 8 }}]"))?,
                None => document.remove(&key.name),
            }
            let without = document.read::<Experiment>()?;
            document.set(&given.replace(", pool = 8", ""))?;
            ensure!(document.read::<Experiment>()? == without, "{given} is not the default");
            tried += 1;
        }
    }
    ensure!(tried > 30, "{tried}");
    Ok(())
}

/// The names of all keys below a value.
fn names(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                names(&name, value, found);
                found.insert(name);
            }
        }
        Value::Array(values) => {
            for value in values.iter().filter(|value| value.is_table()) {
                names(&format!("{prefix}[]"), value, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_every_experiment_stands_in_the_page() -> Result<()> {
    let page = fs::read_to_string(keys::path())?;
    let registry = keys::registry();
    let mut found = 0;
    for folder in ["assets/experiments", "benches/train"] {
        for entry in fs::read_dir(workspace().join(folder))? {
            let file = entry?.path();
            let experiment: Value = toml::from_str(&fs::read_to_string(&file)?)?;
            let mut keys = BTreeSet::new();
            names("", &experiment, &mut keys);
            let id = experiment["environment"]["id"].as_str().context("the environment has no id")?;
            let options = registry.options(id);
            for key in keys {
                let option = key.strip_prefix("evaluation.").unwrap_or(&key).strip_prefix("environment.");
                let known = match option.filter(|option| *option != "id") {
                    Some(option) => {
                        options.iter().any(|known| known.name == option)
                            && page.contains(&format!("| `environment.{option}` |"))
                    }
                    None => page.contains(&format!("| `{key}` |")) || page.contains(&format!("\n## `[{key}]`\n")),
                };
                ensure!(known, "{} of {} stands nowhere in the page", key, file.display());
                found += 1;
            }
        }
    }
    ensure!(found > 500, "only {found} keys were found");
    Ok(())
}
