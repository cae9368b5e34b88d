//! What can go wrong with a recording.

use std::io;

use thiserror::Error;

use crate::evaluation::EvaluationError;

/// Why a game could not be recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A file's name that does not end as one of [`Format`](super::Format)'s.
    #[error("{file}: recordings are .gif, .png, .mp4 or .webp files")]
    Format {
        /// The name.
        file: String,
    },
    /// The program is not there.
    #[error(
        "there is no ffmpeg on the PATH, which .mp4 and .webp files need: install it (Debian and Ubuntu: apt install \
         ffmpeg), or choose a .gif or .png file"
    )]
    NoFfmpeg,
    /// The program does not do what it should.
    #[error("ffmpeg failed: {reason}")]
    Ffmpeg {
        /// What it said.
        reason: String,
    },
    /// More pixels than a format has room for.
    #[error("a picture of {width} x {height} pixels is too large: at most {} x {}", u16::MAX, u16::MAX)]
    TooLarge {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// A picture of another size than those before it, which no format can show.
    #[error("a picture of {} x {} pixels follows pictures of {} x {}: all must have one size", .now.0, .now.1, .before.0, .before.1)]
    Size {
        /// Width and height before.
        before: (u32, u32),
        /// Its own.
        now: (u32, u32),
    },
    /// The game cannot be played or drawn.
    #[error(transparent)]
    Game(#[from] EvaluationError),
    /// The GIF cannot be made.
    #[error(transparent)]
    Gif(#[from] gif::EncodingError),
    /// The PNG cannot be made.
    #[error(transparent)]
    Png(#[from] png::EncodingError),
    /// The system refused something.
    #[error("cannot record: {0}")]
    Io(#[from] io::Error),
}
