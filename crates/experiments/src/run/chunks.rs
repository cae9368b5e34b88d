//! A long stream of bytes, as a replay memory's contents, cut into pieces that are saved once.
//!
//! A replay memory of gigabytes changes little between two checkpoints. Its stream is cut every [`CHUNK_BYTES`]; each
//! piece is compressed (frames shrink ten to fortyfold) into a file named by the SHA-256 of its contents. A piece that
//! a kept checkpoint already has is not written again, as Git does with files and Borg with backups.
//!
//! Sharing has a price: a damaged piece damages every checkpoint that refers to it. So a stream of at most
//! [`PRIVATE_BYTES`] is kept whole inside its own checkpoint, and a shared piece is looked at again, and written anew
//! where it is damaged, each time a checkpoint wants it.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::StorageError;
use super::atomic;
use super::digest::sha256;

/// Bytes of a piece before compression.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;

/// Streams up to this length are kept inside their own checkpoint.
pub(crate) const PRIVATE_BYTES: u64 = 64 << 20;

/// Bytes of the SHA-256 that stands before the compressed bytes in a file.
const CHECK_BYTES: usize = 32;

/// What a stream consists of: the pieces' SHA-256 in order, and its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChunkList {
    pub(crate) chunks: Vec<String>,
    pub(crate) bytes: u64,
}

impl ChunkList {
    /// The list as a file: the length, then a line for each piece.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.bytes);
        for chunk in &self.chunks {
            text.push_str(chunk);
            text.push('\n');
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, StorageError> {
        let mut lines = text.lines();
        let bytes = lines.next().and_then(|line| line.parse().ok());
        let bytes: u64 = bytes.ok_or_else(|| StorageError::damaged(path, "it does not begin with a length"))?;
        let chunks: Vec<String> = lines.map(str::to_owned).collect();
        let well_formed =
            |name: &String| name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if bytes.div_ceil(CHUNK_BYTES as u64) != chunks.len() as u64 || !chunks.iter().all(well_formed) {
            return Err(StorageError::damaged(path, "it does not list the pieces of a stream"));
        }
        Ok(Self { chunks, bytes })
    }

    /// SHA-256 over the pieces' SHA-256: it stands for the whole stream.
    pub(crate) fn root(&self) -> String {
        sha256(self.to_text().as_bytes())
    }
}

/// Where the pieces of a stream go.
pub(crate) trait ChunkSink {
    /// Takes one piece; `name` is the SHA-256 of its contents.
    fn put(&mut self, name: &str, contents: &[u8]) -> Result<(), StorageError>;
}

/// Keeps nothing: for a digest.
pub(crate) struct Discard;

impl ChunkSink for Discard {
    fn put(&mut self, _: &str, _: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }
}

/// Writes pieces as files into a folder.
pub(crate) struct ChunkFolder {
    folder: PathBuf,
    written: HashSet<String>,
}

impl ChunkFolder {
    /// Makes the folder if it is not there.
    pub(crate) fn create(folder: PathBuf) -> Result<Self, StorageError> {
        fs::create_dir_all(&folder).map_err(StorageError::io("create the folder", &folder))?;
        Ok(Self { folder, written: HashSet::new() })
    }
}

impl ChunkSink for ChunkFolder {
    fn put(&mut self, name: &str, contents: &[u8]) -> Result<(), StorageError> {
        if !self.written.insert(name.to_owned()) {
            return Ok(());
        }
        let path = self.folder.join(name);
        if path.exists() && payload(&path).is_ok() {
            return Ok(());
        }
        let compressed = lz4_flex::compress_prepend_size(contents);
        let mut file = Sha256::digest(&compressed).to_vec();
        file.extend_from_slice(&compressed);
        atomic::write_file(&path, &file)
    }
}

/// The compressed bytes of a piece's file, checked.
fn payload(path: &Path) -> Result<Vec<u8>, StorageError> {
    let limit = (CHECK_BYTES + 4 + lz4_flex::block::get_maximum_output_size(CHUNK_BYTES)) as u64;
    let file = fs::File::open(path).map_err(StorageError::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(StorageError::io("read", path))?;
    let checked = bytes.len() as u64 <= limit
        && bytes.split_first_chunk::<CHECK_BYTES>().is_some_and(|(check, rest)| Sha256::digest(rest)[..] == check[..]);
    if !checked {
        return Err(StorageError::damaged(path, "its checksum does not fit"));
    }
    Ok(bytes.split_off(CHECK_BYTES))
}

/// One piece's contents.
fn read_chunk(folder: &Path, name: &str) -> Result<Vec<u8>, StorageError> {
    let path = folder.join(name);
    let compressed = payload(&path)?;
    let claimed = compressed.first_chunk().map_or(usize::MAX, |size| u32::from_le_bytes(*size) as usize);
    if claimed > CHUNK_BYTES {
        return Err(StorageError::damaged(&path, "it is longer than a piece can be"));
    }
    let contents =
        lz4_flex::decompress_size_prepended(&compressed).map_err(|error| StorageError::damaged(&path, error))?;
    if sha256(&contents) != name {
        return Err(StorageError::damaged(&path, "its contents do not fit its name"));
    }
    Ok(contents)
}

/// Cuts a stream into pieces.
pub(crate) struct ChunkWriter<'s> {
    sink: &'s mut dyn ChunkSink,
    buffer: Vec<u8>,
    list: ChunkList,
    /// What stopped the stream: an `io::Error` would lose the file's name.
    error: Option<StorageError>,
}

impl<'s> ChunkWriter<'s> {
    pub(crate) fn new(sink: &'s mut dyn ChunkSink) -> Self {
        Self { sink, buffer: Vec::new(), list: ChunkList::default(), error: None }
    }

    fn cut(&mut self) -> Result<(), StorageError> {
        let name = sha256(&self.buffer);
        self.sink.put(&name, &self.buffer)?;
        self.list.bytes += self.buffer.len() as u64;
        self.list.chunks.push(name);
        self.buffer.clear();
        Ok(())
    }

    /// The error that stopped the stream, if writing failed because of one.
    pub(crate) fn take_error(&mut self) -> Option<StorageError> {
        self.error.take()
    }

    /// Ends the stream.
    pub(crate) fn finish(mut self) -> Result<ChunkList, StorageError> {
        if !self.buffer.is_empty() {
            self.cut()?;
        }
        Ok(self.list)
    }
}

impl Write for ChunkWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK_BYTES
            && let Err(error) = self.cut()
        {
            let shown = io::Error::other(error.to_string());
            self.error = Some(error);
            return Err(shown);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a stream back, checking each piece.
pub(crate) struct ChunkReader {
    folder: PathBuf,
    names: std::vec::IntoIter<String>,
    current: Vec<u8>,
    position: usize,
    error: Option<StorageError>,
}

impl ChunkReader {
    pub(crate) fn new(folder: PathBuf, list: ChunkList) -> Self {
        Self { folder, names: list.chunks.into_iter(), current: Vec::new(), position: 0, error: None }
    }

    /// The error that stopped the stream, if reading failed because of one.
    pub(crate) fn take_error(&mut self) -> Option<StorageError> {
        self.error.take()
    }
}

impl Read for ChunkReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.position == self.current.len() {
            let Some(name) = self.names.next() else { return Ok(0) };
            self.current = read_chunk(&self.folder, &name).map_err(|error| {
                let shown = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
                self.error = Some(error);
                shown
            })?;
            self.position = 0;
        }
        let taken = into.len().min(self.current.len() - self.position);
        into[..taken].copy_from_slice(&self.current[self.position..self.position + taken]);
        self.position += taken;
        Ok(taken)
    }
}

/// Whether every piece of a stream is there and whole.
pub(crate) fn verify(folder: &Path, list: &ChunkList) -> Result<(), StorageError> {
    let mut bytes = 0;
    for name in &list.chunks {
        bytes += read_chunk(folder, name)?.len() as u64;
    }
    if bytes == list.bytes {
        Ok(())
    } else {
        Err(StorageError::damaged(folder, format!("its pieces hold {bytes} bytes, not {}", list.bytes)))
    }
}
