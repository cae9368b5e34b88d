//! Where Box2D's C++ comes from: the package `wrapped2d`, which Cargo.lock locks.
//!
//! The package is never compiled, so Cargo need not have fetched it. A throwaway package in `OUT_DIR` that depends on it
//! makes `cargo metadata` fetch it, and nothing else of the workspace, and say where it lies. Cargo is asked from this
//! package's own folder, so that its configuration (vendored sources, registries, proxies) counts, with a copy of the
//! lock that this build runs under, and offline first. What comes back counts only if its C++ has the checksum below.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// A folder with the package's contents, for builds where Cargo can reach no registry.
const OVERRIDE: &str = "DEEPQ_WRAPPED2D_DIR";
const PACKAGE: &str = "wrapped2d";
const VERSION: &str = "0.4.2";
/// Of every header and source file of Box2D's library: path, length, contents, in the order of the paths.
const SHA256: &str = "b816a16c2d2963432306c94b345bc4767f8a669c0550aee74c1cdfbb7973109c";

/// A correction to Box2D's text: file, what stands there once and only once, what replaces it.
struct Patch {
    file: &'static str,
    published: &'static str,
    ours: &'static str,
}

const PATCHES: &[Patch] = &[
    // pybox2d, which Gymnasium uses, is Box2D 2.3.0; the package carries 2.3.1. They differ in these two lines, from
    // the first continuous collision on.
    Patch {
        file: "Box2D/Common/b2Math.h",
        published: "\tc0 += beta * (c - c0);\r\n\ta0 += beta * (a - a0);\r\n",
        ours: "\tc0 = (1.0f - beta) * c0 + beta * c;\r\n\ta0 = (1.0f - beta) * a0 + beta * a;\r\n",
    },
    // Later Box2Ds have this check: without it a bad polygon writes behind the array.
    Patch {
        file: "Box2D/Collision/Shapes/b2PolygonShape.cpp",
        published: "\t\thull[m] = ih;\r\n",
        ours: "\t\tb2Assert(m < b2_maxPolygonVertices);\r\n\t\thull[m] = ih;\r\n",
    },
    // Counters that nothing reads: worlds on several threads must not race for them.
    Patch {
        file: "Box2D/Collision/b2Distance.cpp",
        published: "\nint32 b2_gjkCalls,",
        ours: "\nthread_local int32 b2_gjkCalls,",
    },
    Patch {
        file: "Box2D/Collision/b2TimeOfImpact.cpp",
        published: "\nfloat32 b2_toiTime,",
        ours: "\nthread_local float32 b2_toiTime,",
    },
    Patch {
        file: "Box2D/Collision/b2TimeOfImpact.cpp",
        published: "\nint32 b2_toiCalls,",
        ours: "\nthread_local int32 b2_toiCalls,",
    },
    Patch {
        file: "Box2D/Collision/b2TimeOfImpact.cpp",
        published: "\nint32 b2_toiRootIters,",
        ours: "\nthread_local int32 b2_toiRootIters,",
    },
];

/// Puts Box2D's corrected headers and sources into `include`.
pub(crate) fn prepare(package: &Path, out: &Path, include: &Path) -> Result<(), Box<dyn Error>> {
    let root = find(package, out)?.join("Box2D/Box2D");
    let mut files = read(&root)?;
    let checksum = checksum(&files);
    if checksum != SHA256 {
        return Err(format!(
            "the C++ in {} is not that of {PACKAGE} {VERSION}: its checksum is {checksum}, expected {SHA256}",
            root.display()
        )
        .into());
    }
    for patch in PATCHES {
        let (_, contents) = files
            .iter_mut()
            .find(|(path, _)| path == patch.file)
            .ok_or_else(|| format!("{} is not among the files of {PACKAGE} {VERSION}", patch.file))?;
        let found = contents.matches(patch.published).count();
        if found != 1 {
            return Err(
                format!("{}: {:?} stands there {found} times, expected once", patch.file, patch.published).into()
            );
        }
        *contents = contents.replace(patch.published, patch.ours);
    }
    for (path, contents) in files {
        let target = include.join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(target, contents)?;
    }
    Ok(())
}

/// The folder of the package `wrapped2d`.
fn find(package: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed={OVERRIDE}");
    if let Some(folder) = std::env::var_os(OVERRIDE) {
        return Ok(folder.into());
    }
    let asking = out.join("source");
    fs::create_dir_all(asking.join("src"))?;
    fs::write(asking.join("src/lib.rs"), "")?;
    fs::write(
        asking.join("Cargo.toml"),
        format!(
            "[package]\nname = \"deepq-box2d-source\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{PACKAGE} = \"={VERSION}\"\n"
        ),
    )?;
    let lock = package.ancestors().map(|folder| folder.join("Cargo.lock")).find(|lock| lock.is_file());
    if let Some(lock) = lock {
        fs::write(asking.join("Cargo.lock"), fs::read(lock)?)?;
    }
    ask_cargo(package, &asking, &["--offline"]).or_else(|_| ask_cargo(package, &asking, &[])).map_err(|error| {
        format!(
            "cargo could not give the package {PACKAGE} {VERSION}, which holds Box2D's C++: {error}\n\
             Where no registry can be reached, set {OVERRIDE} to a folder with the package's contents."
        )
        .into()
    })
}

/// Where `cargo metadata` says that the package lies, once it is there.
fn ask_cargo(package: &Path, asking: &Path, options: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(super::variable("CARGO")?)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(asking.join("Cargo.toml"))
        .args(options)
        .current_dir(package)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|found| found["name"] == PACKAGE && found["version"] == VERSION)
        .and_then(|found| found["manifest_path"].as_str())
        .ok_or("its answer does not name the package")?;
    Ok(Path::new(manifest).parent().ok_or("its answer names no folder")?.to_path_buf())
}

/// Box2D's headers and sources: path relative to `root`, with slashes, and contents, in the order of the paths.
fn read(root: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut folders = vec!["Box2D".to_owned()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = fs::read_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|name| format!("{name:?} in {}", path.display()))?;
            let relative = format!("{folder}/{name}");
            if entry.file_type()?.is_dir() {
                folders.push(relative);
            } else if name.ends_with(".h") || name.ends_with(".cpp") {
                files.push((relative, fs::read_to_string(entry.path())?));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn checksum(files: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for (path, contents) in files {
        hash.update(format!("{path}\n{}\n", contents.len()));
        hash.update(contents);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
