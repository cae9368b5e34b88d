//! Whether the increments of a restored replay are all that it needs.

use std::ops::Range;

use crate::ReplayError;

/// Keeps watch that the increments of a restored replay leave nothing out.
#[derive(Debug, Default)]
pub struct Restoring {
    /// For each ring the number from which on every entry has been read; before the first increment none.
    starts: Vec<Option<u64>>,
}

impl Restoring {
    /// Takes note of the entries that follow for a ring which has read those before `written`.
    pub(crate) fn take(&mut self, ring: usize, range: &Range<u64>, written: u64) -> Result<(), ReplayError> {
        if ring >= self.starts.len() {
            self.starts.resize(ring + 1, None);
        }
        let start = &mut self.starts[ring];
        if start.is_none() || range.start > written {
            *start = Some(range.start);
        } else if range.start < written {
            return Err(ReplayError::Incomplete { reason: "increments are out of order".into() });
        }
        Ok(())
    }

    /// Makes sure that each ring has everything from its oldest entry on.
    pub(crate) fn finish(&self, oldest: impl Iterator<Item = u64>) -> Result<(), ReplayError> {
        for (ring, oldest) in oldest.enumerate() {
            match self.starts.get(ring).copied().flatten() {
                Some(start) if start <= oldest => {}
                Some(start) => {
                    let reason = format!("entries {oldest} to {start} are in no increment");
                    return Err(ReplayError::Incomplete { reason });
                }
                None => return Err(ReplayError::Incomplete { reason: "there is no increment".into() }),
            }
        }
        Ok(())
    }
}
