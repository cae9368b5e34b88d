//! Where the program takes ROMs from, and what it advises where one is missing.

use std::path::PathBuf;

use deepq_atari::{Game, RomLibrary};
use deepq_commands::RomFolder;
use deepq_envs::Registry;

use crate::invocation;

/// All environments that there are; their ROMs come from the folder that was named, or from the usual ones.
pub(super) fn registry(folder: &RomFolder) -> Registry {
    let folders = folder.rom_dir.clone().map_or_else(usual_folders, |folder| vec![folder]);
    let mut registry = Registry::standard();
    deepq_atari::register(&mut registry, RomLibrary::new(folders).advising(get_the_rom));
    registry
}

fn usual_folders() -> Vec<PathBuf> {
    let named = std::env::var_os("DEEPQ_ROM_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let workspace = std::env::var_os("DEEPQ_WORKSPACE").map(PathBuf::from).unwrap_or_default();
    named.into_iter().chain([workspace.join("roms")]).collect()
}

/// What the user of this program can do where a game's ROM is missing.
fn get_the_rom(game: Game) -> String {
    let (key, file) = (game.key(), game.file());
    if invocation::started_by_xtask() {
        format!(
            "Run `cargo xtask roms {key}`, or name a folder that holds the right {file} with --rom-dir or $DEEPQ_ROM_DIR"
        )
    } else {
        format!("{}, and name its folder with --rom-dir or $DEEPQ_ROM_DIR", game.whence())
    }
}
