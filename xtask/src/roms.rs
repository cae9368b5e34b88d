//! Atari ROMs: fetched once, checked by their SHA-256, never under version control.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::command;
use crate::python::{Package, Python};
use crate::workspace::Workspace;

/// The package that holds them. They are data, the same in the wheel of every platform: one is named, so that neither
/// the user's platform nor the age of their Python matters.
const ALE_PY: Package = Package {
    requirement: "ale-py==0.12.1",
    pinned: include_str!("../pinned/ale-py.txt"),
    options: &[
        "--platform",
        "manylinux_2_28_x86_64",
        "--implementation",
        "cp",
        "--python-version",
        "3.12",
        "--abi",
        "cp312",
    ],
};

/// No cartridge of the console was longer than 64 KiB.
const LONGEST_ROM: u64 = 64 << 10;

/// The ROMs that the emulator knows, from `crates/atari/roms.toml`: by game, file and SHA-256.
pub(crate) struct Manifest {
    roms: BTreeMap<String, Rom>,
}

/// One ROM of the manifest.
#[derive(Deserialize)]
pub(crate) struct Rom {
    file: String,
    sha256: String,
}

impl Manifest {
    /// Reads it.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.rom_manifest();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads its text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let roms: BTreeMap<String, Rom> = toml::from_str(text)?;
        for (game, rom) in &roms {
            let plain = Path::new(&rom.file).file_name().is_some_and(|name| name == rom.file.as_str());
            ensure!(plain, "[{game}]: file = {:?} is not the plain name of a file", rom.file);
        }
        Ok(Self { roms })
    }

    /// The game whose name is this, written in whatever way: `SpaceInvaders` is `space_invaders`.
    pub(crate) fn game(&self, name: &str) -> Option<&str> {
        let squeeze = |name: &str| name.replace('_', "").to_ascii_lowercase();
        self.roms.keys().find(|game| squeeze(game) == squeeze(name)).map(String::as_str)
    }

    /// The game with exactly these contents.
    pub(crate) fn recognise(&self, contents: &[u8]) -> Option<&str> {
        let sha256 = sha256(contents);
        self.roms.iter().find(|(_, rom)| rom.sha256 == sha256).map(|(game, _)| game.as_str())
    }

    fn rom(&self, game: &str) -> Result<&Rom> {
        self.roms.get(game).with_context(|| {
            let known: Vec<&str> = self.roms.keys().map(String::as_str).collect();
            format!("there is no ROM {game:?}; the games are {}", known.join(", "))
        })
    }
}

/// `cargo xtask roms`: provides the games named, or all, and says where they are.
pub(crate) fn run(workspace: &Workspace, arguments: &command::Roms) -> Result<ExitCode> {
    let manifest = Manifest::read(workspace)?;
    let games: Vec<String> =
        if arguments.games.is_empty() { manifest.roms.keys().cloned().collect() } else { arguments.games.clone() };
    let added = match &arguments.dir {
        Some(folder) => copy_from(workspace, &manifest, &games, folder)?,
        None => fetch_missing(workspace, &manifest, &games)?,
    };
    println!("{}: {} verified, {added} of them new", workspace.roms().display(), games.len());
    Ok(ExitCode::SUCCESS)
}

/// Provides the ROMs of these games. With all of them in place this makes no network call and starts no program.
pub(crate) fn provide(workspace: &Workspace, games: &[String]) -> Result<()> {
    if !games.is_empty() {
        fetch_missing(workspace, &Manifest::read(workspace)?, games)?;
    }
    Ok(())
}

/// Provides every ROM that the emulator knows.
pub(crate) fn provide_all(workspace: &Workspace) -> Result<()> {
    let manifest = Manifest::read(workspace)?;
    fetch_missing(workspace, &manifest, &manifest.roms.keys().cloned().collect::<Vec<_>>()).map(drop)
}

/// The ROMs of `games` that are not there yet. One that is there but is not the right one is an error: it may be all
/// that the user has.
fn missing<'a>(workspace: &Workspace, manifest: &'a Manifest, games: &[String]) -> Result<Vec<&'a Rom>> {
    let mut missing = Vec::new();
    for game in games {
        let rom = manifest.rom(game)?;
        let path = workspace.roms().join(&rom.file);
        match fs::read(&path) {
            Ok(contents) => {
                let actual = sha256(&contents);
                ensure!(
                    actual == rom.sha256,
                    "{} is not the ROM of {game}: its SHA-256 is {actual}, it should be {}. Move the file away; `cargo \
                     xtask roms {game}` then fetches the right one",
                    path.display(),
                    rom.sha256
                );
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing.push(rom),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    Ok(missing)
}

/// Fetches what is missing of `games`, and with it everything else that the package holds. Gives how many were added.
fn fetch_missing(workspace: &Workspace, manifest: &Manifest, games: &[String]) -> Result<usize> {
    if missing(workspace, manifest, games)?.is_empty() {
        return Ok(0);
    }
    let python = Python::find("fetch the Atari ROMs").map_err(|error| or_own_roms(&error))?;
    eprintln!("Fetching the Atari ROMs: {} from PyPI (3 MB, once)", ALE_PY.requirement);
    fs::create_dir_all(workspace.tools())?;
    let download = tempfile::tempdir_in(workspace.tools())?;
    let package = download.path().join("package");
    python.unpack(&ALE_PY, &package).map_err(|error| or_own_roms(&error))?;
    let wanted: Vec<&str> = games.iter().filter_map(|game| Some(manifest.rom(game).ok()?.file.as_str())).collect();
    let mut added = 0;
    for rom in manifest.roms.values() {
        if workspace.roms().join(&rom.file).exists() {
            continue;
        }
        let unpacked = package.join("ale_py/roms").join(&rom.file);
        if unpacked.exists() {
            added += usize::from(rom.install(&fs::read(&unpacked)?, &workspace.roms())?);
        } else {
            ensure!(!wanted.contains(&rom.file.as_str()), "{} holds no {}", ALE_PY.requirement, rom.file);
        }
    }
    Ok(added)
}

/// Adds the way that needs neither Python nor the network.
fn or_own_roms(error: &anyhow::Error) -> anyhow::Error {
    anyhow!(
        "{error:#}\nROMs of your own do as well: `cargo xtask roms --dir FOLDER`, or --rom-dir FOLDER for one command"
    )
}

/// Copies what is missing of `games` from a folder of the user's own, recognised by contents.
fn copy_from(workspace: &Workspace, manifest: &Manifest, games: &[String], folder: &Path) -> Result<usize> {
    let missing = missing(workspace, manifest, games)?;
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = entry?.path();
        if path.metadata().is_ok_and(|file| file.is_file() && file.len() <= LONGEST_ROM) {
            found.insert(sha256(&fs::read(&path)?), path);
        }
    }
    let lacking: Vec<&str> =
        missing.iter().filter(|rom| !found.contains_key(&rom.sha256)).map(|rom| rom.file.as_str()).collect();
    for rom in &missing {
        if let Some(path) = found.get(&rom.sha256) {
            rom.install(&fs::read(path)?, &workspace.roms())?;
        }
    }
    ensure!(lacking.is_empty(), "{} has no file with the contents of {}", folder.display(), lacking.join(", "));
    Ok(missing.len())
}

impl Rom {
    /// Puts a ROM into the folder, whole or not at all. Gives whether it was new.
    fn install(&self, contents: &[u8], roms: &Path) -> Result<bool> {
        let actual = sha256(contents);
        ensure!(actual == self.sha256, "{} has the SHA-256 {actual}, it should be {}", self.file, self.sha256);
        fs::create_dir_all(roms).with_context(|| format!("cannot create {}", roms.display()))?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o644));
        }
        let mut file = builder.tempfile_in(roms).with_context(|| format!("cannot write to {}", roms.display()))?;
        file.write_all(contents)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(roms.join(&self.file)) {
            Ok(_) => Ok(true),
            // Another start of xtask was faster.
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error).with_context(|| format!("cannot write {}", self.file)),
        }
    }
}

fn sha256(contents: &[u8]) -> String {
    Sha256::digest(contents).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "[pong]\nfile = \"pong.bin\"\nsha256 = \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"\n\
                       [space_invaders]\nfile = \"space_invaders.bin\"\nsha256 = \"00\"\n";

    #[test]
    fn finds_games_by_any_spelling() {
        let manifest = Manifest::parse(TWO).unwrap();
        assert_eq!(manifest.game("SpaceInvaders"), Some("space_invaders"));
        assert_eq!(manifest.game("Pong"), Some("pong"));
        assert_eq!(manifest.game("CartPole"), None);
        assert_eq!(manifest.recognise(b"foo"), Some("pong"));
        assert!(manifest.rom("pnog").err().unwrap().to_string().contains("space_invaders"));
    }

    #[test]
    fn the_package_is_pinned_in_the_version_that_is_named() {
        assert!(ALE_PY.pinned.lines().any(|line| line.split(' ').next() == Some(ALE_PY.requirement)));
        assert_eq!(ALE_PY.pinned.matches("--hash=sha256:").count(), 1);
    }

    #[test]
    fn accepts_only_plain_file_names() {
        assert!(Manifest::parse(&TWO.replace("pong.bin", "../pong.bin")).is_err());
        assert!(Manifest::parse(&TWO.replace("pong.bin", "/pong.bin")).is_err());
    }

    #[test]
    fn installs_only_the_right_contents_and_never_over_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::parse(TWO).unwrap();
        let pong = manifest.rom("pong").unwrap();
        assert!(pong.install(b"fo", folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(pong.install(b"foo", folder.path()).unwrap());
        assert!(!pong.install(b"foo", folder.path()).unwrap());
        assert_eq!(fs::read(folder.path().join("pong.bin")).unwrap(), b"foo");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
