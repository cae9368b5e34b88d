//! Crates can be taken one by one: everything that is published is packaged, and small programs are built of the packages
//! alone, as a user of one crate would write them.
//!
//! The programs stand in `tests/packaged`, a workspace of their own. What they have in common with this one is built once: the
//! same profile, the same lock, the same target folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Passed, packages, successful};
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let folder = workspace.packaged();
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut package = workspace.cargo("package");
    // Each program below builds what it needs; cargo's own check would build all of it, each package by itself.
    package.args(["--quiet", "--locked", "--no-verify", "--allow-dirty", "--target-dir"]).arg(&folder);
    for name in packages::published(workspace)? {
        package.args(["--package", &name]);
    }
    successful(&mut package)?;
    let packages = unpack(&folder)?;
    let programs = copy(&workspace.root().join("tests/packaged"), &folder.join("programs"))?;
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("programs/Cargo.lock"))?;
    for program in &programs {
        let mut cargo = workspace.cargo("run");
        Toolchain::provide(workspace)?.equip(&mut cargo)?;
        cargo.arg("--quiet").arg("--manifest-path").arg(folder.join("programs").join(program).join("Cargo.toml"));
        cargo.arg("--target-dir").arg(workspace.target()).env("DEEPQ_ROM_DIR", workspace.roms());
        for (name, source) in &packages {
            cargo.arg("--config").arg(format!("patch.crates-io.{name}.path={source:?}"));
        }
        successful(&mut cargo).with_context(|| format!("the program {program} of the packages alone"))?;
    }
    Ok(Passed::Having(format!("{} packages, {} programs", packages.len(), programs.len())))
}

/// The name of each package and the folder in which it then lies.
fn unpack(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut packages = Vec::new();
    let archives = folder.join("package");
    for entry in fs::read_dir(&archives)? {
        let archive = entry?.path();
        if archive.extension().is_none_or(|extension| extension != "crate") {
            continue;
        }
        let stem = archive.file_stem().and_then(|stem| stem.to_str()).context("a package has no name")?;
        let (name, _version) = stem.rsplit_once('-').with_context(|| format!("{stem} has no version"))?;
        successful(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&archives))?;
        packages.push((name.to_owned(), archives.join(stem).display().to_string()));
    }
    ensure!(!packages.is_empty(), "cargo package made nothing in {}", archives.display());
    packages.sort();
    Ok(packages)
}

/// Copies the programs, so that no file beside them is within reach; gives their names.
fn copy(from: &Path, to: &Path) -> Result<Vec<String>> {
    let mut programs = Vec::new();
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
            programs.push(name.to_string_lossy().into_owned());
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    programs.sort();
    Ok(programs)
}
