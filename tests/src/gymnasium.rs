//! Gymnasium itself, from PyPI, in a virtual environment of its own beside what cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What the reference traces were recorded with, and what it needs.
const PACKAGES: &[&str] = &[
    "gymnasium==1.4.0",
    "numpy==2.4.6",
    "cloudpickle==3.1.2",
    "farama-notifications==0.0.4",
    "typing-extensions==4.15.0",
];

/// The Python that has it. It is fetched once.
///
/// # Errors
///
/// If it is not there and cannot be fetched.
pub fn python() -> Result<PathBuf> {
    let home = crate::tools()?.join("gymnasium-1.4.0");
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
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]);
    pip.env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_USER", "0");
    run(pip.args(PACKAGES).arg("--target").arg(site.trim()))?;
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
