//! Rules of the house that no other tool checks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::Passed;
use crate::roms::Manifest;
use crate::workspace::Workspace;

/// Names that say nothing about what a file holds.
const NAMELESS: &[&str] = &["util.rs", "utils.rs", "helper.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Crates in which nothing may depend on the clock or on a generator that nobody owns.
const CLOCKLESS: &[&str] = &["crates/envs/", "crates/atari/", "crates/replay/", "crates/nets/", "crates/agents/"];

/// What would bring a clock or a global generator in.
const UNREPEATABLE: &[&str] = &["SystemTime::now", "Instant::now", "rand::rng()", "thread_rng(", "rand::random"];

/// Contents of a ROM are at most this long; longer files are not compared.
const LONGEST_ROM: usize = 64 << 10;

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let listing = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace.root()).output();
    let Some(listing) = listing.ok().filter(|output| output.status.success()) else {
        return Ok(Passed::Skipped("this is no git checkout".to_owned()));
    };
    let manifest = Manifest::read(workspace)?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    // A file that was deleted but not yet committed has nothing to say.
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|name| Some((name, fs::read(workspace.root().join(name)).ok()?)))
        .flat_map(|(name, contents)| complaints(name, &contents, &manifest))
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(Passed::Having(format!("{} files", files.len())))
}

fn complaints(name: &str, contents: &[u8], manifest: &Manifest) -> Vec<String> {
    let mut wrong = Vec::new();
    let path = Path::new(name);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if ["bin", "a26", "rom"].contains(&extension) {
        wrong.push(format!("{name} has the name of a ROM; ROMs are never committed"));
    }
    if contents.len() <= LONGEST_ROM
        && let Some(game) = manifest.recognise(contents)
    {
        wrong.push(format!("{name} is the ROM of {game}; ROMs are never committed"));
    }
    if extension != "rs" {
        return wrong;
    }
    if path.file_name().is_some_and(|file| NAMELESS.iter().any(|nameless| file == *nameless)) {
        wrong.push(format!("{name} has a name that does not say what it holds"));
    }
    let clockless = CLOCKLESS.iter().any(|folder| name.starts_with(folder)) && name.contains("/src/");
    if clockless {
        for (number, line) in String::from_utf8_lossy(contents).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(found) = UNREPEATABLE.iter().find(|found| code.contains(**found)) {
                wrong.push(format!("{name}:{} uses {found}; results must not depend on it", number + 1));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roms_clocks_and_empty_names_are_found() {
        let pong = "[pong]\nfile = \"pong.bin\"\nsha256 = \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"\n";
        let manifest = Manifest::parse(pong).unwrap();
        let found = |name: &str, contents: &str| complaints(name, contents.as_bytes(), &manifest).len();
        assert_eq!(found("assets/pong.bin", "x"), 1);
        assert_eq!(found("assets/picture.png", "foo"), 1, "the ROM under another name");
        assert_eq!(found("crates/nets/src/utils.rs", ""), 1);
        assert_eq!(found("crates/nets/src/adam.rs", "let now = Instant::now();"), 1);
        assert_eq!(found("crates/nets/src/adam.rs", "// not Instant::now()"), 0);
        assert_eq!(found("crates/nets/tests/speed.rs", "Instant::now()"), 0);
        assert_eq!(found("crates/experiments/src/listeners/progress.rs", "Instant::now()"), 0);
    }
}
