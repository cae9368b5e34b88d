//! Where things lie.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders that tasks read and write.
pub(crate) struct Workspace {
    root: PathBuf,
    programs: PathBuf,
}

impl Workspace {
    /// The workspace that this program was started in.
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` sets the variable; the value at compile time serves a start by hand.
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest.parent().context("the xtask folder has no parent")?.to_path_buf();
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
        self.root.join("assets/roms.toml")
    }

    /// The file of an experiment of ours.
    pub(crate) fn experiment(&self, name: &str) -> PathBuf {
        self.root.join("assets/experiments").join(name).with_added_extension("toml")
    }

    /// Programs that were fetched for this checkout, beside what cargo builds.
    pub(crate) fn tools(&self) -> PathBuf {
        self.programs.parent().unwrap_or(&self.programs).join("tools")
    }

    /// Where cargo puts the Rust peers of the benchmarks, which `deepq` looks for there.
    pub(crate) fn benches(&self) -> PathBuf {
        self.programs.parent().unwrap_or(&self.programs).join("benches")
    }

    /// Where cargo puts `deepq`: beside xtask, as both are built in the same profile.
    pub(crate) fn deepq(&self) -> PathBuf {
        self.programs.join("deepq").with_extension(env::consts::EXE_EXTENSION)
    }

    /// Where cargo puts `deepq` in another profile.
    pub(crate) fn deepq_of(&self, profile: &str) -> PathBuf {
        let folder = self.programs.parent().unwrap_or(&self.programs).join(profile);
        folder.join("deepq").with_extension(env::consts::EXE_EXTENSION)
    }

    /// A cargo command in the root of the checkout. Its programs find the checkout by `DEEPQ_WORKSPACE`.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg(subcommand).current_dir(&self.root).env("DEEPQ_WORKSPACE", &self.root);
        cargo
    }
}
