//! The guide's page of all keys.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use deepq_agents::{AgentSpec, Need, Setting};
use deepq_experiments::config::{self, Overrides};

use super::schema::{Key, Section, sections};
use super::words::capital;
use super::{REFRESH, environments};

const INTRODUCTION: &str = "\
# All keys

Every key of an experiment's file, by its whole name, as `--set` takes it. [An experiment, key by
key](experiment-file.md) says what belongs together, and why.

A key whose default is in bold must be given, if its table is there; where none stands, its meaning says what happens without
it. A table in the column of types has its own part of this page. `[]` stands for each table of a list. A range of a list is that of
each number in it.
";

/// The page.
///
/// # Errors
///
/// If an experiment that comes with the program cannot be read.
pub fn page() -> Result<String> {
    let mut text = format!("<!-- Made from the types that read an experiment. To make it anew: {REFRESH} -->\n\n");
    text.push_str(INTRODUCTION);
    let mut last = None;
    for section in sections() {
        if last.as_ref() != Some(&section.name) {
            text.push_str(&heading(&section)?);
        }
        text.push_str(&table(&section));
        if section.name == "environment" {
            text.push_str("\nAll other keys are options of the environment, and depend on it.\n\n");
            text.push_str(environments::tables().trim_end());
            text.push('\n');
        }
        last = Some(section.name);
    }
    Ok(text)
}

/// The title of a table, with what is said of all its kinds.
fn heading(section: &Section) -> Result<String> {
    Ok(match section.name.as_str() {
        "" => "\n## The whole file\n".to_owned(),
        "agent" => format!("\n## `[agent]`\n\nThe algorithm and its settings.\n\n{}", needs()?),
        name => format!("\n## `[{name}]`\n"),
    })
}

fn table(Section { name, kind, meaning, keys }: &Section) -> String {
    let mut text = String::new();
    if let Some(kind) = kind {
        let _ = write!(text, "\n### `[{name}]` with `kind = \"{kind}\"`\n");
    }
    let of_agent = AgentSpec::KINDS.iter().find(|(agent, _)| name == "agent" && kind.as_deref() == Some(agent));
    let meaning = of_agent.map_or_else(|| meaning.clone(), |(_, summary)| format!("{summary}."));
    // What the whole file is, is said above.
    if !meaning.is_empty() && !name.is_empty() {
        let _ = write!(text, "\n{}\n", capital(&meaning));
    }
    text.push_str("\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
    for Key { name, values, default, bounds, length, meaning } in keys {
        let default = default.as_deref().unwrap_or("**required**");
        let bounds = bounds.map(|bounds| bounds.words()).unwrap_or_default();
        let range = [bounds.as_str(), length.as_str()].into_iter().filter(|words| !words.is_empty());
        let range = range.collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "| `{name}` | {values} | {default} | {range} | {meaning} |");
    }
    text
}

/// Which kinds of agents take what stands outside their table.
fn needs() -> Result<String> {
    let agents: Vec<AgentSpec> = AgentSpec::KINDS.iter().map(|(kind, _)| agent(kind)).collect::<Result<_>>()?;
    let kinds: Vec<String> = agents.iter().map(|agent| format!("`{}`", agent.kind())).collect();
    let mut text = "What stands outside this table and belongs to the algorithm:\n\n".to_owned();
    let _ = write!(text, "| | {} |\n|---|{}\n", kinds.join(" | "), "---|".repeat(kinds.len()));
    for setting in Setting::ALL {
        let needs = agents.iter().map(|agent| match agent.needs(setting) {
            Need::Needed => "required",
            Need::Optional => "allowed",
            Need::Unused => "not allowed",
        });
        let _ = writeln!(text, "| `{}` | {} |", setting.key(), needs.collect::<Vec<_>>().join(" | "));
    }
    Ok(text)
}

/// The agent of an experiment that has one of this kind.
fn agent(kind: &str) -> Result<AgentSpec> {
    for name in config::names() {
        let (experiment, _) = config::load(name, &Overrides::default())?;
        if experiment.agent.kind() == kind {
            return Ok(experiment.agent);
        }
    }
    None.with_context(|| format!("no experiment has an agent of kind {kind}"))
}
