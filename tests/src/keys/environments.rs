//! The options of environments, which stand in `[environment]` beside the id.

use std::ops::Bound;

use deepq_atari::{AtariSettings, Preprocessing, Protocol, RomLibrary};
use deepq_envs::{EnvOption, OptionValue, OptionValues, Registry};

use super::schema::{Bounds, Number};
use super::words::{capital, code, plain};

/// The environments of the program.
pub fn registry() -> Registry {
    let mut registry = Registry::standard();
    deepq_atari::register(&mut registry, RomLibrary::new(Vec::new()));
    registry
}

/// The option by which one knows a game.
const PROTOCOL: &str = "protocol";
/// The game that stands for all.
const GAME: &str = "Pong";

/// Environments whose options differ in nothing but their defaults.
struct Group {
    ids: Vec<String>,
    options: Vec<Vec<EnvOption>>,
}

fn groups(registry: &Registry) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for id in registry.entries().chain(registry.families()).map(|(id, _)| id) {
        let options = registry.options(id);
        let is_game = options.iter().any(|option| option.name == PROTOCOL);
        if is_game
            && !id.trim_start_matches("ALE/").starts_with(&[GAME, "-v"].concat())
            && !id.starts_with(&[GAME, "No"].concat())
        {
            continue;
        }
        let bare = |options: &[EnvOption]| -> Vec<EnvOption> {
            options.iter().cloned().map(|option| EnvOption { default: None, ..option }).collect()
        };
        let like_it = |group: &&mut Group| group.options.first().is_some_and(|first| bare(first) == bare(&options));
        match groups.iter_mut().find(like_it) {
            Some(group) => {
                group.ids.push(id.to_owned());
                group.options.push(options);
            }
            None => groups.push(Group { ids: vec![id.to_owned()], options: vec![options] }),
        }
    }
    groups
}

/// The tables of all environments.
pub(super) fn tables() -> String {
    let registry = registry();
    let mut text = String::new();
    for Group { ids, options } in groups(&registry) {
        let is_game = options.iter().flatten().any(|option| option.name == PROTOCOL);
        let is_family = registry.families().any(|(prefix, _)| ids.iter().any(|id| id == prefix));
        let names = ids.iter().map(|id| if is_family { code(&format!("{id}…")) } else { code(id) });
        let names = names.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("### {names}{}\n\n", if is_game { ", and every other game" } else { "" }));
        if is_family {
            text.push_str("Every other key goes to `gymnasium.make` as it is.\n\n");
        }
        text.push_str("| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
        for (at, EnvOption { name, values, meaning, .. }) in options[0].iter().enumerate() {
            let defaults: Vec<_> = options.iter().map(|options| options[at].default.as_ref()).collect();
            let ((values, range), default) = (words(values), default(&ids, &defaults));
            text.push_str(&format!(
                "| `environment.{name}` | {values} | {default} | {range} | {} |\n",
                sentence(meaning)
            ));
        }
        text.push('\n');
        if is_game {
            text.push_str(&protocols());
        }
    }
    text
}

/// The one default of all, or each with those that have it.
fn default(ids: &[String], defaults: &[Option<&OptionValue>]) -> String {
    let word = |value: Option<&OptionValue>| value.map_or_else(String::new, |value| code(&value.to_string()));
    let mut different: Vec<(String, Vec<String>)> = Vec::new();
    for (id, value) in ids.iter().zip(defaults.iter().map(|value| word(*value))) {
        match different.iter_mut().find(|(other, _)| *other == value) {
            Some((_, ids)) => ids.push(code(id)),
            None => different.push((value, vec![code(id)])),
        }
    }
    match &different[..] {
        [(value, _)] => value.clone(),
        several => {
            several.iter().map(|(value, ids)| format!("{value} ({})", ids.join(", "))).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What may be given, and its range.
fn words(values: &OptionValues) -> (String, String) {
    let number = |bound: &Bound<f64>| match *bound {
        Bound::Included(value) => Some(Number { value, included: true }),
        Bound::Excluded(value) => Some(Number { value, included: false }),
        Bound::Unbounded => None,
    };
    let plain = |text: &str| (text.to_owned(), String::new());
    match values {
        OptionValues::Bool => plain("`true` or `false`"),
        OptionValues::Integer(range) => ("whole number".to_owned(), format!("{} to {}", range.start(), range.end())),
        OptionValues::Float(from, to) => {
            ("number".to_owned(), Bounds { whole: false, from: number(from), to: number(to) }.words())
        }
        OptionValues::Text => plain("text"),
        OptionValues::Texts => plain("list of texts"),
        OptionValues::Numbers(count) => (format!("list of {count} numbers"), String::new()),
        OptionValues::Choice(words) => {
            (words.iter().map(|word| code(&format!("{word:?}"))).collect::<Vec<_>>().join(", "), String::new())
        }
        other => (format!("{other:?}"), String::new()),
    }
}

/// What is said of an option, as a sentence.
fn sentence(meaning: &str) -> String {
    format!("{}.", capital(&plain(meaning)))
}

/// What each protocol sets.
fn protocols() -> String {
    let row = |name: &str, value: &dyn Fn(&AtariSettings, &Preprocessing, Protocol) -> String| {
        let values =
            Protocol::ALL.map(|protocol| code(&value(&protocol.settings(), &protocol.preprocessing(), protocol)));
        format!("| `environment.{name}` | {} |\n", values.join(" | "))
    };
    let names = Protocol::ALL.map(|protocol| code(&format!("{:?}", protocol.name()))).join(" | ");
    let mut text = format!("What a protocol sets:\n\n| key | {names} |\n|---|---|---|---|\n");
    text.push_str(&row("noop_max", &|_, seen, _| seen.noop_max.to_string()));
    text.push_str(&row("screen_size", &|_, seen, _| seen.screen_size.height.to_string()));
    text.push_str(&row("grayscale", &|_, seen, _| seen.grayscale.to_string()));
    text.push_str(&row("terminal_on_life_loss", &|_, seen, _| seen.terminal_on_life_loss.to_string()));
    text.push_str(&row("life_loss_ends_episode", &|_, seen, _| seen.life_loss_ends_episode.to_string()));
    text.push_str(&row("fire_on_reset", &|_, seen, _| seen.fire_on_reset.to_string()));
    text.push_str(&row("frame_skip", &|game, _, _| game.frame_skip.to_string()));
    text.push_str(&row("repeat_action_probability", &|game, _, _| game.repeat_action_probability.to_string()));
    text.push_str(&row("full_action_space", &|game, _, _| game.full_action_space.to_string()));
    text.push_str(&row("max_episode_frames", &|game, _, _| game.max_episode_frames.to_string()));
    text.push_str(&row("frame_stack", &|_, _, protocol| protocol.frame_stack().to_string()));
    text.push('\n');
    text
}
