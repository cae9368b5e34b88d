//! What a saved replay must have in common with the one that it is loaded into.

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{Layout, NStep, ReplayError, ReplayKind};

const FIELDS: [&str; 9] =
    ["kind", "element_bytes", "byte_order", "capacity", "observation_len", "stack", "streams", "n_step", "discount"];

/// The settings on which the meaning of the saved bytes depends, in the order of [`FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings([u64; FIELDS.len()]);

impl Settings {
    pub(crate) fn of<T>(kind: ReplayKind, capacity: usize, layout: &Layout, n_step: &NStep) -> Self {
        Self([
            kind as u64,
            size_of::<T>() as u64,
            // Elements are written as they lie in memory.
            u64::from(cfg!(target_endian = "big")),
            capacity as u64,
            layout.observation_len as u64,
            layout.stack as u64,
            layout.streams as u64,
            n_step.n() as u64,
            n_step.discount().to_bits(),
        ])
    }

    pub(crate) fn write(&self, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        self.0.iter().try_for_each(|&value| to.u64(value))
    }

    /// Reads settings and makes sure that they are these.
    pub(crate) fn expect(&self, from: &mut CheckedReader<'_>) -> Result<(), ReplayError> {
        for (key, expected) in FIELDS.into_iter().zip(self.0) {
            let found = from.u64()?;
            if found != expected {
                let show = |value| match key {
                    "kind" if value == ReplayKind::Uniform as u64 => "uniform".to_owned(),
                    "kind" if value == ReplayKind::Frames as u64 => "frames".to_owned(),
                    "discount" => f64::from_bits(value).to_string(),
                    _ => value.to_string(),
                };
                return Err(ReplayError::Different { key, expected: show(expected), found: show(found) });
            }
        }
        Ok(())
    }
}
