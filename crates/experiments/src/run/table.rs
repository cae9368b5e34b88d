//! Tables that grow with a run, and are cut back when a run goes on from a checkpoint.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::StorageError;

/// An append-only file whose length is part of a run's state: a run that goes on cuts it back to where its checkpoint
/// left it, so that nothing stands in it twice.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Log {
    /// Opens a file, cut back to its first `bytes` bytes; 0 starts it anew. A file that is shorter is an error.
    pub(crate) fn open(path: PathBuf, bytes: u64) -> Result<Self, StorageError> {
        let open = |path: &Path| OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let mut file = open(&path).map_err(StorageError::io("write", &path))?;
        let found = file.metadata().map_err(StorageError::io("read", &path))?.len();
        if found < bytes {
            let reason = format!("it has {found} bytes, the checkpoint needs its first {bytes}");
            return Err(StorageError::damaged(&path, reason));
        }
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(StorageError::io("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file), bytes })
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
pub(crate) struct Table {
    log: Log,
    columns: usize,
}

impl Table {
    /// Opens a table, cut back to `bytes`; with 0 bytes it starts with its header.
    pub(crate) fn open(path: PathBuf, columns: &[&str], bytes: u64) -> Result<Self, StorageError> {
        let header = format!("{}\n", columns.join(","));
        if bytes > 0 {
            let mut start = vec![0; header.len()];
            let read = File::open(&path).and_then(|mut file| file.read_exact(&mut start));
            read.map_err(StorageError::io("read", &path))?;
            if start != header.as_bytes() {
                return Err(StorageError::damaged(&path, "its columns are not the ones that this program writes"));
            }
        }
        let mut log = Log::open(path, bytes)?;
        if bytes == 0 {
            log.append(header.as_bytes())?;
            log.flush()?;
        }
        Ok(Self { log, columns: columns.len() })
    }

    /// Adds a row, of which a cell may be empty.
    pub(crate) fn row(&mut self, cells: &[String]) -> Result<(), StorageError> {
        debug_assert_eq!(cells.len(), self.columns);
        debug_assert!(cells.iter().all(|cell| !cell.contains([',', '"', '\n'])));
        self.log.append(format!("{}\n", cells.join(",")).as_bytes())
    }

    /// See [`Log::flush`].
    pub(crate) fn flush(&mut self) -> Result<(), StorageError> {
        self.log.flush()
    }

    /// See [`Log::sync`].
    pub(crate) fn sync(&mut self) -> Result<u64, StorageError> {
        self.log.sync()
    }
}
