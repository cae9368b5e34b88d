//! Packages from PyPI, for tests that ask the programs of others what they make of ours.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{tools, workspace};

/// What a script of `tests/` prints that is given a folder of packages and further arguments. `packages` names a file of
/// `tests/packages`, which holds them with their versions and hashes. Nothing else that is installed is seen.
///
/// # Errors
///
/// If there is no Python 3 with pip, a package cannot be fetched, or the script fails.
pub fn python<A: AsRef<OsStr>>(
    script: &Path,
    packages: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String> {
    let packages = provide(packages)?;
    let mut python = Command::new("python3");
    python.args(["-I", "-S"]).arg(workspace().join("tests").join(script)).arg(packages).args(arguments);
    let output = python.output().context("cannot start python3")?;
    ensure!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("what it prints is not UTF-8")
}

/// A folder with these packages, fetched once, whole or not at all.
fn provide(packages: &str) -> Result<PathBuf> {
    let folder = folder(packages)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    let tools = tools()?;
    std::fs::create_dir_all(&tools).with_context(|| format!("cannot make {}", tools.display()))?;
    let unpacked = tempfile::tempdir_in(&tools)?;
    install(packages, &unpacked.path().join("packages"))?;
    let moved = std::fs::rename(unpacked.path().join("packages"), &folder);
    // Another test may have been faster.
    ensure!(folder.is_dir(), "cannot put {} in place: {moved:?}", folder.display());
    Ok(folder)
}

/// Where packages are kept: another folder for other versions.
pub(crate) fn folder(packages: &str) -> Result<PathBuf> {
    let file = pinned(packages);
    let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(tools()?.join(format!("{packages}-{:08x}", crc32fast::hash(&text))))
}

/// Lets pip put packages and nothing else into a folder, if their files have the SHA-256 that they should have.
pub(crate) fn install(packages: &str, into: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    pip.args(["--require-hashes", "--no-warn-script-location", "--requirement"]).arg(pinned(packages));
    // Settings of the user's that say where packages have to go do not concern us.
    pip.env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_USER", "0");
    let output = pip.arg("--target").arg(into).output().context("Python 3 with pip is needed for this test")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pip could not fetch what {} names: {said}", pinned(packages).display());
    Ok(())
}

fn pinned(packages: &str) -> PathBuf {
    workspace().join("tests/packages").join(packages).with_added_extension("txt")
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
