//! Where things lie.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What only the root of a checkout has.
const MARK: &str = "xtask/Cargo.toml";

/// The folders that tasks read and write.
pub(crate) struct Workspace {
    root: PathBuf,
    programs: PathBuf,
}

impl Workspace {
    /// The workspace that this program was started in, by cargo or by hand. Where it was built does not matter: several
    /// checkouts may share a target folder, and one may have been moved since.
    pub(crate) fn find() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = root(package.into_iter().chain(env::current_dir()))?;
        let exe = env::current_exe().context("cannot tell where xtask itself lies")?;
        let programs = exe.parent().context("xtask lies in no folder")?.to_path_buf();
        Ok(Self { root, programs })
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where ROMs are kept; git ignores it.
    pub(crate) fn roms(&self) -> PathBuf {
        self.root.join("roms")
    }

    /// The ROMs' names and hashes.
    pub(crate) fn rom_manifest(&self) -> PathBuf {
        self.root.join("crates/atari/roms.toml")
    }

    /// The file of an experiment of ours.
    pub(crate) fn experiment(&self, name: &str) -> PathBuf {
        self.root.join("assets/experiments").join(name).with_added_extension("toml")
    }

    /// Programs that were fetched for this checkout, beside what cargo builds.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target().join("tools")
    }

    /// Where cargo puts the Rust peers of the benchmarks, which `deepq` looks for there.
    pub(crate) fn benches(&self) -> PathBuf {
        self.target().join("benches")
    }

    /// The folder in which cargo builds.
    pub(crate) fn target(&self) -> &Path {
        self.programs.parent().unwrap_or(&self.programs)
    }

    /// Where our packages and the programs made of them lie.
    pub(crate) fn packaged(&self) -> PathBuf {
        self.target().join("packaged")
    }

    /// Where cargo puts `deepq`: beside xtask, as both are built in the same profile.
    pub(crate) fn deepq(&self) -> PathBuf {
        self.programs.join("deepq").with_extension(env::consts::EXE_EXTENSION)
    }

    /// Where cargo puts `deepq` in another profile.
    pub(crate) fn deepq_of(&self, profile: &str) -> PathBuf {
        self.target().join(profile).join("deepq").with_extension(env::consts::EXE_EXTENSION)
    }

    /// A cargo command in the root of the checkout. Its programs find the checkout by `DEEPQ_WORKSPACE`.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg(subcommand).current_dir(&self.root).env("DEEPQ_WORKSPACE", &self.root);
        cargo
    }
}

/// The checkout in which the first of these folders lies that lies in one.
fn root(folders: impl Iterator<Item = PathBuf>) -> Result<PathBuf> {
    for folder in folders {
        if let Some(root) = folder.ancestors().find(|root| root.join(MARK).is_file()) {
            return Ok(root.to_path_buf());
        }
    }
    bail!("this is no checkout of deepq; start `cargo xtask` in one");
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_checkout_is_the_one_it_is_started_in() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, elsewhere] = ["a", "b", "elsewhere"].map(|name| folder.path().join(name));
        for checkout in [&a, &b] {
            fs::create_dir_all(checkout.join("xtask")).unwrap();
            fs::write(checkout.join(MARK), "").unwrap();
        }
        let found = |folders: &[PathBuf]| root(folders.iter().cloned());
        // Cargo names the package that it starts; by hand there is only the working directory.
        assert_eq!(found(&[a.join("xtask"), b.join("crates")]).unwrap(), a);
        assert_eq!(found(&[b.join("xtask"), a.clone()]).unwrap(), b);
        assert_eq!(found(&[b.join("crates/envs")]).unwrap(), b);
        // Another package's cargo may have started it.
        assert_eq!(found(&[elsewhere.clone(), a.clone()]).unwrap(), a);
        assert!(found(&[elsewhere]).unwrap_err().to_string().contains("no checkout"));
        assert!(found(&[]).is_err());
    }
}
