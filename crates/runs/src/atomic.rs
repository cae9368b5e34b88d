//! Writing files atomically: they are there whole or not at all.
//!
//! A file is written under a temporary name in the same folder, brought to the disk (`fsync`), renamed, and then the
//! folder's entry is brought to the disk too. A crash at any moment leaves the old file or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::StorageError;

/// Prefix of names under which unfinished files and folders stand; whatever bears it may be deleted.
pub(crate) const UNFINISHED: &str = ".unfinished-";
/// Prefix of names under which stands what is being removed.
pub(crate) const DOOMED: &str = ".unfinished-old-";

/// Writes a file atomically: it is there whole or not at all.
///
/// # Errors
///
/// [`StorageError::Io`]; the old file, if there was one, then still stands.
pub fn write(path: &Path, contents: &[u8]) -> Result<(), StorageError> {
    let folder = folder_of(path);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = folder.join(format!("{UNFINISHED}{name}"));
    let written = write_synced(&temporary, contents).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // What is left of it would only take up the space that may be missing.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a file and brings it to the disk, under its own name: for files in a folder that is itself renamed later.
pub(crate) fn write_synced(path: &Path, contents: &[u8]) -> Result<(), StorageError> {
    let mut file = File::create(path).map_err(StorageError::io("create", path))?;
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(StorageError::io("write", path))
}

/// Renames a file or a folder and brings the change to the disk.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(StorageError::io("write", to))?;
    sync_folder(folder_of(to))
}

/// The folder of a file; for a mere name the one where the user stands.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings a folder's entries to the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    // Only Unix lets a folder be opened and synchronised.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(StorageError::io("write", folder))?;
    }
    Ok(())
}

/// Whether there is anything; what cannot be looked at is taken to be there.
pub(crate) fn exists(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Removes a file or a folder, if it is there. A folder is renamed first, so that one removed by half is not taken for
/// a damaged checkpoint.
pub(crate) fn remove(path: &Path) -> Result<(), StorageError> {
    if !exists(path) {
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.starts_with(UNFINISHED) {
        return remove_all(path);
    }
    let doomed = path.with_file_name(format!("{DOOMED}{name}"));
    remove_all(&doomed)?;
    rename(path, &doomed)?;
    remove_all(&doomed)
}

/// Removes a file or a folder under its own name, if it is there.
pub(crate) fn remove_all(path: &Path) -> Result<(), StorageError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_stands_in_the_working_folder() {
        let folders = ["run/file", "/file", "file"].map(|path| folder_of(Path::new(path)));
        assert_eq!(folders, ["run", "/", "."].map(Path::new));
    }
}
