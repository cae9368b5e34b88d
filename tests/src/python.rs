//! Packages from PyPI, for tests that ask the programs of others what they make of ours.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{tools, workspace};

/// What a script of `tests/` prints that is given the folder of these packages, each in one version (`onnx==1.23.2`), and further
/// arguments. Nothing else that is installed is seen.
///
/// # Errors
///
/// If there is no Python 3 with pip, a package cannot be fetched, or the script fails.
pub fn python<A: AsRef<OsStr>>(
    script: &Path,
    requirements: &[&str],
    arguments: impl IntoIterator<Item = A>,
) -> Result<String> {
    let packages = provide(requirements)?;
    let mut python = Command::new("python3");
    python.args(["-I", "-S"]).arg(workspace().join("tests").join(script)).arg(packages).args(arguments);
    let output = python.output().context("cannot start python3")?;
    ensure!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("what it prints is not UTF-8")
}

/// A folder with these packages and what they need, fetched once, whole or not at all.
fn provide(requirements: &[&str]) -> Result<PathBuf> {
    let tools = tools()?;
    let packages = tools.join(requirements.join("-").replace("==", "-"));
    if packages.is_dir() {
        return Ok(packages);
    }
    std::fs::create_dir_all(&tools).with_context(|| format!("cannot make {}", tools.display()))?;
    let unpacked = tempfile::tempdir_in(&tools)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.arg("--no-warn-script-location").arg("--target").arg(unpacked.path().join("packages")).args(requirements);
    let output = pip.output().context("Python 3 with pip is needed for this test")?;
    ensure!(output.status.success(), "pip could not fetch them: {}", String::from_utf8_lossy(&output.stderr));
    let moved = std::fs::rename(unpacked.path().join("packages"), &packages);
    // Another test may have been faster.
    ensure!(packages.is_dir(), "cannot put {} in place: {moved:?}", packages.display());
    Ok(packages)
}

/// The Python code that a page of the documentation shows below a heading, up to the next heading of its rank.
///
/// # Errors
///
/// If there is none.
pub fn documented(page: &str, heading: &str) -> Result<String> {
    let text = std::fs::read_to_string(workspace().join(page)).with_context(|| format!("cannot read {page}"))?;
    let rank = heading.split(' ').next().unwrap_or_default();
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let below = below.take_while(|line| line.split(' ').next() != Some(rank));
    let (mut code, mut inside) = (String::new(), false);
    for line in below {
        match line {
            "```python" => inside = true,
            "```" => inside = false,
            line if inside => code += &format!("{line}\n"),
            _ => {}
        }
    }
    ensure!(!code.is_empty(), "{page} shows no Python code below {heading}");
    Ok(code)
}
