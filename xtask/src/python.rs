//! Python and pip: they fetch packages and unpack them, and nothing else of them is used.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

const HOW_TO_INSTALL: &str = "Debian and Ubuntu: sudo apt install python3 python3-pip; Fedora: sudo dnf install \
                              python3 python3-pip; macOS: brew install python";

/// A Python interpreter that has pip.
pub(crate) struct Python {
    program: &'static str,
}

/// A package of PyPI in one version.
pub(crate) struct Package {
    /// As pip takes it, with `==`.
    pub(crate) requirement: &'static str,
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
        let mut pip = Command::new(self.program);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]);
        pip.args(["--no-deps", "--only-binary", ":all:"]).args(package.options).arg(package.requirement);
        // Settings of the user's that say where packages have to go do not concern us.
        pip.env("PIP_REQUIRE_VIRTUALENV", "0").env("PIP_USER", "0");
        let output =
            pip.arg("--target").arg(into).output().with_context(|| format!("cannot start {}", self.program))?;
        if !output.status.success() {
            bail!("pip could not fetch {}; is the network there?\n{}", package.requirement, last_lines(&output));
        }
        Ok(())
    }
}

/// The end of what a program said: where pip names the cause.
fn last_lines(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}
