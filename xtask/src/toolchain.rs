//! What building ALE needs beside Rust: a C++ compiler, Make and CMake.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::python::{Package, Python};
use crate::workspace::Workspace;

/// Any CMake from 3.12 on does; a fixed one makes every machine that needs it the same.
const CMAKE: Package =
    Package { requirement: "cmake==4.4.4", pinned: include_str!("../pinned/cmake.txt"), options: &[] };

// What `.cargo/config.toml` sets so that ALE builds, as the crate has it that says what is missing.
#[path = "../../crates/ale-needs/build/settings.rs"]
mod settings;

use settings::{DECLARED, OLDEST, POLICY, accepts};

/// How cargo must be called so that ALE builds.
pub(crate) struct Toolchain {
    /// The folder of a CMake that is not on the PATH.
    cmake: Option<PathBuf>,
}

impl Toolchain {
    /// Finds the tools and fetches CMake where there is none. A missing compiler is told only where `deepq` was never
    /// built: afterwards nothing may need it.
    pub(crate) fn provide(workspace: &Workspace) -> Result<Self> {
        if !workspace.deepq().exists() {
            compiler_and_make()?;
        }
        if env::var_os("CMAKE").is_some() || on_path("cmake") {
            return Ok(Self { cmake: None });
        }
        let home = workspace.tools().join("cmake-4.4.4");
        let binaries = home.join("cmake/data/bin");
        if !program(&binaries, "cmake").exists() {
            fetch_cmake(workspace, &home)?;
        }
        Ok(Self { cmake: Some(binaries) })
    }

    /// Lets a cargo command find CMake: by the PATH, which no build script watches, so that a CMake that comes or goes
    /// does not rebuild ALE. What `.cargo/config.toml` sets for ALE is added where the user has set such a variable to
    /// something else, which wins over that file.
    pub(crate) fn equip(&self, cargo: &mut Command) -> Result<()> {
        for variable in ["HOST_CFLAGS", "TARGET_CFLAGS"] {
            if let Some(flags) = env::var_os(variable).and_then(|own| declaring(&own)) {
                cargo.env(variable, flags);
            }
        }
        if env::var_os(POLICY).is_some_and(|own| !accepts(&own.to_string_lossy())) {
            cargo.env(POLICY, OLDEST);
        }
        if let Some(folder) = &self.cmake {
            let path = env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(folder.clone()).chain(env::split_paths(&path));
            cargo.env("PATH", env::join_paths(folders).context("the PATH cannot be extended")?);
        }
        Ok(())
    }
}

fn fetch_cmake(workspace: &Workspace, home: &Path) -> Result<()> {
    let python = Python::find("fetch CMake, which this machine lacks (or install cmake)")?;
    eprintln!("Fetching CMake for this checkout: {} from PyPI (30 MB, once)", CMAKE.requirement);
    fs::create_dir_all(workspace.tools())?;
    let download = tempfile::tempdir_in(workspace.tools())?;
    let unpacked = download.path().join("unpacked");
    let or_by_hand = |error| anyhow!("{error:#}\nA cmake that is installed does as well");
    python.unpack(&CMAKE, &unpacked).map_err(or_by_hand)?;
    let version = Command::new(program(&unpacked.join("cmake/data/bin"), "cmake")).arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        bail!("the CMake of PyPI does not run on this machine; install cmake by hand");
    }
    // Another start of xtask may have been faster; its result is the same.
    match fs::rename(&unpacked, home) {
        Err(error) if !home.exists() => Err(error).with_context(|| format!("cannot write {}", home.display())),
        _ => Ok(()),
    }
}

/// A user's flags for C with what ALE's zlib must be told, if they lack it.
fn declaring(own: &OsStr) -> Option<OsString> {
    let told = own.to_string_lossy().split_ascii_whitespace().any(|flag| flag == DECLARED);
    let mut flags = own.to_owned();
    if !own.is_empty() {
        flags.push(" ");
    }
    flags.push(DECLARED);
    (!told).then_some(flags)
}

fn compiler_and_make() -> Result<()> {
    let compiler = env::var_os("CXX").is_some() || ["c++", "g++", "clang++"].iter().any(|name| on_path(name));
    let make = env::var_os("CMAKE_GENERATOR").is_some() || on_path("make");
    let missing = match (compiler, make) {
        (true, true) => return Ok(()),
        (false, true) => "a C++ compiler",
        (true, false) => "make",
        (false, false) => "a C++ compiler and make",
    };
    if cfg!(unix) {
        bail!(
            "building the Atari emulator ALE needs {missing}.\nDebian and Ubuntu: sudo apt install g++ make; \
             Fedora: sudo dnf install gcc-c++ make; macOS: xcode-select --install"
        );
    }
    Ok(())
}

fn on_path(name: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| program(&folder, name).is_file())
}

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension(env::consts::EXE_EXTENSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cmake_is_pinned_in_the_version_that_is_named() {
        assert!(CMAKE.pinned.lines().any(|line| line.split(' ').next() == Some(CMAKE.requirement)));
        // A wheel for each platform, and the sources.
        assert_eq!(CMAKE.pinned.matches("--hash=sha256:").count(), 19);
    }

    #[test]
    fn flags_of_the_users_own_keep_what_ale_needs() {
        let flags = |own: &str| declaring(own.as_ref()).map(|flags| flags.into_string().unwrap());
        assert_eq!(flags("-O1 -g").as_deref(), Some("-O1 -g -DZ_HAVE_UNISTD_H=1"));
        assert_eq!(flags("").as_deref(), Some("-DZ_HAVE_UNISTD_H=1"));
        assert_eq!(flags("-DZ_HAVE_UNISTD_H=10").as_deref(), Some("-DZ_HAVE_UNISTD_H=10 -DZ_HAVE_UNISTD_H=1"));
        assert_eq!(flags("-O1 -DZ_HAVE_UNISTD_H=1"), None);
    }

    #[test]
    fn a_version_that_cmake_would_refuse_ale_with_is_replaced() {
        assert!(["3.5", "3.10", "4.0", " 3.5.1"].iter().all(|version| accepts(version)));
        assert!(["", "3.4", "2.8", "3", "new"].iter().all(|version| !accepts(version)));
    }

    #[test]
    fn the_configuration_says_the_same() {
        let text = include_str!("../../.cargo/config.toml");
        let variables = &text.parse::<toml::Table>().unwrap()["env"];
        assert_eq!(variables["HOST_CFLAGS"].as_str(), Some(DECLARED));
        assert_eq!(variables["TARGET_CFLAGS"].as_str(), Some(DECLARED));
        assert_eq!(variables[POLICY].as_str(), Some(OLDEST));
    }
}
