//! A large replay memory is written to checkpoints bit by bit, and everything else is as with a small one.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use deepq_experiments::config::{self, Overrides};
use deepq_experiments::session::{self, Settings};
use deepq_runs::{Kind, RunFolder, Summary};

const SET: [&str; 9] = [
    "training.learning_starts=100",
    "training.update_every=8",
    "evaluation.every=0",
    "checkpoint.every=150",
    "checkpoint.keep=2",
    "network.head.hidden=[8]",
    "replay.capacity=700",
    "replay.compression=lz4",
    "training.environments=2",
];

fn settings(increments_from: u64) -> Settings {
    Settings { increments_from, ..Settings::default() }
}

fn train(folder: &Path, steps: u64, settings: &Settings) -> Summary {
    let set = SET.map(str::to_owned).to_vec();
    let (experiment, document) =
        config::load("catch", &Overrides { set, steps: Some(steps), ..Overrides::default() }).unwrap();
    session::start(&experiment, &document, folder, settings).unwrap()
}

fn go_on(folder: &Path, steps: u64, settings: &Settings) -> Summary {
    session::resume(folder, &Overrides { steps: Some(steps), ..Overrides::default() }, settings).unwrap()
}

/// The replay's files in the newest checkpoint: name, bytes, and how many names each has.
fn files(run: &Path) -> Vec<(String, u64, u64)> {
    let newest = RunFolder::look_at(run).unwrap().checkpoints().newest(Kind::Step).unwrap().0;
    let entries = fs::read_dir(newest.path()).unwrap().map(Result::unwrap);
    let mut found: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap()))
        .filter(|(name, _)| name.starts_with("replay"))
        .map(|(name, file)| (name, file.len(), file.nlink()))
        .collect();
    found.sort();
    found
}

#[test]
fn only_what_is_new_is_written_and_the_run_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let whole = train(&run("whole"), 1_500, &settings(u64::MAX));
    let names: Vec<String> = files(&run("whole")).into_iter().map(|file| file.0).collect();
    assert_eq!(names, ["replay.bin"]);
    let bits = train(&run("bits"), 1_500, &settings(0));
    assert_eq!(bits.digest, whole.digest);
    // The memory holds 700 transitions, about five checkpoints' worth: older increments are gone, and all but the newest
    // stand in the checkpoint before as well.
    let found = files(&run("bits"));
    assert!((5..=7).contains(&found.len()), "{found:?}");
    let (newest, shared) = found.split_last().unwrap();
    assert_eq!(newest.2, 1, "{found:?}");
    assert!(shared.iter().all(|file| file.2 == 2), "{found:?}");
}

#[test]
fn a_run_goes_on_from_increments_also_in_the_other_manner() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&folder.path().join("whole"), 1_500, &settings(u64::MAX));
    for (number, (first, then)) in [(0, 0), (0, u64::MAX), (u64::MAX, 0)].into_iter().enumerate() {
        let path = folder.path().join(number.to_string());
        train(&path, 640, &settings(first));
        assert_eq!(go_on(&path, 1_070, &settings(then)).agent_steps, 1_070);
        assert_eq!(go_on(&path, 1_500, &settings(first)).digest, whole.digest);
    }
}

#[test]
fn a_damaged_increment_is_noticed_and_a_lost_checkpoint_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let whole = train(&folder.path().join("whole"), 1_500, &settings(u64::MAX));
    train(&run, 1_000, &settings(0));
    let checkpoints = RunFolder::look_at(&run).unwrap().checkpoints();
    let newest = checkpoints.newest(Kind::Step).unwrap().0;
    let before = newest.agent_step();
    // The newest increment belongs to this checkpoint alone.
    let (name, ..) = files(&run).pop().unwrap();
    let file = newest.path().join(name);
    let mut contents = fs::read(&file).unwrap();
    let middle = contents.len() / 2;
    contents[middle] ^= 1;
    fs::write(&file, &contents).unwrap();
    let (checkpoint, damaged) = checkpoints.newest(Kind::Step).unwrap();
    assert!(checkpoint.agent_step() < before && damaged.len() == 1, "{damaged:?}");
    assert_eq!(go_on(&run, 1_200, &settings(0)).agent_steps, 1_200);
    // Whoever removes the checkpoint that others build on costs them nothing.
    let steps = checkpoints.steps(Kind::Step).unwrap();
    fs::remove_dir_all(checkpoints.folder().join(format!("step-{:09}", steps[1]))).unwrap();
    assert_eq!(go_on(&run, 1_500, &settings(0)).digest, whole.digest);
}

/// Somebody takes the replay's files out of the checkpoints while the run goes on: it writes everything anew.
#[test]
fn files_that_get_lost_while_training_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let whole = train(&folder.path().join("whole"), 1_500, &settings(u64::MAX));
    let over = AtomicBool::new(false);
    let (trained, taken) = std::thread::scope(|scope| {
        let thief = scope.spawn(|| {
            let mut taken = 0;
            while !over.load(Ordering::Relaxed) {
                let checkpoints = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
                for checkpoint in checkpoints.filter(|entry| entry.file_name().to_string_lossy().starts_with("step-")) {
                    for file in fs::read_dir(checkpoint.path()).into_iter().flatten().flatten() {
                        let is_replay = file.file_name().to_string_lossy().starts_with("replay");
                        taken += usize::from(is_replay && fs::remove_file(file.path()).is_ok());
                    }
                }
            }
            taken
        });
        let trained = train(&run, 1_500, &settings(0));
        over.store(true, Ordering::Relaxed);
        (trained, thief.join().unwrap())
    });
    assert_eq!(trained.digest, whole.digest);
    assert!(taken > 3, "{taken}");
}

#[test]
fn an_increment_that_all_share_is_missed_by_all_and_the_best_weights_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let evaluated = ["evaluation.every=300", "evaluation.episodes=20", "evaluation.record_every=0"];
    let set =
        SET.iter().filter(|set| !set.starts_with("evaluation")).chain(&evaluated).map(ToString::to_string).collect();
    let overrides = Overrides { set, steps: Some(600), ..Overrides::default() };
    let (experiment, document) = config::load("catch", &overrides).unwrap();
    session::start(&experiment, &document, folder.path(), &settings(0)).unwrap();
    let newest = RunFolder::look_at(folder.path()).unwrap().checkpoints().newest(Kind::Step).unwrap().0;
    let (name, _, names) = files(folder.path()).into_iter().next().unwrap();
    assert_eq!(names, 2, "{name}");
    let mut contents = fs::read(newest.path().join(&name)).unwrap();
    contents[10] ^= 4;
    fs::write(newest.path().join(&name), contents).unwrap();
    let error = session::resume(folder.path(), &Overrides::default(), &settings(0)).unwrap_err().to_string();
    assert_eq!(error.matches("replay-00000000.bin is damaged").count(), 2, "{error}");
    assert!(error.contains("The weights of the best evaluation, of step "), "{error}");
}
