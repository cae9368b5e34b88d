//! MP4 and WebP, by the program `ffmpeg`: there is no encoder for them in Rust alone that makes small files.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use image::RgbImage;
use tempfile::TempDir;

use super::clock::Clock;
use super::error::RecordingError;

/// A video that `ffmpeg` writes while it gets the pictures.
pub(super) struct Ffmpeg {
    process: Child,
    pictures: Option<ChildStdin>,
    complaints: Option<JoinHandle<String>>,
    /// It writes here; the file that is asked for comes into being whole.
    folder: TempDir,
    file: &'static str,
    clock: Clock,
}

/// What `ffmpeg` is asked to write.
pub(super) struct Container {
    /// A file's name, by whose ending it knows the container.
    pub(super) file: &'static str,
    /// Its options.
    pub(super) options: &'static [&'static str],
}

/// H.264 in the form that every browser plays: its colours stand for two by two pixels, so that sizes are even.
pub(super) const MP4: Container = Container {
    file: "video.mp4",
    options: &[
        "-vf",
        "pad=ceil(iw/2)*2:ceil(ih/2)*2",
        "-c:v",
        "libx264",
        "-crf",
        "18",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ],
};

/// Animated WebP, lossless.
pub(super) const WEBP: Container =
    Container { file: "video.webp", options: &["-c:v", "libwebp_anim", "-lossless", "1", "-loop", "0"] };

const PROGRAM: &str = "ffmpeg";

impl Ffmpeg {
    /// Starts `ffmpeg` for pictures of this one's size, so many of them a second.
    pub(super) fn start(
        container: &Container,
        like: &RgbImage,
        pictures_per_second: f64,
    ) -> Result<Self, RecordingError> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(PROGRAM);
        command.args(["-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]);
        command.args(["-s", &format!("{}x{}", like.width(), like.height())]);
        // Nothing in the file shall speak of the encoder's version or of the time.
        command.args([
            "-r",
            &pictures_per_second.to_string(),
            "-i",
            "-",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
        ]);
        command.args(container.options).arg(folder.path().join(container.file));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C is for us: it gets all pictures that there are, and ends by itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn().map_err(|error| cannot_start(&error))?;
        let complaints = process.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).trim().to_owned()
            })
        });
        let (pictures, clock) = (process.stdin.take(), Clock::new(pictures_per_second));
        Ok(Self { process, pictures, complaints, folder, file: container.file, clock })
    }

    /// Shows a picture for so long.
    pub(super) fn show(&mut self, picture: &RgbImage, duration: Duration) -> Result<(), RecordingError> {
        for _ in 0..self.clock.ticks(duration, 1) {
            let written = self.pictures.as_mut().map_or(Ok(()), |pictures| pictures.write_all(picture));
            if let Err(error) = written {
                return Err(self.failed(&error.to_string()));
            }
        }
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, RecordingError> {
        drop(self.pictures.take());
        let status = self.process.wait()?;
        if !status.success() {
            return Err(self.failed(&status.to_string()));
        }
        Ok(std::fs::read(self.folder.path().join(self.file))?)
    }

    /// What `ffmpeg` said before it ended, or else what the system said.
    fn failed(&mut self, otherwise: &str) -> RecordingError {
        drop(self.pictures.take());
        let complaints = self.complaints.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        let reason = if complaints.is_empty() { otherwise.to_owned() } else { complaints };
        RecordingError::Ffmpeg { reason }
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        // Where it was finished there is nothing left to end.
        drop(self.pictures.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether there is an `ffmpeg` to start.
pub(super) fn find() -> Result<(), RecordingError> {
    let mut command = Command::new(PROGRAM);
    let command = command.arg(OsStr::new("-version")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map(drop).map_err(|error| cannot_start(&error))
}

fn cannot_start(error: &io::Error) -> RecordingError {
    match error.kind() {
        io::ErrorKind::NotFound => RecordingError::NoFfmpeg,
        _ => RecordingError::Ffmpeg { reason: error.to_string() },
    }
}
