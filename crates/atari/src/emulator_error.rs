//! What can go wrong with an emulator.

use std::{fmt, io};

use thiserror::Error;

use crate::snapshot::SnapshotError;

/// Why an emulator cannot be made or put into a state.
#[derive(Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// ALE reads a ROM from a file, and there was no place for one.
    #[error("cannot hand the ROM to the emulator through a temporary folder: {0}")]
    TemporaryFolder(#[from] io::Error),
    /// A configuration file of ALE's would change the game behind our back.
    #[error(
        "{file} in the working directory sets {key:?}, which changes the game: remove that line, or work elsewhere"
    )]
    ConfigurationFile {
        /// The file.
        file: &'static str,
        /// The setting.
        key: String,
    },
    /// A mode that the game does not have.
    #[error("{game} has no mode {mode}, but {}", listed(available))]
    Mode {
        /// The game.
        game: &'static str,
        /// The mode asked for.
        mode: u32,
        /// The modes it has.
        available: Vec<u32>,
    },
    /// A difficulty that the game does not have.
    #[error("{game} has no difficulty {difficulty}, but {}", listed(available))]
    Difficulty {
        /// The game.
        game: &'static str,
        /// The difficulty asked for.
        difficulty: u32,
        /// The difficulties it has.
        available: Vec<u32>,
    },
    /// A probability outside [0, 1].
    #[error("an action is repeated with a probability from 0 to 1, not {0}")]
    Probability(f32),
    /// A snapshot that is damaged or of another game.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// The same text, which is what a `main` prints that returns the error.
impl fmt::Debug for EmulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

pub(crate) fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
