//! Python and pip: they fetch packages and unpack them, and nothing else of them is used.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

const HOW_TO_INSTALL: &str = "Debian and Ubuntu: sudo apt install python3 python3-pip; Fedora: sudo dnf install \
                              python3 python3-pip; macOS: brew install python";

/// A Python interpreter that has pip.
pub(crate) struct Python {
    program: &'static str,
}

/// A package of PyPI in one version, of which only files with known hashes are taken.
pub(crate) struct Package {
    /// As pip takes it, with `==`.
    pub(crate) requirement: &'static str,
    /// The same with the SHA-256 of its files: the text of one of pip's requirements files.
    pub(crate) pinned: &'static str,
    /// Options that choose the wheel, where it must not depend on this machine.
    pub(crate) options: &'static [&'static str],
}

impl Python {
    /// Finds it. `purpose` completes "Python 3 with pip is needed to …".
    pub(crate) fn find(purpose: &str) -> Result<Self> {
        let mut without_pip = false;
        for program in ["python3", "python"] {
            let Ok(version) = Command::new(program).args(["-I", "--version"]).output() else { continue };
            if !String::from_utf8_lossy(&version.stdout).starts_with("Python 3") {
                continue;
            }
            if Command::new(program).args(["-m", "pip", "--version"]).output().is_ok_and(|pip| pip.status.success()) {
                return Ok(Self { program });
            }
            without_pip = true;
        }
        let found = if without_pip { "Python 3 is here, but without pip" } else { "there is no python3 on the PATH" };
        bail!("Python 3 with pip is needed to {purpose}; {found}.\n{HOW_TO_INSTALL}");
    }

    /// Unpacks a package's wheel into a folder. Only there: neither this Python nor the user's is touched, nothing that
    /// the package needs comes with it, and none of its code is run.
    pub(crate) fn unpack(&self, package: &Package, into: &Path) -> Result<()> {
        let mut pinned = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
        pinned.write_all(package.pinned.as_bytes()).context("cannot write a temporary file")?;
        let mut pip = Command::new(self.program);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]);
        pip.args(["--no-deps", "--only-binary", ":all:"]).args(package.options);
        pip.args(["--require-hashes", "--requirement"]).arg(pinned.path());
        // Settings of the user's that say where packages have to go do not concern us.
        pip.env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_USER", "0");
        let output =
            pip.arg("--target").arg(into).output().with_context(|| format!("cannot start {}", self.program))?;
        if output.status.success() {
            return Ok(());
        }
        let requirement = package.requirement;
        if let Some(sha256) = other_hash(&String::from_utf8_lossy(&output.stderr)) {
            bail!(
                "what pip fetched as {requirement} is not what PyPI had under that name, and was not unpacked: its SHA-256 \
                 is {sha256}, which is none of those in xtask/pinned. Fetch it from PyPI itself, without a mirror or a cache"
            );
        }
        bail!("pip could not fetch {requirement}; is the network there?\n{}", last_lines(&output));
    }
}

/// The SHA-256 of a file that pip refused for it, in what pip said.
fn other_hash(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.trim().strip_prefix("Got ")).map(str::trim)
}

/// The end of what a program said: where pip names the cause.
fn last_lines(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_another_hash_is_told_from_other_failures() {
        let refused = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the \
                       package versions, please update the hashes.\n    cmake==4.4.4 from https://example.org/cmake.whl:\n        \
                       Expected sha256 00\n        Expected     or 01\n             Got        f773\n";
        assert_eq!(other_hash(refused), Some("f773"));
        assert_eq!(other_hash("ERROR: No matching distribution found for cmake==4.4.4"), None);
    }
}
