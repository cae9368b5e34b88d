//! What building ALE needs beside Rust: a C++ compiler, Make and CMake.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::python::{Package, Python};
use crate::workspace::Workspace;

/// Any CMake from 3.12 on does; a fixed one makes every machine that needs it the same.
const CMAKE: Package = Package { requirement: "cmake==4.4.4", options: &[] };

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
    /// does not rebuild ALE.
    pub(crate) fn equip(&self, cargo: &mut Command) -> Result<()> {
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
