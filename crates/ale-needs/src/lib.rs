//! Nothing but a build script, which looks whether this machine can build the Atari emulator for `deepq-atari`, and says
//! in a sentence what is missing.
//!
//! **This crate does not know** anything else, not even the emulator: that is built by `ale-sys`, which ends in a panic,
//! or after minutes, where something is missing. No package can make cargo wait with the build script of another one
//! that does not depend on it. But of all that could be started cargo starts first what most others wait for: for the
//! script of this crate those are the crate, `deepq-atari` and the build script of that, one more than for the script of
//! `ale-sys`.
