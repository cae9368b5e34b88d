//! Tables that grow with a run, and are cut back when a run goes on from a checkpoint.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::StorageError;

/// An append-only file whose length is part of a run's state: a run that goes on cuts it back to where its checkpoint
/// left it, so that nothing stands in it twice.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Log {
    /// Opens a file, cut back to its first `bytes` bytes; 0 starts it anew.
    ///
    /// A file that is shorter, or lost, costs its reader something but not the run: `whole` says how much of what is there
    /// can stay, and a warning says so. It is told the file's first `bytes` bytes, or what there is of them.
    pub(crate) fn open(path: PathBuf, bytes: u64, whole: impl Fn(&[u8]) -> usize) -> Result<Self, StorageError> {
        let open = |path: &Path| OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = open(&path).map_err(StorageError::io("write", &path))?;
        let found = file.metadata().map_err(StorageError::io("read", &path))?.len();
        let kept = if found < bytes {
            let mut contents = Vec::new();
            file.read_to_end(&mut contents).map_err(StorageError::io("read", &path))?;
            let kept = whole(&contents).min(contents.len()) as u64;
            tracing::warn!(
                "{} has {found} of the {bytes} bytes that the checkpoint counts on: what is lost stays lost, and the run \
                 goes on behind the first {kept}",
                path.display()
            );
            kept
        } else {
            bytes
        };
        file.set_len(kept).and_then(|()| file.seek(SeekFrom::End(0))).map_err(StorageError::io("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file), bytes: kept })
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds some bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(StorageError::io("write", &self.path))
    }

    /// Hands everything to the operating system, so that others can read it.
    pub(crate) fn flush(&mut self) -> Result<(), StorageError> {
        self.file.flush().map_err(StorageError::io("write", &self.path))
    }

    /// Brings everything to the disk; gives the length.
    pub(crate) fn sync(&mut self) -> Result<u64, StorageError> {
        self.flush()?;
        self.file.get_ref().sync_data().map_err(StorageError::io("write", &self.path))?;
        Ok(self.bytes)
    }
}

/// A CSV file: a line of names, then a line for each row. Nothing in it needs quotes.
#[derive(Debug)]
pub struct Table {
    log: Log,
    columns: usize,
}

impl Table {
    /// Opens a table, cut back to `bytes`; with 0 bytes it starts with its header. One that is not of this form any more
    /// is kept under another name.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn open<S: AsRef<str>>(path: PathBuf, columns: &[S], bytes: u64) -> Result<Self, StorageError> {
        let header = header(columns);
        let bytes = if bytes > 0 && has_other_header(&path, &header)? {
            let aside = path.with_added_extension("damaged");
            fs::rename(&path, &aside).map_err(StorageError::io("rename", &path))?;
            tracing::warn!(
                "{} does not begin with the names of its columns: it is kept as {}, and a new one begun",
                path.display(),
                aside.display()
            );
            0
        } else {
            bytes
        };
        let whole_lines = |contents: &[u8]| contents.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut log = Log::open(path, bytes, whole_lines)?;
        if log.is_empty() {
            log.append(header.as_bytes())?;
            log.flush()?;
        }
        Ok(Self { log, columns: columns.len() })
    }

    /// Whether a table has these columns. One that is lost has none.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn begins_with<S: AsRef<str>>(path: &Path, columns: &[S]) -> Result<bool, StorageError> {
        let header = header(columns);
        Ok(start_of(path, header.len())?.is_some_and(|start| start == header.as_bytes()))
    }

    /// Adds a row, of which a cell may be empty.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn row(&mut self, cells: &[String]) -> Result<(), StorageError> {
        debug_assert_eq!(cells.len(), self.columns);
        debug_assert!(cells.iter().all(|cell| !cell.contains([',', '"', '\n'])));
        self.log.append(format!("{}\n", cells.join(",")).as_bytes())
    }

    /// Hands everything to the operating system, so that others can read it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn flush(&mut self) -> Result<(), StorageError> {
        self.log.flush()
    }

    /// Brings everything to the disk; gives the length in bytes, with which a run that goes on opens it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn sync(&mut self) -> Result<u64, StorageError> {
        self.log.sync()
    }
}

/// The line that names the columns.
fn header<S: AsRef<str>>(columns: &[S]) -> String {
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    format!("{}\n", columns.join(","))
}

/// Whether a file has a first line that is another one. A file that is lost, or cut off in it, has none.
fn has_other_header(path: &Path, header: &str) -> Result<bool, StorageError> {
    Ok(start_of(path, header.len())?.is_some_and(|start| !header.as_bytes().starts_with(&start)))
}

/// The first bytes of a file, if it is there.
fn start_of(path: &Path, bytes: usize) -> Result<Option<Vec<u8>>, StorageError> {
    let mut start = Vec::new();
    match File::open(path).and_then(|file| file.take(bytes as u64).read_to_end(&mut start)) {
        Ok(_) => Ok(Some(start)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StorageError::io("read", path)(error)),
    }
}
