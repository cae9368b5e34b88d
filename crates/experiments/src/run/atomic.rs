//! Files that are there whole or not at all.
//!
//! A file is written under a temporary name in the same folder, brought to the disk (`fsync`), renamed, and then the
//! folder's entry is brought to the disk too. A crash at any moment leaves the old file or the new one.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::StorageError;

/// Prefix of names under which unfinished files and folders stand; whatever bears it may be deleted.
pub(super) const UNFINISHED: &str = ".unfinished-";
/// Prefix of names under which stands what is being removed.
pub(super) const DOOMED: &str = ".unfinished-old-";

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
///
/// [`StorageError::Io`]; the old file, if there was one, then still stands.
pub(crate) fn write_file(path: &Path, contents: &[u8]) -> Result<(), StorageError> {
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
pub(super) fn write_synced(path: &Path, contents: &[u8]) -> Result<(), StorageError> {
    let mut file = File::create(path).map_err(StorageError::io("create", path))?;
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(StorageError::io("write", path))
}

/// Renames a file or a folder and brings the change to the disk.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    fs::rename(from, to).map_err(StorageError::io("write", to))?;
    sync_folder(folder_of(to))
}

/// The folder of a file; for a mere name the one where the user stands.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings a folder's entries to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    // Only Unix lets a folder be opened and synchronised.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(StorageError::io("write", folder))?;
    }
    Ok(())
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
