//! TensorBoard's event files.
//!
//! Written here and not by a crate: `tensorboard-rs`, the most used one, rests on `protobuf` 2 and `image` 0.23 and had its last
//! release in 2022, and none that we found can cut a file back and go on with it, which is how a resumed run stays one
//! line on the screen. The format is small: records of length, masked CRC-32C, bytes, masked CRC-32C (TensorFlow's
//! `record_writer.cc`), each a protocol buffer `Event` (`event.proto`, `summary.proto`), of which scalars, histograms and pictures need
//! some twenty fields.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::hparams;
use crate::protobuf::Message;
use crate::table::Log;
use crate::{Document, StorageError};

/// An event file.
#[derive(Debug)]
pub struct EventFile {
    log: Log,
    new: bool,
}

impl EventFile {
    /// Opens an event file, cut back to its first `bytes` bytes; with 0 it starts anew.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn open(path: PathBuf, bytes: u64) -> Result<Self, StorageError> {
        let log = Log::open(path, bytes, whole_records)?;
        let mut file = Self { new: log.is_empty(), log };
        if file.new {
            let mut event = Message::default();
            event.double(1, now());
            event.text(3, "brain.Event:2");
            file.record(event.bytes())?;
            file.log.flush()?;
        }
        Ok(file)
    }

    /// Whether nothing stands in it but what every event file begins with.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Adds what the run is: its experiment as a text, and for the dashboard of hyper-parameters.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn begin_run(&mut self, experiment: &str, document: &Document) -> Result<(), StorageError> {
        let mut parameters = document.hyper_parameters();
        // A sentence about the others.
        parameters.remove("summary");
        self.summary(0, &text("experiment", &document.text()))?;
        self.summary(0, &hparams::experiment(experiment, &parameters, now()))?;
        self.summary(0, &hparams::session_start(&parameters, now()))
    }

    /// Adds that the run is done, for the dashboard of hyper-parameters.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn end_run(&mut self, agent_step: u64) -> Result<(), StorageError> {
        self.summary(agent_step, &hparams::session_end(now()))
    }

    /// Adds a number under a tag.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn scalar(&mut self, tag: &str, agent_step: u64, value: f32) -> Result<(), StorageError> {
        let mut entry = Message::default();
        entry.text(1, tag);
        entry.float(2, value);
        self.summary(agent_step, &entry)
    }

    /// Adds the distribution of some numbers under a tag.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn histogram(&mut self, tag: &str, agent_step: u64, values: &[f32]) -> Result<(), StorageError> {
        let Some(histogram) = histogram(values) else { return Ok(()) };
        let mut entry = Message::default();
        entry.text(1, tag);
        entry.message(5, &histogram);
        self.summary(agent_step, &entry)
    }

    /// Adds a picture under a tag: a PNG or GIF file, which may be animated.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn image(
        &mut self,
        tag: &str,
        agent_step: u64,
        (width, height): (u32, u32),
        file: &[u8],
    ) -> Result<(), StorageError> {
        const RGB: u64 = 3;
        let mut image = Message::default();
        image.integer(1, u64::from(height));
        image.integer(2, u64::from(width));
        image.integer(3, RGB);
        image.delimited(4, file);
        let mut entry = Message::default();
        entry.text(1, tag);
        entry.message(4, &image);
        self.summary(agent_step, &entry)
    }

    fn summary(&mut self, agent_step: u64, entry: &Message) -> Result<(), StorageError> {
        let mut summary = Message::default();
        summary.message(1, entry);
        let mut event = Message::default();
        event.double(1, now());
        event.integer(2, agent_step);
        event.message(5, &summary);
        self.record(event.bytes())
    }

    fn record(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let length = (bytes.len() as u64).to_le_bytes();
        self.log.append(&length)?;
        self.log.append(&masked_crc(&length).to_le_bytes())?;
        self.log.append(bytes)?;
        self.log.append(&masked_crc(bytes).to_le_bytes())
    }

    /// Hands everything to the operating system, so that TensorBoard sees it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn flush(&mut self) -> Result<(), StorageError> {
        self.log.flush()
    }

    /// Brings everything to the disk; gives the length.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn sync(&mut self) -> Result<u64, StorageError> {
        self.log.sync()
    }
}

/// Seconds since 1970, for the times that TensorBoard shows; nothing depends on it.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// TensorFlow's buckets grow by a tenth, from 1e-12 on to both sides of zero.
fn bucket_limits() -> Vec<f64> {
    let positive: Vec<f64> =
        std::iter::successors(Some(1e-12), |limit| Some(limit * 1.1)).take_while(|&limit| limit < 1e20).collect();
    let negative = positive.iter().rev().map(|limit| -limit);
    negative.chain([0.0]).chain(positive.iter().copied()).chain([f64::MAX]).collect()
}

/// A `HistogramProto`, or nothing where there are no numbers.
fn histogram(values: &[f32]) -> Option<Message> {
    let finite = || values.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite());
    let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
    if min > max {
        return None;
    }
    let limits = bucket_limits();
    let mut counts = vec![0.0; limits.len()];
    for value in finite() {
        // A bucket holds the values below its limit and from the limit before on.
        let bucket = limits.partition_point(|&limit| limit <= value);
        counts[bucket.min(limits.len() - 1)] += 1.0;
    }
    let first = counts.iter().position(|&count| count > 0.0)?;
    let last = counts.iter().rposition(|&count| count > 0.0)?;
    // An empty bucket on the left gives the first one its lower limit.
    let shown = first.saturating_sub(1)..last + 1;
    let mut message = Message::default();
    message.double(1, min);
    message.double(2, max);
    message.double(3, finite().count() as f64);
    message.double(4, finite().sum());
    message.double(5, finite().map(|value| value * value).sum());
    message.doubles(6, &limits[shown.clone()]);
    message.doubles(7, &counts[shown]);
    Some(message)
}

/// A `Summary.Value` of markdown, here of a block that is shown as it is.
fn text(tag: &str, text: &str) -> Message {
    let block: String = text.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    let mut dimension = Message::default();
    dimension.integer(1, 1);
    let mut shape = Message::default();
    shape.message(2, &dimension);
    let mut tensor = Message::default();
    tensor.integer(1, DT_STRING);
    tensor.message(2, &shape);
    tensor.text(8, &block);
    let mut value = Message::of_plugin(&format!("{tag}/text_summary"), "text", &Message::default());
    value.message(8, &tensor);
    value
}

/// TensorFlow's number of the type of strings.
const DT_STRING: u64 = 7;

/// How many of these bytes are whole records: behind a torn one TensorBoard reads nothing.
fn whole_records(contents: &[u8]) -> usize {
    let mut whole = 0;
    while let Some(length) = contents.get(whole..whole + 8).and_then(|bytes| bytes.try_into().ok()) {
        // The length, its checksum, the bytes and theirs.
        let end = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|length| length.checked_add(whole + 16));
        match end.filter(|&end| end <= contents.len()) {
            Some(end) => whole = end,
            None => break,
        }
    }
    whole
}

/// CRC-32C, turned and moved as TensorFlow does, so that a checksum of checksums is safe.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a byte at a time: of a record's some hundred bytes, or a video's some hundred thousand, now and then.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, &byte| TABLE[((crc ^ u32::from(byte)) & 0xff) as usize] ^ crc >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, B.4.
    #[test]
    fn crc_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn what_is_left_of_a_torn_file_is_whole_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let mut file = EventFile::open(path.clone(), 0).unwrap();
        assert!(file.is_new());
        let first = file.sync().unwrap() as usize;
        file.scalar("a", 1, 1.0).unwrap();
        let all = file.sync().unwrap() as usize;
        let contents = std::fs::read(&path).unwrap();
        for length in 0..=all {
            let whole = [0, first, all].into_iter().rfind(|&end| end <= length).unwrap();
            assert_eq!(whole_records(&contents[..length]), whole, "{length}");
        }
        assert_eq!(whole_records(&[0xff; 100]), 0);
    }

    #[test]
    fn every_number_falls_into_its_bucket() {
        let limits = bucket_limits();
        assert!(limits.is_sorted());
        for value in [-1e30f32, -1.0, -1e-13, 0.0, 1e-13, 0.5, 1e30] {
            let bucket = limits.partition_point(|&limit| limit <= f64::from(value));
            assert!(f64::from(value) < limits[bucket], "{value}");
            assert!(bucket == 0 || limits[bucket - 1] <= f64::from(value), "{value}");
        }
        assert!(histogram(&[f32::NAN]).is_none());
        assert!(histogram(&[1.0, 2.0]).is_some());
    }
}
