//! Rules of the house that no other tool checks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::Passed;
use crate::roms::Manifest;
use crate::workspace::Workspace;

/// Names that say nothing about what a file holds.
const NAMELESS: &[&str] = &["util.rs", "utils.rs", "helper.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Crates in which nothing may depend on the clock or on a generator that nobody owns.
const CLOCKLESS: &[&str] = &[
    "crates/core/",
    "crates/envs/",
    "crates/atari/",
    "crates/replay/",
    "crates/kernels/",
    "crates/nets/",
    "crates/agents/",
];

/// What would bring a clock or a global generator in.
const UNREPEATABLE: &[&str] = &["SystemTime::now", "Instant::now", "rand::rng()", "thread_rng(", "rand::random"];

/// Crates whose numbers must not depend on the C library. (Environments use it, as Gymnasium does.)
const OF_ONE_ARITHMETIC: &[&str] =
    &["crates/core/", "crates/replay/", "crates/kernels/", "crates/nets/", "crates/agents/"];

/// Functions of the standard library that are the C library's, which each platform rounds in its own way; `libm`'s are the
/// same everywhere. (Candle's operations of these names are followed by a question mark.)
const OF_THE_PLATFORM: &[&str] = &[
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "sin", "cos", "sin_cos", "tan", "tanh",
    "asin", "acos", "atan", "atan2", "sinh", "cosh", "cbrt", "hypot",
];

/// What lets cargo compile a crate anew for another checkout.
const CHECKOUT: &str = "option_env!(\"DEEPQ_CHECKOUT\")";

/// Contents of a ROM are at most this long; longer files are not compared.
const LONGEST_ROM: usize = 64 << 10;

pub(super) fn check(workspace: &Workspace) -> Result<Passed> {
    let listing = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace.root()).output();
    let Some(listing) = listing.ok().filter(|output| output.status.success()) else {
        return Ok(Passed::Skipped("this is no git checkout".to_owned()));
    };
    let manifest = Manifest::read(workspace)?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    // A file that was deleted but not yet committed has nothing to say.
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|name| Some((name, fs::read(workspace.root().join(name)).ok()?)))
        .flat_map(|(name, contents)| complaints(name, &contents, &manifest))
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(Passed::Having(format!("{} files", files.len())))
}

fn complaints(name: &str, contents: &[u8], manifest: &Manifest) -> Vec<String> {
    let mut wrong = Vec::new();
    let path = Path::new(name);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if ["bin", "a26", "rom"].contains(&extension) {
        wrong.push(format!("{name} has the name of a ROM; ROMs are never committed"));
    }
    if contents.len() <= LONGEST_ROM
        && let Some(game) = manifest.recognise(contents)
    {
        wrong.push(format!("{name} is the ROM of {game}; ROMs are never committed"));
    }
    if extension != "rs" {
        return wrong;
    }
    if is_root(name) && !String::from_utf8_lossy(contents).contains(CHECKOUT) {
        wrong.push(format!("{name} lacks {CHECKOUT}; see .cargo/config.toml"));
    }
    if path.file_name().is_some_and(|file| NAMELESS.iter().any(|nameless| file == *nameless)) {
        wrong.push(format!("{name} has a name that does not say what it holds"));
    }
    let clockless = CLOCKLESS.iter().any(|folder| name.starts_with(folder)) && name.contains("/src/");
    if clockless {
        for (number, line) in String::from_utf8_lossy(contents).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(found) = UNREPEATABLE.iter().find(|found| code.contains(**found)) {
                wrong.push(format!("{name}:{} uses {found}; results must not depend on it", number + 1));
            }
        }
    }
    let computes = name.contains("/src/") && !name.ends_with("/tests.rs");
    if computes && OF_ONE_ARITHMETIC.iter().any(|folder| name.starts_with(folder)) {
        let contents = String::from_utf8_lossy(contents);
        let code = contents.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if let Some(found) = OF_THE_PLATFORM.iter().find(|function| calls(line, function)) {
                wrong.push(format!("{name}:{} uses the platform's {found}; libm's is the same everywhere", number + 1));
            }
        }
    }
    wrong
}

/// Whether a line calls a method of this name on a number.
fn calls(line: &str, function: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    // As a path: `f64::exp(x)`, or given to another function.
    let named =
        ["f32", "f64"].iter().flat_map(|number| code.match_indices(*number).map(|(at, _)| &code[at + number.len()..]));
    let path = format!("::{function}");
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    if named.filter_map(|rest| rest.strip_prefix(path.as_str())).any(ends) {
        return true;
    }
    let call = format!(".{function}(");
    code.match_indices(&call).any(|(at, _)| {
        let arguments = &code[at + call.len()..];
        !arguments.split_once(')').is_some_and(|(_, after)| after.starts_with('?'))
    })
}

/// Whether a file is the first of a library or a build script of the workspace, on which all others of its package
/// depend, or of xtask. What `ale-needs` says does not depend on the checkout, and it must not ask for a CMake where ALE
/// is not built anew.
fn is_root(name: &str) -> bool {
    if name.starts_with("crates/ale-needs/") {
        return false;
    }
    let library = (name.starts_with("crates/") || name.starts_with("tests/")) && name.ends_with("/src/lib.rs");
    let script = name.starts_with("crates/") && (name.ends_with("/build.rs") || name.ends_with("/build/main.rs"));
    library || script || name == "xtask/src/main.rs"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roms_clocks_and_empty_names_are_found() {
        let pong = "[pong]\nfile = \"pong.bin\"\nsha256 = \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"\n";
        let manifest = Manifest::parse(pong).unwrap();
        let found = |name: &str, contents: &str| complaints(name, contents.as_bytes(), &manifest).len();
        assert_eq!(found("assets/pong.bin", "x"), 1);
        assert_eq!(found("assets/picture.png", "foo"), 1, "the ROM under another name");
        assert_eq!(found("crates/nets/src/utils.rs", ""), 1);
        assert_eq!(found("crates/nets/src/adam.rs", "let now = Instant::now();"), 1);
        assert_eq!(found("crates/nets/src/adam.rs", "// not Instant::now()"), 0);
        assert_eq!(found("crates/nets/tests/speed.rs", "Instant::now()"), 0);
        assert_eq!(found("crates/experiments/src/listeners/progress.rs", "Instant::now()"), 0);
        assert_eq!(found("crates/agents/src/schedule.rs", "factor.powf(steps)"), 1);
        assert_eq!(found("crates/agents/src/schedule.rs", "values.map(f64::exp)"), 1);
        assert_eq!(found("crates/agents/src/schedule.rs", "libm::pow(factor, steps)"), 0);
        assert_eq!(found("crates/agents/src/policy_gradient.rs", "let log_policy = logits.exp()?.log()?;"), 0);
        assert_eq!(found("crates/agents/src/schedule.rs", "#[cfg(test)]\nmod tests { 2f64.ln() }"), 0);
        assert_eq!(found("crates/kernels/src/tests.rs", "x.tanh()"), 0, "what is compared with");
        assert_eq!(found("crates/envs/src/cartpole.rs", "theta.cos()"), 0, "Gymnasium's is the platform's");
        for root in
            ["crates/nets/src/lib.rs", "crates/box2d-sys/build/main.rs", "tests/src/lib.rs", "xtask/src/main.rs"]
        {
            assert_eq!(found(root, ""), 1, "{root}");
            assert_eq!(found(root, "const _: Option<&str> = option_env!(\"DEEPQ_CHECKOUT\");"), 0);
        }
    }
}
