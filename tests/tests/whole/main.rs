//! What the whole promises, one file a promise.

mod bench;
mod cli;
mod determinism;
mod documentation;
mod examples;
mod export;
mod faults;
mod files;
mod gymnasium;
mod hostile_input;
mod keys;
mod onnx;
mod parity;
mod play;
mod plot;
mod pytorch;
mod record;
mod report;
mod resume;
mod seeds;
mod smoke;
mod tensorboard;
mod terminal;
