//! The games, and where their ROMs lie.

use std::collections::BTreeMap;
use std::env;
use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What the manifest says about a game.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    file: String,
    size: usize,
    sha256: String,
}

/// `roms.toml`, by snake_case name.
static MANIFEST: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the manifest is part of this crate, and a test reads it")]
    toml::from_str(include_str!("../roms.toml")).expect("roms.toml is a list of games")
});

/// A game that the emulator knows.
#[derive(Clone, Copy)]
pub struct Game {
    key: &'static str,
    entry: &'static Entry,
}

impl Game {
    /// Every known game, sorted by name.
    pub fn all() -> impl Iterator<Item = Self> {
        MANIFEST.iter().map(|(key, entry)| Self { key, entry })
    }

    /// The game of this name, as `"pong"` or `"Pong"`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().find(|game| game.key == name || game.entry.name == name)
    }

    /// The name in files and on the command line: `"space_invaders"`.
    pub fn key(self) -> &'static str {
        self.key
    }

    /// The name in environment ids: `"SpaceInvaders"`.
    pub fn name(self) -> &'static str {
        &self.entry.name
    }

    /// The name of the ROM's file. ALE tells the games apart by it.
    pub fn file(self) -> &'static str {
        &self.entry.file
    }

    /// SHA-256 of the ROM, in hexadecimal.
    pub fn sha256(self) -> &'static str {
        &self.entry.sha256
    }

    /// Where anybody can get the ROM, as the beginning of a sentence.
    pub fn whence(self) -> String {
        let file = self.file();
        format!(
            "It lies in the package ale-py 0.12.1 on PyPI: fetch that with `pip download --no-deps ale-py==0.12.1`, \
             unpack ale_py/roms/{file} from the wheel, which is a zip archive"
        )
    }
}

impl fmt::Debug for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Game({})", self.key)
    }
}

impl PartialEq for Game {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Game {}

/// A ROM whose content was verified.
#[derive(Clone)]
pub struct Rom {
    game: Game,
    content: Arc<[u8]>,
}

impl Rom {
    /// Verifies a ROM's content.
    ///
    /// # Errors
    ///
    /// What is wrong with it, where it is not the one that the manifest describes.
    pub fn verify(game: Game, content: &[u8]) -> Result<Self, WrongRom> {
        let sha256: String = Sha256::digest(content).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        if sha256 == game.entry.sha256 {
            Ok(Self { game, content: content.into() })
        } else if content.len() < game.entry.size {
            Err(WrongRom::CutShort { size: content.len(), expected: game.entry.size })
        } else {
            Err(WrongRom::Content { sha256, expected: game.entry.sha256.clone() })
        }
    }

    /// The game.
    pub fn game(&self) -> Game {
        self.game
    }

    /// What the cartridge holds.
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for Rom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rom({}, {} bytes)", self.game.key, self.content.len())
    }
}

/// Why a file is not the ROM it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WrongRom {
    /// Fewer bytes than the ROM has.
    #[error("cut short: {size} bytes instead of {expected}")]
    CutShort {
        /// Bytes in the file.
        size: usize,
        /// Bytes of the ROM.
        expected: usize,
    },
    /// Other bytes.
    #[error("damaged, or another version of the game: its SHA-256 is {sha256} instead of {expected}")]
    Content {
        /// SHA-256 of the file.
        sha256: String,
        /// SHA-256 of the ROM.
        expected: String,
    },
}

/// A game's ROM was not found, or only something that is not it.
#[derive(Error)]
#[error("no ROM for {name}: it is a file {file} with the SHA-256 {sha256}; {}. {advice}", looked.join("; "))]
pub struct RomNotFound {
    name: &'static str,
    file: &'static str,
    sha256: &'static str,
    /// Where it was looked for and what was there instead, a phrase for each place.
    looked: Vec<String>,
    advice: String,
}

/// The same text, which is what a `main` prints that returns the error.
impl fmt::Debug for RomNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Folders that hold ROMs, in the order of the search.
///
/// Every file is verified by SHA-256 when it is read, so that a damaged or foreign one never reaches the emulator.
#[derive(Clone, Debug)]
pub struct RomLibrary {
    folders: Vec<PathBuf>,
    advice: fn(Game) -> String,
}

impl RomLibrary {
    /// Searches these folders, in order.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        let advice = |game: Game| format!("{}, and put it into a folder that is searched", game.whence());
        Self { folders, advice }
    }

    /// Searches `$DEEPQ_ROM_DIR`, where it is set, then the nearest folder `roms` in the working directory or above
    /// it.
    pub fn standard() -> Self {
        let named = env::var_os("DEEPQ_ROM_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let here = env::current_dir().unwrap_or_default();
        let nearest = here.ancestors().map(|folder| folder.join("roms")).find(|folder| folder.is_dir());
        Self::new(named.into_iter().chain(nearest).collect()).advising(|game: Game| {
            let into = "a folder roms in the working directory or above it, or into one that DEEPQ_ROM_DIR names";
            format!("{}, and put it into {into}", game.whence())
        })
    }

    /// Lets the error say this of a game whose ROM is missing, instead of where in PyPI it can be had: a program knows
    /// what its user can do.
    #[must_use]
    pub fn advising(self, advice: fn(Game) -> String) -> Self {
        Self { advice, ..self }
    }

    /// The folders.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Reads and verifies the ROM of a game. A wrong file does not end the search, but is warned of.
    ///
    /// # Errors
    ///
    /// Which file is needed, where it was looked for, what was there instead, and where it can be had.
    pub fn find(&self, game: Game) -> Result<Rom, RomNotFound> {
        let mut looked = Vec::new();
        for folder in &self.folders {
            let file = folder.join(game.file());
            match read(&file, game) {
                Ok(rom) => {
                    tracing::debug!(game = game.key(), folder = %folder.display(), "found the ROM");
                    return Ok(rom);
                }
                Err(reason) => {
                    if file.exists() {
                        tracing::warn!("{reason}; looking further");
                    }
                    looked.push(reason);
                }
            }
        }
        if looked.is_empty() {
            looked.push("there is no folder to look in".into());
        }
        let (name, file, sha256) = (game.name(), game.file(), game.sha256());
        Err(RomNotFound { name, file, sha256, looked, advice: (self.advice)(game) })
    }
}

fn read(file: &Path, game: Game) -> Result<Rom, String> {
    let content = fs::read(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{} does not exist", file.display()),
        _ => format!("{} cannot be read: {error}", file.display()),
    })?;
    Rom::verify(game, &content).map_err(|wrong| format!("{} is {wrong}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lists_every_game_of_the_emulator() {
        assert_eq!(Game::all().count(), 76);
        for game in Game::all() {
            assert_eq!(game.file(), format!("{}.bin", game.key()), "ALE tells the games apart by their file names");
            assert_eq!(game.sha256().len(), 64);
            assert_eq!(Game::by_name(game.name()), Some(game));
            assert_eq!(Game::by_name(game.key()), Some(game));
        }
        assert_eq!(Game::by_name("doom"), None);
    }
}
