//! What this machine has, with the tools that `ale-sys` would take.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::needs::settings::{DECLARED, Version, version};
use crate::needs::{Machine, Undeclared};

/// What ALE's zlib does: it includes the file that declares `lseek` only where it is told that there is one.
const ZLIB: &str = "#ifdef Z_HAVE_UNISTD_H\n#include <unistd.h>\n#endif\nlong f(int d) { return lseek(d, 0, 0); }\n";

/// Programs that CMake takes for Make.
const MAKES: [&str; 3] = ["gmake", "make", "smake"];

pub(crate) fn look() -> Machine {
    let windows = env::var_os("CARGO_CFG_TARGET_OS").is_some_and(|system| system == "windows");
    Machine {
        windows,
        compiler: tool(true).is_some_and(|tool| runs(Command::new(tool.path()))),
        make: variable("CMAKE_GENERATOR").is_some() || MAKES.iter().any(|name| on_path(name)),
        cmake: cmake(),
        policy: env::var("CMAKE_POLICY_VERSION_MINIMUM").ok(),
        undeclared: if windows { Undeclared::Accepted } else { undeclared() },
    }
}

/// The compiler with the flags that the packages `cmake` and `cc` take: for C++, or for C.
fn tool(cpp: bool) -> Option<cc::Tool> {
    let mut build = cc::Build::new();
    build.cargo_metadata(false).cargo_warnings(false);
    build.cpp(cpp).opt_level(0).debug(false).warnings(false).try_get_compiler().ok()
}

fn runs(mut program: Command) -> bool {
    program.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn cmake() -> Option<Version> {
    let output = Command::new(variable("CMAKE").unwrap_or_else(|| "cmake".into())).arg("--version").output().ok()?;
    version(&String::from_utf8_lossy(&output.stdout))
}

/// A variable as the package `cmake` reads it.
fn variable(name: &str) -> Option<OsString> {
    let target = env::var("TARGET").unwrap_or_default();
    let names = [
        format!("{name}_{target}"),
        format!("{name}_{}", target.replace('-', "_")),
        format!("{}_{name}", kind()),
        name.to_owned(),
    ];
    names.into_iter().find_map(env::var_os)
}

/// The first word of variables about what is built: for this machine, or for another one.
fn kind() -> &'static str {
    if env::var_os("HOST") == env::var_os("TARGET") { "HOST" } else { "TARGET" }
}

fn on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Compiles a few lines of C. Where they fail with the definition as well, something else is wrong with the compiler,
/// which says so better than we can.
fn undeclared() -> Undeclared {
    let Some((compiler, out)) = tool(false).zip(env::var_os("OUT_DIR").map(PathBuf::from)) else {
        return Undeclared::Accepted;
    };
    if compiles(&compiler, &[], &out) || !compiles(&compiler, &[DECLARED], &out) {
        return Undeclared::Accepted;
    }
    let variable = if kind() == "HOST" { "HOST_CFLAGS" } else { "TARGET_CFLAGS" };
    Undeclared::Refused { variable, value: env::var(variable).unwrap_or_default() }
}

fn compiles(compiler: &cc::Tool, flags: &[&str], out: &Path) -> bool {
    let source = out.join("undeclared.c");
    if fs::write(&source, ZLIB).is_err() {
        return true;
    }
    let arguments: [&OsStr; 4] = ["-c".as_ref(), source.as_os_str(), "-o".as_ref(), OsStr::new("undeclared.o")];
    let mut command = compiler.to_command();
    command.args(flags).args(arguments).current_dir(out).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
