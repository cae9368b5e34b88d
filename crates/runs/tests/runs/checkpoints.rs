//! A checkpoint is there whole or not at all, and a single wrong bit is noticed.

use std::fs;
use std::io::Read as _;

use std::path::{Path, PathBuf};

use deepq_runs::{Checkpoints, Kind, RunFolder, StorageError};

fn checkpoints(folder: &Path) -> Checkpoints {
    Checkpoints::new(folder.join("checkpoints"))
}

/// A small checkpoint with a file and a stream.
fn write(checkpoints: &Checkpoints, kind: Kind, step: u64) -> PathBuf {
    let mut writer = checkpoints.begin(kind, step).unwrap();
    writer.add("state.json", format!("{{\"step\": {step}}}").as_bytes()).unwrap();
    if kind == Kind::Step {
        let contents = contents(step);
        let save = |to: &mut dyn std::io::Write| to.write_all(&contents);
        writer.add_stream("replay.bin", save).unwrap().unwrap();
    }
    writer.commit().unwrap()
}

fn contents(step: u64) -> Vec<u8> {
    (0..500u64).flat_map(|i| (i / 7 * step).to_le_bytes()).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn gives_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    write(&checkpoints, Kind::Step, 200);
    let (checkpoint, damaged) = checkpoints.newest(Kind::Step).unwrap();
    assert_eq!((checkpoint.agent_step(), damaged.len()), (200, 0));
    assert_eq!(checkpoint.file("state.json").unwrap(), b"{\"step\": 200}");
    let mut read = Vec::new();
    checkpoint.stream("replay.bin").unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, contents(200));
    assert!(checkpoint.file("other").is_err());
}

#[test]
fn every_flipped_bit_is_noticed_and_the_one_before_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    let newest = write(&checkpoints, Kind::Step, 200);
    let mut positions = 0;
    for file in files(&newest) {
        let whole = fs::read(&file).unwrap();
        for position in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[position] ^= 1 << (position % 8);
            fs::write(&file, &flipped).unwrap();
            let (checkpoint, damaged) = checkpoints.newest(Kind::Step).unwrap();
            assert_eq!(checkpoint.agent_step(), 100, "byte {position} of {}", file.display());
            assert!(damaged[0].contains("step-000000200"), "{damaged:?}");
            positions += 1;
        }
        fs::write(&file, &whole).unwrap();
    }
    assert!(positions > 500, "{positions}");
    assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 200);
}

#[test]
fn every_torn_or_missing_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    let newest = write(&checkpoints, Kind::Step, 200);
    for file in files(&newest) {
        let whole = fs::read(&file).unwrap();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 100, "{}", file.display());
        }
        fs::write(&file, [&whole[..], b"x"].concat()).unwrap();
        assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 100, "{}", file.display());
        fs::remove_file(&file).unwrap();
        assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 100, "{}", file.display());
        fs::write(&file, &whole).unwrap();
    }
}

#[test]
fn without_a_good_one_the_message_names_the_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    let none = checkpoints.newest(Kind::Step).unwrap_err();
    assert!(matches!(&none, StorageError::NoCheckpoint { damaged, .. } if damaged.is_empty()), "{none}");
    let path = write(&checkpoints, Kind::Step, 100);
    fs::write(path.join("state.json"), b"{}").unwrap();
    let error = checkpoints.newest(Kind::Step).unwrap_err().to_string();
    assert!(error.contains("no last checkpoint") && error.contains("state.json is damaged"), "{error}");
}

#[test]
fn an_unfinished_one_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    let mut writer = checkpoints.begin(Kind::Step, 200).unwrap();
    writer.add("state.json", b"{}").unwrap();
    assert_eq!(checkpoints.steps(Kind::Step).unwrap(), [100]);
    // A process that dies here leaves the writer; one that fails takes it away.
    std::mem::forget(writer);
    let entries = || fs::read_dir(checkpoints.folder()).unwrap().count();
    assert_eq!(entries(), 2);
    assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 100);
    checkpoints.cut_back(100).unwrap();
    assert_eq!(entries(), 1);
    drop(checkpoints.begin(Kind::Step, 200).unwrap());
    assert_eq!(entries(), 1);
}

#[test]
fn a_stream_that_fails_leaves_the_old_ones_alone() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    let mut writer = checkpoints.begin(Kind::Step, 200).unwrap();
    let failed = writer.add_stream("replay.bin", |to| {
        to.write_all(b"half").unwrap();
        Err::<(), _>("no more")
    });
    assert_eq!(failed.unwrap().unwrap_err(), "no more");
    drop(writer);
    assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 100);
}

#[test]
fn old_ones_go_and_each_kept_one_keeps_its_best() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    for (kind, step) in [
        (Kind::Best, 50),
        (Kind::Step, 100),
        (Kind::Best, 150),
        (Kind::Best, 180),
        (Kind::Step, 200),
        (Kind::Best, 250),
        (Kind::Step, 300),
        (Kind::Best, 350),
    ] {
        write(&checkpoints, kind, step);
    }
    checkpoints.prune(2).unwrap();
    assert_eq!(checkpoints.steps(Kind::Step).unwrap(), [300, 200]);
    assert_eq!(checkpoints.steps(Kind::Best).unwrap(), [350, 250, 180]);
    checkpoints.cut_back(200).unwrap();
    assert_eq!(checkpoints.steps(Kind::Step).unwrap(), [200]);
    assert_eq!(checkpoints.steps(Kind::Best).unwrap(), [180]);
}

#[test]
fn a_folder_that_is_gone_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    let checkpoints = checkpoints(&run);
    write(&checkpoints, Kind::Step, 100);
    fs::remove_dir_all(&run).unwrap();
    let error = checkpoints.begin(Kind::Step, 200).unwrap_err();
    assert!(matches!(error, StorageError::Io { .. }), "{error}");
    assert!(!run.exists());
}

#[test]
fn a_run_has_one_process_and_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = RunFolder::create(&path).unwrap();
    run.write(&run.experiment(), "").unwrap();
    let error = RunFolder::open(&path).unwrap_err();
    assert!(matches!(error, StorageError::Locked { .. }), "{error}");
    drop(run);
    assert!(RunFolder::open(&path).is_ok());
    let error = RunFolder::create(&path).unwrap_err();
    assert!(matches!(error, StorageError::Occupied { .. }), "{error}");
    // A start that was killed before it wrote anything is in nobody's way.
    let killed = folder.path().join("killed");
    drop(RunFolder::create(&killed).unwrap());
    assert!(RunFolder::create(&killed).is_ok());
    let error = RunFolder::open(folder.path()).unwrap_err();
    assert!(matches!(error, StorageError::NotARun { .. }), "{error}");
}

/// What the system does not let us read may be whole: it is neither passed over nor removed.
#[cfg(unix)]
#[test]
fn an_unreadable_one_stops_everything_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    write(&checkpoints, Kind::Step, 100);
    let newest = write(&checkpoints, Kind::Step, 200);
    let state = newest.join("state.json");
    let contents = fs::read(&state).unwrap();
    fs::remove_file(&state).unwrap();
    // Rights do not bind an administrator; a link to itself cannot be read by anybody.
    std::os::unix::fs::symlink(&state, &state).unwrap();
    let error = checkpoints.newest(Kind::Step).unwrap_err();
    assert!(matches!(error, StorageError::Unreadable { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("state.json") && said.contains("Nothing was changed"), "{said}");
    assert_eq!(checkpoints.steps(Kind::Step).unwrap(), [200, 100]);
    fs::remove_file(&state).unwrap();
    fs::write(&state, contents).unwrap();
    assert_eq!(checkpoints.newest(Kind::Step).unwrap().0.agent_step(), 200);
}

/// A checkpoint is written once more, for the same step. At every moment of that there is a whole one.
#[test]
fn one_that_takes_the_place_of_another_is_safe_at_every_moment() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints(folder.path());
    let path = write(&checkpoints, Kind::Step, 100);
    let aside = path.with_file_name(".replaced-step-000000100");
    let state = |text: &str| {
        let checkpoint = checkpoints.newest(Kind::Step).unwrap().0;
        assert_eq!(checkpoint.agent_step(), 100);
        assert_eq!(checkpoint.file("state.json").unwrap(), text.as_bytes());
    };
    // Killed while it was written; while the old one stood aside and the new one was not there yet; and when it was.
    let mut writer = checkpoints.begin(Kind::Step, 100).unwrap();
    writer.add("state.json", b"new").unwrap();
    state("{\"step\": 100}");
    fs::rename(&path, &aside).unwrap();
    state("{\"step\": 100}");
    assert_eq!(checkpoints.steps(Kind::Step).unwrap(), [100]);
    writer.commit().unwrap();
    state("new");
    // A run goes on from each of these, and everything is in order again.
    fs::remove_dir_all(&aside).ok();
    fs::rename(&path, &aside).unwrap();
    checkpoints.cut_back(100).unwrap();
    state("new");
    assert!(path.is_dir() && !aside.exists());
    copy(&path, &aside);
    checkpoints.cut_back(100).unwrap();
    assert!(path.is_dir() && !aside.exists());
    // A new one that came to harm gives way to the one aside.
    copy(&path, &aside);
    fs::write(path.join("state.json"), b"torn").unwrap();
    state("new");
    checkpoints.cut_back(100).unwrap();
    state("new");
    assert!(path.is_dir() && !aside.exists());
    // And simply written again.
    let mut writer = checkpoints.begin(Kind::Step, 100).unwrap();
    writer.add("state.json", b"newer").unwrap();
    writer.commit().unwrap();
    state("newer");
    assert!(!aside.exists());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}
