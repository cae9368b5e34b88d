//! Games as files to look at: animated GIF and PNG, and by the program `ffmpeg` MP4 and WebP.
//!
//! Recording needs no display, and the same game in the same style gives the same bytes.

mod animated_png;
mod clock;
mod error;
mod ffmpeg;
mod gif;
mod network_view;
mod overlay;
mod panel;
mod region;
mod style;

use std::path::Path;
use std::time::Duration;

pub use error::RecordingError;
use image::RgbImage;
use serde::Serialize;
use style::Stage;
pub use style::Style;

use self::animated_png::AnimatedPng;
use self::ffmpeg::Ffmpeg;
use self::gif::Gif;
use crate::gameplay::{Gameplay, Moment};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Animated GIF: plays everywhere; exact where a picture brings at most 255 new colours.
    Gif,
    /// Animated PNG: exact, larger.
    Png,
    /// H.264, by `ffmpeg`: the smallest; colours are approximated.
    Mp4,
    /// Animated WebP, by `ffmpeg`: exact, small.
    WebP,
}

impl Format {
    /// By a file's ending.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Format`], and [`RecordingError::NoFfmpeg`] where the format needs it.
    pub fn of(file: &Path) -> Result<Self, RecordingError> {
        let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("gif") => Self::Gif,
            Some("png" | "apng") => Self::Png,
            Some("mp4") => Self::Mp4,
            Some("webp") => Self::WebP,
            _ => return Err(RecordingError::Format { file: file.display().to_string() }),
        };
        match format {
            Self::Gif | Self::Png => {}
            Self::Mp4 | Self::WebP => ffmpeg::find()?,
        }
        Ok(format)
    }

    /// More pictures in a second are not shown as such.
    fn most_pictures_a_second(self) -> f64 {
        match self {
            Self::Gif => gif::TICKS_PER_SECOND / gif::SHORTEST as f64,
            Self::Png | Self::Mp4 | Self::WebP => f64::INFINITY,
        }
    }
}

/// A recording, and what is to be seen in it.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The file's contents.
    pub file: Vec<u8>,
    /// What is to be seen.
    pub figures: RecordingFigures,
}

/// What is to be seen in a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordingFigures {
    /// The agent step of the weights.
    pub at_step: u64,
    /// Undiscounted, unclipped return of each episode that was played to its end.
    pub returns: Vec<f64>,
    /// Agent steps of each of them.
    pub lengths: Vec<u64>,
    /// Pictures, also those that are the same as the one before.
    pub pictures: u64,
    /// How long it is.
    pub seconds: f64,
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether somebody asked to stop before the last episode was over.
    pub interrupted: bool,
}

/// How long the last picture of an episode stands.
const PAUSE: Duration = Duration::from_secs(1);

/// Records a game from its next moment on, to its end, until the style's longest duration, or until `stop` says so; the file
/// is well-formed in any case. `None` where there was no moment. `seen` is told each one.
///
/// # Errors
///
/// [`RecordingError`] says what failed.
pub fn record(
    gameplay: &mut dyn Gameplay,
    format: Format,
    style: &Style,
    stop: &dyn Fn() -> bool,
    seen: &mut dyn FnMut(&Moment),
) -> Result<Option<Recording>, RecordingError> {
    let scene = gameplay.scene();
    let (every, rate) = (style.every(scene), style.rate(scene).min(format.most_pictures_a_second()));
    let mut stage = Stage::new(style, scene);
    let mut video = None;
    let mut figures = RecordingFigures {
        at_step: scene.at_step,
        returns: Vec::new(),
        lengths: Vec::new(),
        pictures: 0,
        seconds: 0.0,
        width: 0,
        height: 0,
        interrupted: false,
    };
    let (mut length, longest) = (Duration::ZERO, style.longest.unwrap_or(Duration::MAX));
    while length < longest {
        figures.interrupted = stop();
        if figures.interrupted {
            break;
        }
        let Some(moment) = gameplay.advance()? else { break };
        seen(&moment);
        if moment.status.is_over() {
            figures.returns.push(moment.total);
            figures.lengths.push(moment.step);
        } else if !moment.step.is_multiple_of(every) {
            continue;
        }
        let picture = stage.draw(gameplay, &moment)?;
        let pause = if moment.status.is_over() { PAUSE } else { Duration::ZERO };
        let duration = Duration::from_secs_f64(1.0 / rate) + pause;
        figures.pictures += 1;
        length += duration;
        let (before, now) = ((figures.width, figures.height), picture.dimensions());
        if video.is_some() && before != now {
            return Err(RecordingError::Size { before, now });
        }
        (figures.width, figures.height) = now;
        let video = match &mut video {
            Some(video) => video,
            none => none.insert(Video::begin(format, &picture, rate)?),
        };
        video.show(picture, duration)?;
    }
    figures.seconds = length.as_secs_f64();
    let file = video.map(Video::finish).transpose()?;
    Ok(file.map(|file| Recording { file, figures }))
}

/// A file that is being made.
enum Video {
    Gif(Gif),
    Png(AnimatedPng),
    Ffmpeg(Ffmpeg),
}

impl Video {
    /// Begins one of pictures as this one.
    fn begin(format: Format, like: &RgbImage, rate: f64) -> Result<Self, RecordingError> {
        let (width, height) = like.dimensions();
        if width.max(height) > u32::from(u16::MAX) {
            return Err(RecordingError::TooLarge { width, height });
        }
        Ok(match format {
            Format::Gif => Self::Gif(Gif::new(like)?),
            Format::Png => Self::Png(AnimatedPng::new()),
            Format::Mp4 => Self::Ffmpeg(Ffmpeg::start(&ffmpeg::MP4, like, rate)?),
            Format::WebP => Self::Ffmpeg(Ffmpeg::start(&ffmpeg::WEBP, like, rate)?),
        })
    }

    fn show(&mut self, picture: RgbImage, duration: Duration) -> Result<(), RecordingError> {
        match self {
            Self::Gif(gif) => gif.show(picture, duration)?,
            Self::Png(png) => png.show(picture, duration)?,
            Self::Ffmpeg(ffmpeg) => ffmpeg.show(&picture, duration)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, RecordingError> {
        match self {
            Self::Gif(gif) => Ok(gif.finish()?),
            Self::Png(png) => Ok(png.finish()),
            Self::Ffmpeg(ffmpeg) => ffmpeg.finish(),
        }
    }
}
