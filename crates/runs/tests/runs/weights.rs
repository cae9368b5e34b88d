//! Weights are found where a run has them, and say at which step they were saved.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use deepq_runs::{Kind, RunFolder, StorageError, WEIGHTS, Weights, WhichCheckpoint, saved_at};
use safetensors::tensor::{Dtype, TensorView};

/// One number, as a file of weights.
fn weights(value: f32) -> Vec<u8> {
    let bytes = value.to_le_bytes();
    let tensor = TensorView::new(Dtype::F32, vec![1], &bytes).unwrap();
    let no_metadata = None;
    safetensors::serialize(BTreeMap::from([("head.bias", tensor)]), no_metadata).unwrap()
}

fn write(run: &RunFolder, kind: Kind, step: u64) {
    let mut writer = run.checkpoints().begin(kind, step).unwrap();
    writer.add(WEIGHTS, &saved_at(&weights(step as f32), step).unwrap()).unwrap();
    writer.commit().unwrap();
}

fn run(folder: &Path) -> RunFolder {
    let run = RunFolder::create(folder).unwrap();
    run.write(&run.experiment(), "name = \"a\"\n").unwrap();
    run
}

#[test]
fn the_best_the_last_or_a_named_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder.path().join("run"));
    let at_step = |which: &str| Weights::of_run(&run, &WhichCheckpoint::from(which)).map(|weights| weights.at_step);
    assert!(matches!(at_step("best"), Err(StorageError::NoCheckpoint { .. })));
    write(&run, Kind::Step, 100);
    assert_eq!(at_step("best").unwrap(), 100, "where there was no evaluation, the last are the best");
    write(&run, Kind::Best, 50);
    assert_eq!((at_step("best").unwrap(), at_step("last").unwrap()), (50, 100));
    assert_eq!(at_step("best-000000050").unwrap(), 50);
    assert!(matches!(at_step("best-000000051"), Err(StorageError::UnknownCheckpoint { .. })));
    fs::write(run.checkpoints().folder().join("best-000000050").join(WEIGHTS), "damaged").unwrap();
    assert!(matches!(at_step("best"), Err(StorageError::NoBest { last: 100, .. })));
}

#[test]
fn a_file_says_its_step_or_plays_as_of_step_0() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&folder.path().join("run"));
    for (name, bytes, expected) in [("a", saved_at(&weights(1.0), 77).unwrap(), 77), ("b", weights(1.0), 0)] {
        let file = folder.path().join(name);
        fs::write(&file, &bytes).unwrap();
        let weights = Weights::of_run(&run, &WhichCheckpoint::At(file)).unwrap();
        assert_eq!((weights.at_step, weights.bytes), (expected, bytes));
    }
    assert!(saved_at(b"no safetensors", 1).is_err());
}
