//! Lists the experiment files, so that the program carries them and works from any folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

/// In this package, whose folder is where cargo starts this, in whichever checkout that is: a link to `assets/experiments`,
/// which `cargo package` follows, so that a published package holds the files.
const EXPERIMENTS: &str = "experiments";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=DEEPQ_CHECKOUT");
    let folder = folder();
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).map_err(|error| naming(&folder, &error))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort_by_key(|path| path.file_stem().map(ToOwned::to_owned));
    let mut list = String::from("&[\n");
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(|error| naming(&path, &error))?;
        // The text itself, and no path: the target folder may be moved, or serve another checkout next.
        let _ = writeln!(list, "({name:?}, {text:?}),");
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("experiments.rs"), list)
}

/// Where git may make no links, as on Windows, it writes where they lead into a file.
fn folder() -> PathBuf {
    fs::read_to_string(EXPERIMENTS).map_or_else(|_| EXPERIMENTS.into(), |target| target.trim().into())
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
