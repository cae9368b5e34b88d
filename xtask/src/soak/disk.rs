//! A small disk that can be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

/// The disk's size: room for some checkpoints of an Atari run, and soon filled.
const MEGABYTES: u64 = 400;

/// A file system in memory. Mounting it takes an administrator's rights; without them there is none, and no fault of a
/// full disk is tried.
pub(super) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one at a folder, which it makes.
    pub(super) fn mount(folder: &Path) -> Result<Option<Self>> {
        fs::create_dir(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={MEGABYTES}m"), "tmpfs"]).arg(folder).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        Ok(mounted.then(|| Self { folder: folder.to_owned() }))
    }

    /// Fills it but for about so many bytes.
    pub(super) fn fill(&self, left: u64) -> Result<()> {
        let mut file = File::create(self.filler())?;
        let block = vec![0; 1 << 16];
        while file.write_all(&block).is_ok() {}
        let bytes = file.metadata()?.len();
        file.set_len(bytes.saturating_sub(left))?;
        Ok(())
    }

    /// Makes space again.
    pub(super) fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.folder).status();
    }
}
