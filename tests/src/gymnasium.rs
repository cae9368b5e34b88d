//! Gymnasium itself, from PyPI, in a virtual environment of its own beside what cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::python::{folder, install};

/// What the reference traces were recorded with, and what it needs: a file of `tests/packages`.
const PACKAGES: &str = "gymnasium";

/// The Python that has it. It is fetched once.
///
/// # Errors
///
/// If it is not there and cannot be fetched.
pub fn python() -> Result<PathBuf> {
    let home = folder(PACKAGES)?;
    let python = interpreter(&home);
    // A Python that was updated meanwhile leaves a virtual environment of the one before.
    if works(&python) {
        return Ok(python);
    }
    let parent = home.parent().context("the folder has no parent")?;
    std::fs::create_dir_all(parent)?;
    let fetched = tempfile::tempdir_in(parent)?;
    run(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(fetched.path()))?;
    let site = run(Command::new(interpreter(fetched.path()))
        .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
    install(PACKAGES, Path::new(site.trim()))?;
    let fetched = fetched.keep();
    if std::fs::rename(&fetched, &home).is_err() {
        // Another test was faster, or what lies there does not work any more.
        let gone = if works(&python) { &fetched } else { &home };
        std::fs::remove_dir_all(gone)?;
        if gone == &home {
            std::fs::rename(&fetched, &home)?;
        }
    }
    ensure!(works(&python), "{} does not run Gymnasium", python.display());
    Ok(python)
}

fn interpreter(home: &Path) -> PathBuf {
    home.join("bin/python")
}

fn works(python: &Path) -> bool {
    Command::new(python).args(["-c", "import gymnasium"]).output().is_ok_and(|output| output.status.success())
}

/// What a command that must succeed printed.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().context("Python 3 with pip is needed for Gymnasium")?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
