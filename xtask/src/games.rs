//! Which games a command is about, so that only those who play Atari need ROMs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Result;
use deepq_commands::{Bench, Benchmark, Command, RomFolder};

use crate::roms::Manifest;
use crate::workspace::Workspace;

/// The games whose ROMs must be there before the command runs. What cannot be read is none of ours: `deepq` says what is
/// wrong with it. A folder of ROMs that the user names is theirs to fill.
pub(crate) fn needed(command: &Command, workspace: &Workspace) -> Result<Vec<String>> {
    let (ids, own_roms) = match command {
        Command::Train(train) => {
            let file = match (&train.resume, &train.experiment) {
                (Some(group), _) if group.join("asked").is_dir() => group.join("asked/experiment.toml"),
                (Some(run), _) => run.join("experiment.toml"),
                (None, Some(name)) => experiment_file(workspace, name),
                (None, None) => return Ok(Vec::new()),
            };
            let own = || environment_ids(&file);
            let ids = train.env.as_ref().map_or_else(own, |id| vec![id.clone()]);
            (ids.into_iter().chain(overridden(&train.set)).collect(), &train.machine.roms)
        }
        Command::Play(play) => {
            let mut ids: Vec<String> = overridden(&play.set).collect();
            if let Some(run) = &play.watch {
                ids.extend(environment_ids(&run.join("experiment.toml")));
            }
            if let Some(name) = &play.environment {
                ids.push(name.clone());
                ids.extend(environment_ids(&experiment_file(workspace, name)));
            }
            (ids, &play.machine.roms)
        }
        Command::Eval(eval) => (environment_ids(&eval.run.join("experiment.toml")), &eval.machine.roms),
        Command::Export(export) => (environment_ids(&export.run.join("experiment.toml")), &export.roms),
        Command::Record(record) => (environment_ids(&record.run.join("experiment.toml")), &record.machine.roms),
        Command::Parity(parity) => (parity.traces.iter().filter_map(|path| traced_id(path)).collect(), &parity.roms),
        Command::Bench(bench) => (measured(bench), &bench.roms),
        Command::Plot(_) | Command::Report(_) | Command::List(_) => return Ok(Vec::new()),
    };
    known(workspace, &ids, own_roms)
}

/// The games of these experiments, by name or file.
pub(crate) fn of_experiments(workspace: &Workspace, experiments: &[&str], own_roms: &RomFolder) -> Result<Vec<String>> {
    let files = experiments.iter().map(|experiment| experiment_file(workspace, experiment));
    known(workspace, &files.flat_map(|file| environment_ids(&file)).collect::<Vec<_>>(), own_roms)
}

/// The games that benchmarks play.
fn measured(bench: &Bench) -> Vec<String> {
    let play = [Benchmark::Envs, Benchmark::Train, Benchmark::Replay];
    let plays = bench.names.is_empty() || bench.names.iter().any(|name| play.contains(name));
    let games = ["PongNoFrameskip-v4", "BreakoutNoFrameskip-v4"];
    games.into_iter().filter(|_| plays).map(str::to_owned).collect()
}

/// The environments that overrides name.
fn overridden(set: &[String]) -> impl Iterator<Item = String> {
    let assignments = set.iter().filter_map(|set| set.split_once('='));
    let ids = assignments.filter(|(key, _)| key.trim().ends_with("id"));
    ids.map(|(_, id)| id.trim().trim_matches('"').to_owned())
}

/// The games among these ids that must be provided.
fn known(workspace: &Workspace, ids: &[String], own_roms: &RomFolder) -> Result<Vec<String>> {
    if own_roms.rom_dir.is_some()
        || std::env::var_os("DEEPQ_ROM_DIR").is_some_and(|folder| !folder.is_empty())
        || !ids.iter().any(|id| may_be_atari(id))
    {
        return Ok(Vec::new());
    }
    let manifest = Manifest::read(workspace)?;
    let mut games: Vec<String> = ids.iter().filter_map(|id| manifest.game(bare_name(id))).map(str::to_owned).collect();
    games.sort();
    games.dedup();
    Ok(games)
}

fn experiment_file(workspace: &Workspace, name: &str) -> PathBuf {
    let path = Path::new(name);
    let is_path = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
    if is_path { path.into() } else { workspace.experiment(name) }
}

/// Every environment that an experiment names: the values of all keys `id`.
fn environment_ids(file: &Path) -> Vec<String> {
    fn collect(table: &toml::Table, ids: &mut Vec<String>) {
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) => collect(inner, ids),
                toml::Value::String(id) if key == "id" => ids.push(id.clone()),
                _ => {}
            }
        }
    }
    let mut ids = Vec::new();
    if let Ok(table) = fs::read_to_string(file).unwrap_or_default().parse::<toml::Table>() {
        collect(&table, &mut ids);
    }
    ids
}

/// The environment that a trace's first line names.
fn traced_id(trace: &Path) -> Option<String> {
    const LONGEST_HEADER: u64 = 64 << 10;
    let mut line = String::new();
    BufReader::new(File::open(trace).ok()?.take(LONGEST_HEADER)).read_line(&mut line).ok()?;
    let header: serde_json::Value = serde_json::from_str(&line).ok()?;
    Some(header.get("header")?.get("env")?.as_str()?.to_owned())
}

fn may_be_atari(id: &str) -> bool {
    bare_name(id).len() < id.len()
}

/// The game's name in an id of Gymnasium's: `Pong` in `ALE/Pong-v5` and `PongNoFrameskip-v4`.
fn bare_name(id: &str) -> &str {
    let id = id.strip_prefix("ALE/").unwrap_or(id);
    let name = id.rsplit_once("-v").map_or(id, |(name, _)| name);
    ["NoFrameskip", "Deterministic"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_game_out_of_an_id() {
        assert_eq!(bare_name("ALE/SpaceInvaders-v5"), "SpaceInvaders");
        assert_eq!(bare_name("PongNoFrameskip-v4"), "Pong");
        assert_eq!(bare_name("BreakoutDeterministic-v0"), "Breakout");
        assert_eq!(bare_name("CartPole-v1"), "CartPole");
    }

    #[test]
    fn finds_environments_in_experiments_and_traces() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = folder.path().join("experiment.toml");
        fs::write(&experiment, "[environment]\nid = \"ALE/Pong-v5\"\n[evaluation.environment]\nid = \"CartPole-v1\"\n")
            .unwrap();
        assert_eq!(environment_ids(&experiment), ["ALE/Pong-v5", "CartPole-v1"]);
        assert!(environment_ids(&folder.path().join("none.toml")).is_empty());

        let trace = folder.path().join("trace.jsonl");
        fs::write(&trace, "{\"header\": {\"env\": \"ALE/Pong-v5\"}}\nnonsense").unwrap();
        assert_eq!(traced_id(&trace).as_deref(), Some("ALE/Pong-v5"));
        fs::write(&trace, "nonsense").unwrap();
        assert_eq!(traced_id(&trace), None);
    }
}
