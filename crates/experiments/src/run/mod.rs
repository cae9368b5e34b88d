//! A run on the disk: its folder, checkpoints, tables, TensorBoard events and summary.

mod atomic;
mod checkpoint;
mod columns;
mod digest;
mod draft;
mod error;
mod folder;
mod hparams;
mod place;
mod summary;
mod table;
mod tensorboard;
mod videos;

pub(crate) use atomic::write_file;
pub use checkpoint::{Checkpoint, Checkpoints, Kind};
pub use columns::{Columns, Point};
pub use digest::Digest;
pub(crate) use digest::{HashingWriter, sha256};
pub use draft::Draft;
pub use error::StorageError;
pub use folder::RunFolder;
pub use place::Place;
pub(crate) use place::seeds_in;
pub use summary::{EvaluationFigures, Finished, Summary, TimeSpent};
pub(crate) use table::Table;
pub(crate) use tensorboard::EventFile;
pub use videos::Videos;
