//! Files and folders that cannot be used are named, and nothing of them is lost.

use std::fs;
use std::path::Path;

use anyhow::Result;
use deepq_tests::{contents, deepq, deepq_by_xtask, deepq_without_roms, rom, train};

use crate::cli::{entry, text};

#[test]
fn the_best_weights_are_not_lost_by_starting_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "300", "--set", "evaluation.every=100"])?;
    while let Ok(checkpoint) = entry(&run.join("checkpoints"), "step-") {
        fs::remove_dir_all(checkpoint)?;
    }
    let before = contents(&run)?;
    deepq(["train", "--resume", text(&run)?])?.refused(1, &["only the best weights"])?;
    assert_eq!(contents(&run)?, before);
    Ok(())
}

#[test]
fn damaged_rom_is_named_and_left_alone() -> Result<()> {
    let whole = fs::read(rom("pong")?)?;
    let folder = tempfile::tempdir()?;
    let damaged = folder.path().join("pong.bin");
    let run = folder.path().join("run");
    let arguments = ["train", "pong-smoke", "--rom-dir", text(folder.path())?, "--out", text(&run)?];
    for contents in [&whole[..whole.len() / 2], &[], &[0xff; 2048], &[&whole[..], &[0]].concat()] {
        fs::write(&damaged, contents)?;
        deepq_without_roms(arguments)?.refused(1, &["pong.bin", "--rom-dir", "ale-py==0.12.1"])?;
        let by_xtask = deepq_by_xtask(arguments)?.refused(1, &["pong.bin", "--rom-dir", "cargo xtask roms pong"])?;
        assert!(!by_xtask.stderr.contains("PyPI"), "{}", by_xtask.stderr);
        assert_eq!(fs::read(&damaged)?, contents);
    }
    Ok(())
}

#[test]
fn checkpoint_with_one_flipped_byte_is_not_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "1500", "--set", "checkpoint.every=500", "--set", "evaluation.every=0"])?;
    let newest = entry(&run.join("checkpoints"), "step-000001500")?;
    let before = contents(&run)?;
    for file in before.keys().filter(|file| file.starts_with(&newest)) {
        let mut damaged = before[file].clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        fs::write(file, &damaged)?;
        // Asked for by name it is refused; otherwise the one before it serves, and that is said.
        deepq(["eval", text(&run)?, "--checkpoint", text(&newest)?])?.refused(1, &["checkpoints"])?;
        let said = deepq(["eval", text(&run)?, "--checkpoint", "last"])?.done()?;
        assert!(said.stderr.contains("step-000001500") && said.stderr.contains("1000"), "{}", said.stderr);
        fs::write(file, &before[file])?;
    }
    deepq(["eval", text(&run)?, "--checkpoint", text(&newest)?])?.done()?;
    assert_eq!(contents(&run)?.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    Ok(())
}

#[test]
fn run_without_a_whole_checkpoint_says_so_and_keeps_everything() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "1200", "--set", "checkpoint.keep=1"])?;
    for file in contents(&run.join("checkpoints"))?.keys().filter(|file| file.ends_with("weights.safetensors")) {
        let mut damaged = fs::read(file)?;
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        fs::write(file, damaged)?;
    }
    let before = contents(&run)?;
    deepq(["eval", text(&run)?])?.refused(1, &["weights.safetensors"])?;
    deepq(["train", "--resume", text(&run)?, "--steps", "1300"])?.refused(1, &["weights.safetensors"])?;
    let mut after = contents(&run)?;
    after.remove(&run.join("log.txt"));
    assert!(after.iter().all(|(file, contents)| before[file] == *contents));
    deepq(["eval", "no/such/run"])?.refused(1, &["no/such/run"])?;
    Ok(())
}

#[test]
fn folder_that_cannot_be_written_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "mine")?;
    let below_a_file = file.join("run");
    // Rights do not bind an administrator; what is no folder does.
    let mut places = vec![below_a_file.as_path(), &file];
    if cfg!(target_os = "linux") {
        places.push(Path::new("/proc/no-such-run"));
    }
    for place in places {
        deepq(["train", "cartpole", "--steps", "10", "--out", text(place)?])?.refused(1, &[text(place)?])?;
    }
    assert_eq!(fs::read_to_string(&file)?, "mine");
    Ok(())
}

#[test]
fn folder_with_something_in_it_is_not_overwritten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("cartpole", &run, &["--steps", "50"])?;
    let before = contents(&run)?;
    deepq(["train", "cartpole", "--steps", "50", "--out", text(&run)?])?.refused(1, &[text(&run)?])?;
    assert!(contents(&run)? == before);
    Ok(())
}
