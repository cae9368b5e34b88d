//! Files that ALE itself would read in the working directory change nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{env, fs};

use deepq_atari::{Emulator, EmulatorSettings, Game, RomLibrary};

/// Alone in its program: the working directory belongs to the whole process.
#[test]
fn ales_own_files_in_the_working_directory_change_nothing() {
    let rom = RomLibrary::standard().find(Game::by_name("pong").unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let play = || {
        let mut emulator = Emulator::new(&rom, EmulatorSettings::default()).unwrap();
        let actions = emulator.minimal_actions().to_vec();
        let (height, width) = emulator.screen_size();
        let mut screens = vec![0; 3 * height * width];
        emulator.seed(1);
        emulator.reset().unwrap();
        for i in 0..200 {
            emulator.act(actions[i % actions.len()]);
        }
        emulator.rgb(&mut screens);
        (crc32fast::hash(&screens), emulator.ram(), emulator.episode_frames())
    };
    let expected = play();

    let folder = tempfile::tempdir().unwrap();
    env::set_current_dir(folder.path()).unwrap();
    let settings = "random_seed = 7\nframe_skip = 3\nrepeat_action_probability = 1.0\ncolor_averaging = true\n\
                    display_screen = true\nmax_num_frames_per_episode = 5\nrecord_screen_dir = frames\ncpu = high\n\
                    palette = z26\nsound = true\npropsfile = mine.pro\npaddle_min = 5\nsp = YES\nshowinfo = true\n";
    fs::write("ale.cfg", settings).unwrap();
    let properties = "\"Cartridge.MD5\" \"60e0ea3cbe0913d39803477945e9e5ec\"\n\"Display.Height\" \"100\"\n\"\"\n";
    fs::write("stella.pro", properties).unwrap();
    fs::write("mine.pro", properties).unwrap();
    assert_eq!(play(), expected);

    fs::write("ale.cfg", "ystart = 20\n").unwrap();
    let error = Emulator::new(&rom, EmulatorSettings::default()).unwrap_err().to_string();
    assert!(error.contains("ale.cfg") && error.contains("\"ystart\""), "{error}");
}
