//! What a run computes on.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use deepq_commands::RomFolder;
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::Settings;
use deepq_nets::{DeviceChoice, Isa};

use super::roms;
use super::usage_error::{self, UsageError};

/// What a command says of the machine, of which the command line knew only the words.
pub(super) struct Machine<'a> {
    device: DeviceChoice,
    isa: Option<Isa>,
    threads: Option<u16>,
    roms: &'a RomFolder,
}

impl<'a> Machine<'a> {
    /// Reads it. For the beginning of a command, so that what is wrong is told before anything is done.
    pub(super) fn read(arguments: &'a deepq_commands::Machine) -> Result<Self, UsageError> {
        let deepq_commands::Machine { device, threads, isa, roms } = arguments;
        Ok(Self {
            device: usage_error::option("device", device)?,
            isa: isa.as_deref().map(|isa| usage_error::option("isa", isa)).transpose()?,
            threads: *threads,
            roms,
        })
    }

    pub(super) fn settings(&self, screen: &Screen, stop: Arc<AtomicBool>) -> anyhow::Result<Settings> {
        if let Some(isa) = self.isa {
            isa.force()?;
        }
        Ok(Settings {
            registry: roms::registry(self.roms),
            device: self.device,
            threads: self.threads.map(usize::from),
            screen: screen.clone(),
            stop,
            ..Settings::default()
        })
    }
}
