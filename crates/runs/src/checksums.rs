//! The checksums of a checkpoint's files, as `sha256sum` writes and checks them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::StorageError;

/// The file's name.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The checksums that stand in a checkpoint's folder, by the files' names.
pub(crate) fn read_sums(folder: &Path) -> Result<BTreeMap<String, String>, StorageError> {
    let path = folder.join(SUMS);
    let text = fs::read(&path).map_err(StorageError::io("read", &path))?;
    parse_sums(&text).ok_or_else(|| StorageError::damaged(&path, "it is no list of checksums"))
}

/// The lines of a `SHA256SUMS`, if it is exactly one, with plain file names.
fn parse_sums(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (sum, name) = line.split_once("  ")?;
        let plain = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !name.starts_with('.');
        if sum.len() != 64 || !plain {
            return None;
        }
        sums.insert(name.to_owned(), sum.to_owned());
    }
    let written: String = sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    (!sums.is_empty() && written == text).then_some(sums)
}
