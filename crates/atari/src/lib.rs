//! Atari 2600 games behind `deepq-envs`' `Env`, equal to Gymnasium's to the bit.
//!
//! **This crate does not know** networks, replay memories or agents. It stands apart from `deepq-envs` because the
//! emulator, the Arcade Learning Environment, is under GPL-2.0 (so is every binary that contains this crate) and needs
//! CMake and a C++ compiler to be built.
//!
//! The concepts, in order:
//!
//! 1. A [`Game`] is one that the emulator knows. Its ROM is not part of this crate: a [`RomLibrary`] finds it in
//!    folders and verifies its SHA-256, which makes it a [`Rom`].
//! 2. An [`Emulator`] is a console with a ROM in it. Nothing that can be done to it ends the process or throws, as ALE
//!    itself does when it is not given what it expects.
//! 3. [`AtariEnv`] is a game as Gymnasium has it, with the coloured screen as the observation, played as
//!    [`AtariSettings`] say.
//! 4. [`AtariPreprocessing`] is a game as agents see it: small and grey, with what [`Preprocessing`] says about its
//!    beginning and about lost lives. [`Resize`] shrinks screens as OpenCV does.
//! 5. A [`Protocol`] is a set of all these settings under which results are published.
//! 6. [`register`] adds all games to a registry, with every setting as an option.
//!
//! ```
//! use deepq_atari::{RomLibrary, register};
//! use deepq_envs::{Env, EnvError, EnvOptions, Registry, Reset};
//!
//! let mut registry = Registry::standard();
//! register(&mut registry, RomLibrary::standard());
//!
//! // Pong as in the Nature paper: four frames of 84 x 84 bytes.
//! let options = EnvOptions::new().with("protocol", "nature");
//! let mut pong = registry.make("ALE/Pong-v5", &options)?.into_frames().ok_or("Pong has frames")?;
//! assert_eq!(pong.observation_space().shape(), [4, 84, 84]);
//! assert_eq!(pong.action_space().meaning(2), Some("RIGHT"));
//!
//! let mut observation = vec![0; pong.observation_space().len()];
//! pong.reset(&Reset::seeded(1), &mut observation)?;
//! let mut points = 0.0;
//! for _ in 0..100 {
//!     points += pong.step(2, &mut observation)?.reward;
//! }
//! assert!(points < 0.0, "who only moves up does not win");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What an importer sets
//!
//! The emulator is built from its C++, for which a machine needs a C++ compiler, Make and CMake. Compilers and CMake have
//! grown stricter since it was written, so that a workspace which depends on this crate says in its `.cargo/config.toml`:
//!
//! ```toml
//! [env]
//! CMAKE_POLICY_VERSION_MINIMUM = "3.5"      # for CMake 4 and newer
//! HOST_CFLAGS = "-DZ_HAVE_UNISTD_H=1"       # for GCC 14, clang 16 and newer
//! TARGET_CFLAGS = "-DZ_HAVE_UNISTD_H=1"     # the same when it is built for another machine
//! ```
//!
//! Where something is missing the build ends early and says what. The emulator is not built on Windows.
//!
//! ROMs are no part of the crate. The package `ale-py` 0.12.1 on PyPI has them all: `pip download --no-deps
//! ale-py==0.12.1` fetches its wheel, a zip archive, in which they are `ale_py/roms/*.bin`.
//! [`RomLibrary::standard`] looks in the folder that the variable `DEEPQ_ROM_DIR` names, then in the nearest folder
//! `roms` in the working directory or above it.
//!
//! # How equal
//!
//! With the same seed and actions, 68 of the 76 games give the screens, rewards, lives and ends of ale-py 0.12.1 to the
//! bit, over chained episodes and with repeated actions. Of the others, Double Dunk is equal without repeated actions
//! (ale-py repeats actions even while it goes through the game's menu), and for Elevator Action, Frogger, King Kong,
//! Lost Luggage, Mr. Do!, Turmoil and Wizard of Wor the emulator itself changed what it does after ALE 0.6.0, the
//! version here.

#![deny(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod action;
mod atari_env;
mod corrections;
#[allow(unsafe_code, reason = "it calls ALE")]
mod emulator;
mod emulator_error;
mod emulator_settings;
#[allow(unsafe_code, reason = "it calls ALE")]
mod loading;
mod mersenne_twister;
mod options;
mod preprocessing;
mod protocol;
mod register;
mod resize;
mod roms;
mod snapshot;

pub use action::Action;
pub use atari_env::{AtariEnv, AtariSettings};
/// The crate whose [`Env`](envs::Env) games are behind, in the version that goes with this one.
pub use deepq_envs as envs;
pub use emulator::Emulator;
pub use emulator_error::EmulatorError;
pub use emulator_settings::EmulatorSettings;
pub use preprocessing::{AtariPreprocessing, Preprocessing};
pub use protocol::Protocol;
pub use register::register;
pub use resize::{Resize, Size};
pub use roms::{Game, Rom, RomLibrary, RomNotFound, WrongRom};
pub use snapshot::SnapshotError;
