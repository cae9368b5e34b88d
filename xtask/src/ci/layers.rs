//! Layers point one way: what each crate may depend on, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Passed;
use crate::workspace::Workspace;

/// Each package of the workspace and the packages of the workspace that it may depend on, also in its tests.
const LAYERS: &[(&str, &[&str])] = &[
    ("deepq-core", &[]),
    ("deepq-box2d-sys", &[]),
    ("deepq-envs", &["deepq-core", "deepq-box2d-sys"]),
    ("deepq-ale-needs", &[]),
    ("deepq-atari", &["deepq-envs", "deepq-ale-needs"]),
    ("deepq-replay", &["deepq-core"]),
    ("deepq-kernels", &[]),
    ("deepq-nets", &["deepq-kernels"]),
    ("deepq-agents", &["deepq-core", "deepq-replay", "deepq-nets", "deepq-envs"]),
    ("deepq-runs", &[]),
    ("deepq-report", &["deepq-core", "deepq-runs"]),
    ("deepq-experiments", &["deepq-core", "deepq-envs", "deepq-replay", "deepq-nets", "deepq-agents", "deepq-runs"]),
    (
        "deepq-bench",
        &["deepq-core", "deepq-envs", "deepq-replay", "deepq-nets", "deepq-agents", "deepq-runs", "deepq-experiments"],
    ),
    ("deepq-commands", &[]),
    (
        "deepq",
        &[
            "deepq-agents",
            "deepq-atari",
            "deepq-bench",
            "deepq-commands",
            "deepq-envs",
            "deepq-experiments",
            "deepq-nets",
            "deepq-report",
            "deepq-runs",
        ],
    ),
    (
        "deepq-tests",
        &["deepq-envs", "deepq-atari", "deepq-replay", "deepq-nets", "deepq-agents", "deepq-runs", "deepq-experiments"],
    ),
    ("xtask", &["deepq-commands"]),
];

/// Packages of others that only one or two of ours may depend on directly: the emulator with its licence, the tensor
/// library, and what belongs to files, screens and command lines.
const RESERVED: &[(&str, &[&str])] = &[
    ("ale-sys", &["deepq-atari"]),
    ("deepq-atari", &["deepq", "deepq-tests"]),
    ("candle-core", &["deepq-nets", "deepq-agents", "deepq-experiments"]),
    ("candle-nn", &["deepq-nets"]),
    ("anyhow", &["deepq", "deepq-tests", "xtask"]),
    ("clap", &["deepq-commands", "deepq", "xtask"]),
    ("csv", &["deepq-tests"]),
    ("crossterm", &["deepq-experiments"]),
    ("ctrlc", &["deepq"]),
    ("maud", &["deepq-report"]),
    ("plotters", &["deepq-report"]),
    ("terminal_size", &["deepq-experiments", "deepq"]),
    ("tracing-subscriber", &["deepq"]),
];

/// Packages of ours, and what they must not even link by way of another one: xtask has to compile in seconds, and who reads
/// results needs no tensor library, no emulator and no C++ compiler.
const LIGHT: &[(&str, &[&str])] = &[
    ("xtask", &["ale-sys", "candle-core", "gemm", "image", "rayon", "tokio", "regex"]),
    ("deepq-runs", NOT_FOR_READING),
    ("deepq-report", NOT_FOR_READING),
];

/// What makes results, and is not needed to read them.
const NOT_FOR_READING: &[&str] = &["ale-sys", "candle-core", "cc", "cmake", "deepq-envs", "gemm"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let mut cargo = workspace.cargo("metadata");
    let output = cargo.args(["--format-version", "1", "--locked"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata has another form")?;
    let members: Vec<&Package> =
        metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id)).collect();
    let mut wrong = Vec::new();
    for package in &members {
        wrong.extend(violations(package, &members));
    }
    for (package, heavy) in LIGHT {
        let linked = linked_by(&metadata, package);
        wrong.extend(heavy.iter().filter(|name| linked.contains(**name)).map(|name| format!("{package} links {name}")));
    }
    if !wrong.is_empty() {
        bail!("{} (what may depend on what stands in xtask/src/ci/layers.rs and ARCHITECTURE.md)", wrong.join("; "));
    }
    Ok(Passed::Having(format!("{} packages", members.len())))
}

fn violations(package: &Package, members: &[&Package]) -> Vec<String> {
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!("the package {} belongs to no layer", package.name)];
    };
    let mut wrong = Vec::new();
    for Dependency { name } in &package.dependencies {
        let ours = members.iter().any(|member| member.name == *name);
        let reserved = RESERVED.iter().find(|(reserved, _)| reserved == name);
        if (ours && !below.contains(&name.as_str()))
            || reserved.is_some_and(|(_, users)| !users.contains(&package.name.as_str()))
        {
            wrong.push(format!("{} must not depend on {name}", package.name));
        }
    }
    wrong
}

/// The names of all packages that `root` depends on, directly or not.
fn linked_by<'a>(metadata: &'a Metadata, root: &str) -> BTreeSet<&'a str> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let nodes: BTreeMap<&str, &[String]> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node.dependencies.as_slice())).collect();
    let mut linked = BTreeSet::new();
    let mut open: Vec<&str> = names.iter().filter(|(_, name)| **name == root).map(|(id, _)| *id).collect();
    while let Some(id) = open.pop() {
        for dependency in nodes.get(id).copied().unwrap_or_default() {
            if names.get(dependency.as_str()).is_some_and(|name| linked.insert(*name)) {
                open.push(dependency);
            }
        }
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|name| Dependency { name: (*name).to_owned() }).collect();
        Package { id: name.to_owned(), name: name.to_owned(), dependencies }
    }

    #[test]
    fn layers_point_one_way() {
        let (envs, replay) = (package("deepq-envs", &[]), package("deepq-replay", &["deepq-envs", "serde"]));
        let agents = package("deepq-agents", &["deepq-envs", "deepq-replay", "clap"]);
        let members = [&envs, &replay, &agents];
        assert!(violations(&envs, &members).is_empty());
        assert_eq!(violations(&replay, &members), ["deepq-replay must not depend on deepq-envs"]);
        assert_eq!(violations(&agents, &members), ["deepq-agents must not depend on clap"]);
        assert_eq!(violations(&package("new", &[]), &members), ["the package new belongs to no layer"]);
    }

    #[test]
    fn each_layer_names_only_earlier_ones() {
        for (index, (name, below)) in LAYERS.iter().enumerate() {
            for other in *below {
                assert!(LAYERS[..index].iter().any(|(earlier, _)| earlier == other), "{name} depends on {other}");
            }
        }
    }
}
