//! What lies where somebody looked for a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Checkpoint;

/// The experiment as it is run, in a run's folder.
pub(crate) const EXPERIMENT: &str = "experiment.toml";

/// What lies at a path, as far as runs are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A run.
    Run,
    /// The folder of several seeds: those of them that have a run, in the seeds' order.
    Group(Vec<PathBuf>),
    /// A folder with runs or groups in it, the one that was worked on last first; at least one.
    Runs(Vec<PathBuf>),
    /// Something of a run's: a checkpoint, the folder of all checkpoints, a file.
    PartOf(PathBuf),
    /// Another folder.
    Folder,
    /// A file.
    File,
    /// Nothing.
    Nothing,
}

impl Location {
    /// Looks at a path. What cannot be read is not there.
    pub fn at(path: &Path) -> Self {
        if is_run(path) {
            return Self::Run;
        }
        if is_group(path) {
            return Self::Group(seeds_in(path));
        }
        let mut runs: Vec<PathBuf> = entries(path).filter(|path| is_run(path) || is_group(path)).collect();
        runs.sort_by_cached_key(|run| worked_on(run));
        runs.reverse();
        let above = path.ancestors().skip(1).take(2);
        if !runs.is_empty() {
            Self::Runs(runs)
        } else if let Some(run) = above.filter(|_| path.exists()).find(|folder| is_run(folder)) {
            Self::PartOf(run.to_owned())
        } else if path.is_dir() {
            Self::Folder
        } else if path.exists() {
            Self::File
        } else {
            Self::Nothing
        }
    }

    /// Why it is no run, and what is one instead.
    pub(crate) fn is_no_run(&self) -> String {
        let named = |runs: &[PathBuf]| runs.iter().map(|run| run.display().to_string()).collect::<Vec<_>>().join(", ");
        const NAMED: usize = 2;
        match self {
            Self::Run => "it has just become one".to_owned(),
            Self::Group(seeds) if seeds.is_empty() => {
                "it is to hold one for each of several seeds, of which none has begun".to_owned()
            }
            Self::Group(seeds) if seeds.len() > NAMED + 1 => {
                let (some, more) = (named(&seeds[..NAMED]), seeds.len() - NAMED);
                format!("it holds one for each of several seeds: {some}, and {more} more")
            }
            Self::Group(seeds) => format!("it holds one for each of several seeds: {}", named(seeds)),
            Self::Runs(runs) => format!("it holds runs, of which {} is the newest", named(&runs[..1])),
            Self::PartOf(run) => format!("it belongs to {}, which is", run.display()),
            Self::Folder => "it has no experiment.toml".to_owned(),
            Self::File => "it is a file".to_owned(),
            Self::Nothing => "there is no such folder".to_owned(),
        }
    }
}

/// Whether there is a run in a folder. A checkpoint has the experiment as well, and is none.
pub(crate) fn is_run(path: &Path) -> bool {
    path.join(EXPERIMENT).is_file() && !Checkpoint::is_one(path)
}

/// The runs of several seeds in a folder, in the seeds' order.
pub(crate) fn seeds_in(folder: &Path) -> Vec<PathBuf> {
    let seed = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("seed-")?.parse::<u64>().ok();
    let mut seeds: Vec<(u64, PathBuf)> =
        entries(folder).filter(|path| is_run(path)).filter_map(|path| Some((seed(&path)?, path))).collect();
    seeds.sort();
    seeds.into_iter().map(|(_, path)| path).collect()
}

/// When a run, or one of several seeds, wrote something of its own last; pictures of it may be newer.
fn worked_on(run: &Path) -> Option<SystemTime> {
    let modified = |file: PathBuf| file.metadata().and_then(|file| file.modified()).ok();
    let of = |run: &Path| {
        let written = ["log.txt", "metrics.csv", "summary.json"].map(|name| modified(run.join(name)));
        written.into_iter().flatten().max()
    };
    let seeds = seeds_in(run);
    of(run).max(seeds.iter().filter_map(|seed| of(seed)).max()).or_else(|| modified(run.to_owned()))
}

fn is_group(path: &Path) -> bool {
    path.join("asked").is_dir()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_run_is_named_with_what_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let run = |name: &str| {
            fs::create_dir_all(at(name)).unwrap();
            fs::write(at(name).join("experiment.toml"), "").unwrap();
        };
        fs::create_dir_all(at("empty")).unwrap();
        fs::write(at("file"), "").unwrap();
        assert_eq!(Location::at(folder.path()), Location::Folder);
        for seed in [1, 2, 3, 10] {
            run(&format!("group/seed-{seed}"));
        }
        fs::create_dir_all(at("group/asked")).unwrap();
        assert_eq!(Location::at(folder.path()), Location::Runs(vec![at("group")]));
        std::thread::sleep(std::time::Duration::from_millis(20));
        run("run");
        assert_eq!(Location::at(&at("run")), Location::Run);
        let said = |path: &Path| Location::at(path).is_no_run();
        assert!(said(folder.path()).contains("/run is the newest"), "{}", said(folder.path()));
        let group = said(&at("group"));
        assert!(group.contains("/seed-1, ") && group.contains("/seed-2, and 2 more"), "{group}");
        fs::remove_dir_all(at("group/seed-3")).unwrap();
        assert!(said(&at("group")).ends_with("/seed-10"), "{}", said(&at("group")));
        fs::create_dir_all(at("run/checkpoints/step-1")).unwrap();
        for file in ["experiment.toml", "SHA256SUMS"] {
            fs::write(at("run/checkpoints/step-1").join(file), "").unwrap();
        }
        for part in ["run/checkpoints", "run/checkpoints/step-1", "run/experiment.toml"] {
            assert_eq!(Location::at(&at(part)), Location::PartOf(at("run")), "{part}");
        }
        // A picture of a run makes it no newer.
        fs::write(at("run/log.txt"), "").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::create_dir_all(at("old")).unwrap();
        for name in ["experiment.toml", "metrics.csv"] {
            fs::write(at("old").join(name), "").unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(at("run/metrics.csv"), "").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(at("old/curves.svg"), "").unwrap();
        assert!(said(folder.path()).contains("/run is the newest"), "{}", said(folder.path()));
        assert_eq!(
            [said(&at("empty")), said(&at("file")), said(&at("none"))],
            ["it has no experiment.toml", "it is a file", "there is no such folder"]
        );
    }
}
