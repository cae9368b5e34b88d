//! Options that several commands have: what a run computes on, and where ROMs are.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use deepq_atari::{Game, RomLibrary};
use deepq_envs::Registry;
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::Settings;
use deepq_nets::{DeviceChoice, Isa};

use crate::program;

/// Where ROMs are.
#[derive(Args, Clone, Debug)]
pub(super) struct Roms {
    /// Take the ROMs of Atari games from this folder alone [default: $DEEPQ_ROM_DIR, then roms/ of the workspace]
    #[arg(long, value_name = "DIR")]
    rom_dir: Option<PathBuf>,
}

impl Roms {
    /// All environments that there are.
    pub(super) fn registry(&self) -> Registry {
        let folders = self.rom_dir.clone().map_or_else(Self::usual_folders, |folder| vec![folder]);
        let mut registry = Registry::standard();
        deepq_atari::register(&mut registry, RomLibrary::new(folders).advising(get_the_rom));
        registry
    }

    fn usual_folders() -> Vec<PathBuf> {
        let named = std::env::var_os("DEEPQ_ROM_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let workspace = std::env::var_os("DEEPQ_WORKSPACE").map(PathBuf::from).unwrap_or_default();
        named.into_iter().chain([workspace.join("roms")]).collect()
    }
}

/// What the user of this program can do where a game's ROM is missing.
fn get_the_rom(game: Game) -> String {
    let (key, file) = (game.key(), game.file());
    if program::started_by_xtask() {
        format!(
            "Run `cargo xtask roms {key}`, or name a folder that holds the right {file} with --rom-dir or $DEEPQ_ROM_DIR"
        )
    } else {
        format!("{}, and name its folder with --rom-dir or $DEEPQ_ROM_DIR", game.whence())
    }
}

/// What every command that plays needs.
#[derive(Args, Clone, Debug)]
pub(super) struct Machine {
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    device: DeviceChoice,
    /// Threads [default: as many as the machine has]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Instructions to compute with on the CPU, as portable, avx2, avx512 or neon [default: the fastest of this machine];
    /// results do not depend on it
    #[arg(long, value_name = "ISA")]
    isa: Option<Isa>,
    #[command(flatten)]
    pub(super) roms: Roms,
}

impl Machine {
    pub(super) fn settings(&self, screen: &Screen, stop: Arc<AtomicBool>) -> anyhow::Result<Settings> {
        if let Some(isa) = self.isa {
            isa.force()?;
        }
        Ok(Settings {
            registry: self.roms.registry(),
            device: self.device,
            threads: self.threads.map(usize::from),
            screen: screen.clone(),
            stop,
            ..Settings::default()
        })
    }
}
