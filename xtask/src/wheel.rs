//! Wheels: the zip files of Python packages.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use zip::ZipArchive;

/// An open wheel.
pub(crate) struct Wheel {
    archive: ZipArchive<File>,
}

impl Wheel {
    /// Opens a wheel.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let archive = ZipArchive::new(file).with_context(|| format!("{} is not a wheel", path.display()))?;
        Ok(Self { archive })
    }

    /// The contents of one file, which must not be longer than `limit` bytes; `None` if the wheel does not have it.
    pub(crate) fn read(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        let Some(index) = self.archive.index_for_name(name) else { return Ok(None) };
        let entry = self.archive.by_index(index).with_context(|| format!("{name} is damaged"))?;
        let mut contents = Vec::new();
        // The size that the archive states is only a claim.
        entry.take(limit + 1).read_to_end(&mut contents).with_context(|| format!("{name} is damaged"))?;
        ensure!(contents.len() as u64 <= limit, "{name} is longer than {limit} bytes");
        Ok(Some(contents))
    }

    /// Unpacks the plain files below one of the `folders` into `target`, keeping their paths and whether they may be
    /// executed. A name that would lead out of `target` is an error.
    pub(crate) fn unpack(&mut self, folders: &[&str], target: &Path) -> Result<()> {
        for index in 0..self.archive.len() {
            let mut entry = self.archive.by_index(index)?;
            let name = entry.name()?.into_owned();
            if !entry.is_file() || !folders.iter().any(|folder| name.starts_with(folder)) {
                continue;
            }
            let inside = entry.enclosed_name().with_context(|| format!("{name} leads out of the folder"))?;
            let path = target.join(inside);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
            io::copy(&mut entry, &mut file).with_context(|| format!("cannot write {}", path.display()))?;
            #[cfg(unix)]
            if let Some(mode) = entry.unix_mode() {
                use std::os::unix::fs::PermissionsExt;
                file.set_permissions(fs::Permissions::from_mode(mode & 0o755))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn wheel(folder: &Path, entries: &[(&str, &str)]) -> Wheel {
        let path = folder.join("test.whl");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        for (name, contents) in entries {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            writer.write_all(contents.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        Wheel::open(&path).unwrap()
    }

    #[test]
    fn unpacks_only_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut wheel = wheel(folder.path(), &[("tool/bin/run", "x"), ("tool/doc/long.txt", "y")]);
        wheel.unpack(&["tool/bin/"], &folder.path().join("out")).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("out/tool/bin/run")).unwrap(), "x");
        assert!(!folder.path().join("out/tool/doc").exists());
    }

    #[test]
    fn never_writes_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tool/../../escaped", "tool/x/../../../escaped"] {
            let error =
                wheel(folder.path(), &[(name, "x")]).unpack(&["tool/"], &folder.path().join("a/b")).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{error}");
        }
        assert!(!folder.path().join("escaped").exists() && !folder.path().join("a/escaped").exists());
    }

    #[test]
    fn reads_no_more_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let mut wheel = wheel(folder.path(), &[("rom", "12345")]);
        assert_eq!(wheel.read("rom", 5).unwrap().unwrap(), b"12345");
        assert!(wheel.read("rom", 4).is_err());
        assert!(wheel.read("other", 5).unwrap().is_none());
    }
}
