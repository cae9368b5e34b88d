//! What building ALE needs, as a function of what a machine has.

#[path = "settings.rs"]
pub(crate) mod settings;

use settings::{DECLARED, OLDEST, POLICY, Version, accepts};

/// The first version of CMake that refuses what ALE 0.6 says about versions.
const STRICT: Version = (4, 0);

/// What matters of a machine and its variables.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// ALE is to run on Windows.
    pub(crate) windows: bool,
    /// There is a C++ compiler.
    pub(crate) compiler: bool,
    /// There is a Make, or another program was chosen.
    pub(crate) make: bool,
    /// The version of CMake; `None` where there is none.
    pub(crate) cmake: Option<Version>,
    /// `CMAKE_POLICY_VERSION_MINIMUM`, as it was set.
    pub(crate) policy: Option<String>,
    /// What the C compiler thinks of functions that were not declared.
    pub(crate) undeclared: Undeclared,
}

/// What a C compiler thinks of functions that were not declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undeclared {
    /// It compiles ALE's zlib, with the flags that it was given.
    Accepted,
    /// It does not, unless this variable, which has this value, has the definition.
    Refused { variable: &'static str, value: String },
}

/// A sentence for each thing that is missing, and what to do.
pub(crate) fn missing(machine: &Machine) -> Vec<String> {
    if machine.windows {
        return vec![
            "the Atari emulator ALE is not built on Windows; build deepq-atari on Linux (WSL is one) or macOS, or do \
             without it: no other crate of deepq's needs it but the program deepq"
                .into(),
        ];
    }
    let mut missing = Vec::new();
    let tools = match (machine.compiler, machine.make) {
        (true, true) => None,
        (false, true) => Some("a C++ compiler"),
        (true, false) => Some("make"),
        (false, false) => Some("a C++ compiler and make"),
    };
    if let Some(tools) = tools {
        missing.push(format!(
            "building the Atari emulator ALE needs {tools} (Debian and Ubuntu: sudo apt install g++ make; Fedora: sudo dnf \
             install gcc-c++ make; macOS: xcode-select --install)"
        ));
    }
    match machine.cmake {
        None => missing.push(
            "building the Atari emulator ALE needs CMake, and there is no cmake on the PATH, nor does the variable CMAKE \
             name one (Debian and Ubuntu: sudo apt install cmake; Fedora: sudo dnf install cmake; macOS: brew install \
             cmake; anywhere: pip install cmake)"
                .into(),
        ),
        Some(version) if version >= STRICT && !machine.policy.as_deref().is_some_and(accepts) => missing.push(format!(
            "CMake {}.{} refuses the Atari emulator ALE, which is older; {}",
            version.0,
            version.1,
            set(POLICY, OLDEST, machine.policy.as_deref())
        )),
        Some(_) => {}
    }
    if let Undeclared::Refused { variable, value } = &machine.undeclared {
        let flags = format!("{value} {DECLARED}");
        missing.push(format!(
            "this C compiler takes undeclared functions for an error, as GCC 14 and clang 16 do, and zlib in the Atari \
             emulator ALE has some; {}",
            set(variable, flags.trim_start(), (!value.is_empty()).then_some(value))
        ));
    }
    missing
}

/// How a variable is given a value. One that the surroundings set wins over cargo's configuration.
fn set(variable: &str, value: &str, now: Option<&str>) -> String {
    match now {
        None => format!("put {variable} = {value:?} under [env] in the .cargo/config.toml of your workspace"),
        Some(now) => format!("set {variable} to {value:?} where it is set to {now:?}"),
    }
}
