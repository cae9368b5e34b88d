//! Nothing that a user can get wrong ends the process: each is an error that says what is wrong and what to do.

use std::fs;
use std::path::Path;

use deepq_atari::{Emulator, EmulatorSettings, Game, Rom, RomLibrary, register};
use deepq_envs::{AnyEnv, Env, EnvError, EnvOptions, Registry, Reset};

fn rom() -> Rom {
    RomLibrary::standard().find(Game::by_name("pong").unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn make(roms: RomLibrary, id: &str, options: &EnvOptions) -> Result<AnyEnv, EnvError> {
    let mut registry = Registry::empty();
    register(&mut registry, roms);
    registry.make(id, options)
}

/// What is said when Pong is to be made with only this folder to look in.
fn error_with(folder: &Path) -> String {
    let roms = RomLibrary::new(vec![folder.into()]);
    make(roms, "ALE/Pong-v5", &EnvOptions::new()).unwrap_err().to_string()
}

fn assert_says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
}

#[test]
fn a_missing_rom() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pong.bin");
    let sha256 = Game::by_name("pong").unwrap().sha256();
    let whole = ["ALE/Pong-v5", "pong.bin", sha256, "pip download --no-deps ale-py==0.12.1", "ale_py/roms/pong.bin"];
    assert_says(&error_with(folder.path()), &whole);
    assert_says(&error_with(folder.path()), &[file.to_str().unwrap(), "does not exist"]);
    assert_says(&error_with(Path::new("/nowhere/at/all")), &["/nowhere/at/all/pong.bin does not exist"]);

    let nowhere = make(RomLibrary::new(Vec::new()), "ALE/Pong-v5", &EnvOptions::new()).unwrap_err().to_string();
    assert_says(&nowhere, &whole);

    fs::create_dir(&file).unwrap();
    assert_says(&error_with(folder.path()), &["cannot be read"]);
}

#[test]
fn a_missing_rom_is_spoken_of_as_the_program_wants() {
    let pong = Game::by_name("pong").unwrap();
    let standard = RomLibrary::new(Vec::new()).find(pong).unwrap_err().to_string();
    let ours = RomLibrary::new(Vec::new()).advising(|game| format!("ask {} for it", game.name()));
    let error = ours.find(pong).unwrap_err().to_string();
    assert_says(&error, &["pong.bin", pong.sha256(), "ask Pong for it"]);
    assert!(standard.contains("PyPI") && !error.contains("PyPI"), "{standard}, {error}");
    // A library knows no command of the project's.
    assert!(!standard.contains("xtask"), "{standard}");
}

#[test]
fn errors_are_sentences_also_where_main_returns_them() {
    let mut registry = Registry::empty();
    register(&mut registry, RomLibrary::new(vec!["/nowhere".into()]));
    let refused = |id: &str, options: EnvOptions| registry.make(id, &options).unwrap_err();
    let (pong, none) = ("ALE/Pong-v5", EnvOptions::new());
    for error in [
        refused(pong, none.clone()),
        refused("ALE/Pnog-v5", none.clone()),
        refused(pong, none.clone().with("frame_skips", 2)),
        refused(pong, none.with("frame_skip", "two")),
    ] {
        assert_eq!(format!("{error:?}"), error.to_string());
    }
    let error = RomLibrary::new(Vec::new()).find(Game::by_name("pong").unwrap()).unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    let settings = EmulatorSettings { mode: Some(99), ..EmulatorSettings::default() };
    let error = Emulator::new(&rom(), settings).unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn a_wrong_rom() {
    let folder = tempfile::tempdir().unwrap();
    let (file, content) = (folder.path().join("pong.bin"), rom().content().to_vec());

    fs::write(&file, &content[..1000]).unwrap();
    assert_says(&error_with(folder.path()), &["pong.bin is cut short: 1000 bytes instead of 2048", "ale-py==0.12.1"]);
    fs::write(&file, "").unwrap();
    assert_says(&error_with(folder.path()), &["cut short: 0 bytes"]);

    let mut damaged = content.clone();
    damaged[77] ^= 1;
    fs::write(&file, damaged).unwrap();
    assert_says(&error_with(folder.path()), &["damaged", Game::by_name("pong").unwrap().sha256()]);

    // A later folder that has the right one is as good.
    fs::write(&file, "not a ROM").unwrap();
    let good = tempfile::tempdir().unwrap();
    fs::write(good.path().join("pong.bin"), content).unwrap();
    let roms = RomLibrary::new(vec![folder.path().into(), good.path().into()]);
    assert!(make(roms, "ALE/Pong-v5", &EnvOptions::new()).is_ok());
}

#[test]
fn an_unknown_game() {
    let error = |id| make(RomLibrary::standard(), id, &EnvOptions::new()).unwrap_err().to_string();
    assert_says(&error("ALE/Pnog-v5"), &["ALE/Pnog-v5", "did you mean \"ALE/Pong-v5\""]);
    assert_says(&error("PongNoFrameskip-v5"), &["did you mean \"PongNoFrameskip-v"]);
}

#[test]
fn a_mode_or_difficulty_that_the_game_lacks() {
    let error = |option: &str, value: i64| {
        let options = EnvOptions::new().with(option, value);
        make(RomLibrary::standard(), "ALE/Pong-v5", &options).unwrap_err().to_string()
    };
    assert_says(&error("mode", 99), &["ALE/Pong-v5", "mode = 99", "the game has 0, 1"]);
    assert_says(&error("difficulty", 7), &["difficulty = 7", "the game has 0, 1"]);
    assert_says(&error("mode", i64::MAX), &["mode", "whole number"]);
    assert_says(&error("mode", -1), &["mode", "whole number"]);
}

#[test]
fn settings_that_mean_nothing() {
    let error = |option: &str, value: i64| {
        let options = EnvOptions::new().with("protocol", "nature").with(option, value);
        make(RomLibrary::standard(), "ALE/Pong-v5", &options).unwrap_err().to_string()
    };
    assert_says(&error("screen_size", 300), &["screen_size", "210 x 160"]);
    assert_says(&error("frame_skip", 0), &["frame_skip"]);
    assert_says(&error("frame_stack", 0), &["frame_stack"]);
    let both = EnvOptions::new().with("terminal_on_life_loss", true).with("life_loss_ends_episode", true);
    let both = make(RomLibrary::standard(), "ALE/Pong-v5", &both).unwrap_err().to_string();
    assert_says(&both, &["life_loss_ends_episode", "terminal_on_life_loss"]);

    for probability in [-0.1, 1.1, f32::NAN] {
        let settings = EmulatorSettings { repeat_action_probability: probability, ..EmulatorSettings::default() };
        assert_says(&Emulator::new(&rom(), settings).unwrap_err().to_string(), &["from 0 to 1"]);
    }
}

#[test]
fn a_snapshot_that_is_damaged_or_foreign() {
    let options = EnvOptions::new().with("protocol", "machado");
    let frames = |id| make(RomLibrary::standard(), id, &options).unwrap().into_frames().unwrap();
    let mut env = frames("ALE/Pong-v5");
    let mut observation = vec![0; env.observation_space().len()];
    env.reset(&Reset::seeded(1), &mut observation).unwrap();
    let state = env.generators().unwrap();

    let mut refused = |state: &[u8], parts: &[&str]| {
        let error = env.set_generators(state).unwrap_err();
        assert!(matches!(error, EnvError::Capture { .. }), "{error}");
        assert_says(&error.to_string(), parts);
    };
    refused(&[], &["ALE/Pong-v5", "cut short"]);
    refused(&state[..100], &["damaged"]);
    refused(&state[..state.len() - 1], &["damaged"]);
    refused(&state[1..], &[]);
    for position in [41, 60, 200, 3000, state.len() / 2, state.len() - 1] {
        let mut damaged = state.clone();
        damaged[position] ^= 16;
        refused(&damaged, &[]);
    }
    refused(&frames("ALE/Breakout-v5").generators().unwrap(), &["another game than Pong"]);
    // None of that did anything: the episode goes on.
    env.step(0, &mut observation).unwrap();
    env.set_generators(&state).unwrap();
    assert_eq!(env.generators().unwrap(), state);
}
