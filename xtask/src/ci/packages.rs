//! What each package says of itself: what a registry's page needs, an honest licence, and no dependency that it does not use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Passed;
use crate::workspace::Workspace;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Clone, Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    description: Option<String>,
    readme: Option<PathBuf>,
    repository: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    /// The registries that it may be published in; all of them where nothing is said.
    publish: Option<Vec<String>>,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Deserialize)]
struct Dependency {
    name: String,
    rename: Option<String>,
    /// `dev` or `build`.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// The names of the packages that can be published.
pub(super) fn published(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = read(workspace)?;
    let ours = metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
    Ok(ours.filter(|package| package.publish.is_none()).map(|package| package.name.clone()).collect())
}

fn read(workspace: &Workspace) -> Result<Metadata> {
    let mut cargo = workspace.cargo("metadata");
    let output = cargo.args(["--format-version", "1", "--locked"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    serde_json::from_slice(&output.stdout).context("cargo metadata has another form")
}

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let metadata = read(workspace)?;
    let (mut published, mut wrong) = (0, Vec::new());
    for package in metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id)) {
        let folder = package.manifest_path.parent().context("a manifest lies in no folder")?;
        if package.publish.is_none() {
            published += 1;
            wrong.extend(missing(package, folder));
        }
        if folder.starts_with(workspace.root().join("crates")) {
            wrong.extend(dishonest(package, &linked_by(&metadata, package)));
        }
        wrong.extend(unused(package, folder)?);
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(Passed::Having(format!("{published} packages that can be published")))
}

/// What the package's page in a registry would lack.
fn missing(package: &Package, folder: &Path) -> Vec<String> {
    let Package { name, description, readme, repository, keywords, categories, .. } = package;
    let needed = [
        ("a description", description.is_some()),
        ("a readme", readme.as_ref().is_some_and(|readme| folder.join(readme).is_file())),
        ("a repository", repository.is_some()),
        ("keywords", !keywords.is_empty()),
        ("categories", !categories.is_empty()),
        ("a file LICENSE", folder.join("LICENSE").is_file()),
    ];
    needed.iter().filter(|(_, there)| !there).map(|(what, _)| format!("{name} lacks {what}")).collect()
}

/// The licence that a package must name: it is the one of what it links (docs/decisions/0009).
fn honest(linked: &BTreeMap<&str, &str>) -> &'static str {
    match (linked.contains_key("ale-sys"), linked.values().any(|licence| *licence == "Apache-2.0")) {
        (false, _) => "MIT",
        (true, false) => "GPL-2.0-or-later",
        (true, true) => "GPL-3.0-or-later",
    }
}

fn dishonest(package: &Package, linked: &BTreeMap<&str, &str>) -> Option<String> {
    let (said, honest) = (package.license.as_deref().unwrap_or("nothing"), honest(linked));
    (said != honest).then(|| format!("{} says {said} of its licence; by what it links it is {honest}", package.name))
}

/// The packages that end up in what is built of this one, with their licences.
fn linked_by<'a>(metadata: &'a Metadata, root: &'a Package) -> BTreeMap<&'a str, &'a str> {
    let packages: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let (mut linked, mut open) = (BTreeMap::new(), vec![root.id.as_str()]);
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        for edge in node.deps.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none())) {
            let Some(package) = packages.get(edge.pkg.as_str()) else { continue };
            if linked.insert(package.name.as_str(), package.license.as_deref().unwrap_or_default()).is_none() {
                open.push(&edge.pkg);
            }
        }
    }
    linked
}

/// Dependencies whose names stand in none of the sources that could use them.
fn unused(package: &Package, folder: &Path) -> Result<Vec<String>> {
    let places = |kind: Option<&str>| match kind {
        None => &["src", "tests", "examples", "benches"][..],
        Some("build") => &["build", "build.rs"],
        Some(_) => &["src", "tests", "examples", "benches"],
    };
    let mut unused = Vec::new();
    for Dependency { name, rename, kind } in &package.dependencies {
        let word = rename.as_ref().unwrap_or(name).replace('-', "_");
        let mut named = explained(package, name)?;
        for place in places(kind.as_deref()) {
            named = named || names(&folder.join(place), &word)?;
        }
        if !named {
            unused.push(format!("{} does not use its dependency {name}", package.name));
        }
    }
    Ok(unused)
}

/// Whether the manifest says above a dependency that it is not used, and why it stands there.
fn explained(package: &Package, dependency: &str) -> Result<bool> {
    let manifest = fs::read_to_string(&package.manifest_path)?;
    let lines: Vec<&str> = manifest.lines().collect();
    let at =
        lines.iter().position(|line| line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' '])));
    let above = lines[..at.unwrap_or_default()].iter().rev().take_while(|line| line.starts_with('#'));
    Ok(above.into_iter().any(|line| line.starts_with("# Not used:")))
}

/// Whether a Rust file, or one in this folder, holds the word.
fn names(place: &Path, word: &str) -> Result<bool> {
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            if names(&entry?.path(), word)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let rust = place.extension().is_some_and(|extension| extension == "rs") && place.is_file();
    Ok(rust && holds(&fs::read_to_string(place)?, word))
}

fn holds(text: &str, word: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric() && character != '_').any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(license: &str) -> Package {
        Package {
            id: "id".to_owned(),
            name: "ours".to_owned(),
            license: Some(license.to_owned()),
            description: Some("something".to_owned()),
            readme: None,
            repository: None,
            keywords: vec!["one".to_owned()],
            categories: Vec::new(),
            publish: None,
            manifest_path: PathBuf::new(),
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn a_licence_is_the_one_of_what_is_linked() {
        let (ale, apache, mit) = (("ale-sys", "MIT"), ("safetensors", "Apache-2.0"), ("serde", "MIT OR Apache-2.0"));
        let wrong = |license: &str, linked: &[(&'static str, &'static str)]| {
            dishonest(&package(license), &linked.iter().copied().collect())
        };
        assert_eq!(wrong("MIT", &[apache, mit]), None);
        assert_eq!(wrong("GPL-2.0-or-later", &[ale, mit]), None);
        assert_eq!(wrong("GPL-3.0-or-later", &[ale, apache]), None);
        assert_eq!(
            wrong("MIT", &[ale]).as_deref(),
            Some("ours says MIT of its licence; by what it links it is GPL-2.0-or-later")
        );
        assert!(wrong("GPL-2.0-or-later", &[ale, apache]).is_some());
        assert!(wrong("GPL-2.0-or-later", &[mit]).is_some());
    }

    #[test]
    fn what_a_page_lacks_is_named() {
        let lacks = missing(&package("MIT"), Path::new("nowhere"));
        let expected = ["a readme", "a repository", "categories", "a file LICENSE"];
        assert_eq!(lacks, expected.map(|what| format!("ours lacks {what}")));
    }

    #[test]
    fn a_dependency_is_used_where_its_name_is_a_word() {
        assert!(holds("use rand_core::Rng;", "rand_core") && holds("::serde::Serialize", "serde"));
        assert!(!holds("use my_rand_core::Rng; // rand", "rand_core"));
    }
}
