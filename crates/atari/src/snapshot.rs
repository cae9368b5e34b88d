//! An emulator's state as bytes that can be trusted when they come back.

use std::ops::Range;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::emulator_settings::EmulatorSettings;
use crate::mersenne_twister::MersenneTwister;
use crate::roms::Game;

/// Why bytes are not a snapshot that can be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// They are no snapshot at all, or one of another version of this crate.
    #[error("it is not a snapshot of an Atari game that this version can read")]
    Foreign,
    /// They are cut short or changed.
    #[error("it is damaged: its checksum is wrong")]
    Damaged,
    /// They are a snapshot of something else.
    #[error("it is of another game than {0}, or of another mode or difficulty")]
    OtherGame(
        /// The game that is being played.
        &'static str,
    ),
    /// ALE's own state is not laid out as ALE 0.6.0 does it.
    #[error("the emulator lays out its state in an unknown way")]
    UnknownLayout,
}

/// What a snapshot holds.
pub(crate) struct Parts {
    /// ALE's state, its generator included.
    pub(crate) state: Vec<u8>,
    pub(crate) console: MersenneTwister,
    pub(crate) sticky: MersenneTwister,
}

impl Parts {
    const MAGIC: &[u8] = b"deepq ALE 1\n";
    const CHECKSUM: usize = 32;

    /// A line that says what this is, the game and its mode, the two generators, ALE's state, and a SHA-256 over all of
    /// it: ALE throws exceptions at bytes that it did not write, so it must not see any.
    pub(crate) fn seal(&self, game: Game, settings: &EmulatorSettings) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.state.len() + 8192);
        bytes.extend(Self::MAGIC);
        bytes.extend(title(game, settings).as_bytes());
        self.console.write(&mut bytes);
        self.sticky.write(&mut bytes);
        bytes.extend(&self.state);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// The parts of a sealed snapshot of this game.
    pub(crate) fn open(bytes: &[u8], game: Game, settings: &EmulatorSettings) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(Self::MAGIC).ok_or(SnapshotError::Foreign)?;
        let end = rest.len().checked_sub(Self::CHECKSUM).ok_or(SnapshotError::Damaged)?;
        let (sealed, checksum) = bytes.split_at(Self::MAGIC.len() + end);
        if Sha256::digest(sealed).as_slice() != checksum {
            return Err(SnapshotError::Damaged);
        }
        let title = title(game, settings);
        let other = SnapshotError::OtherGame(game.name());
        let mut rest = rest[..end].strip_prefix(title.as_bytes()).ok_or(other)?;
        let console = MersenneTwister::read(&mut rest).ok_or(SnapshotError::Foreign)?;
        let sticky = MersenneTwister::read(&mut rest).ok_or(SnapshotError::Foreign)?;
        Ok(Self { state: rest.to_vec(), console, sticky })
    }
}

fn title(game: Game, settings: &EmulatorSettings) -> String {
    let number = |number: Option<u32>| number.map_or_else(|| "default".into(), |number| number.to_string());
    format!("{} {} {}\n", game.sha256(), number(settings.mode), number(settings.difficulty))
}

/// ALE's state with another generator in it.
///
/// ALE writes little-endian 32-bit integers, and strings as their length and their bytes. The state of the console is
/// one such string after six integers (two paddles, two frame numbers, mode and difficulty), and the generator is a
/// string inside it, as C++ writes `std::mt19937` to a stream.
pub(crate) fn with_generator(state: &[u8], generator: &MersenneTwister) -> Result<Vec<u8>, SnapshotError> {
    let unknown = SnapshotError::UnknownLayout;
    let (head, rest) = state.split_at_checked(6 * LENGTH).ok_or(unknown)?;
    let (len, rest) = rest.split_first_chunk().ok_or(unknown)?;
    let (console, tail) = rest.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or(unknown)?;
    let old = generator_text(console).ok_or(unknown)?;
    let new = generator.to_stream();
    let len = console.len() - old.len() + new.len();

    let mut patched = Vec::with_capacity(state.len() + new.len());
    patched.extend(head);
    patched.extend((len as u32).to_le_bytes());
    patched.extend(&console[..old.start - LENGTH]);
    patched.extend((new.len() as u32).to_le_bytes());
    patched.extend(new.as_bytes());
    patched.extend(&console[old.end..]);
    patched.extend(tail);
    Ok(patched)
}

/// Bytes of a string's length.
const LENGTH: usize = 4;

/// Where the generator's text stands: no other run of digits and spaces is nearly as long.
fn generator_text(console: &[u8]) -> Option<Range<usize>> {
    const SHORTEST: usize = 2 * 624;
    let mut start = 0_usize;
    for run in console.split(|byte| !byte.is_ascii_digit() && *byte != b' ') {
        if run.len() > SHORTEST {
            let len = console.get(start.checked_sub(LENGTH)?..start)?;
            let len = u32::from_le_bytes(len.try_into().ok()?) as usize;
            return (len <= run.len()).then_some(start..start + len);
        }
        start += run.len() + 1;
    }
    None
}
