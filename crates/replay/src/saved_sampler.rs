//! A sampler's state in a saved replay.

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{Ids, ReplayError, Sampler};

/// The state of a sampler that has one, with its name.
pub(crate) struct SavedSampler {
    name: String,
    state: Vec<u8>,
}

impl SavedSampler {
    /// The state now.
    pub(crate) fn of(sampler: &dyn Sampler) -> Option<Self> {
        sampler.state().map(|state| Self { name: sampler.name().to_owned(), state })
    }

    pub(crate) fn write(&self, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        [self.name.as_bytes(), &self.state].into_iter().try_for_each(|bytes| {
            to.u64(bytes.len() as u64)?;
            to.bytes(bytes)
        })
    }

    pub(crate) fn read(from: &mut CheckedReader<'_>) -> Result<Self, ReplayError> {
        let len = from.u64()?;
        let name = String::from_utf8(from.vec(len)?);
        let name = name.map_err(|_| ReplayError::damaged("its sampler's name is no text"))?;
        let len = from.u64()?;
        Ok(Self { name, state: from.vec(len)? })
    }

    /// Puts a sampler into the state that was saved with the transitions of `held`, or makes sure that it needs none.
    pub(crate) fn restore(saved: Option<&Self>, sampler: &mut dyn Sampler, held: &dyn Ids) -> Result<(), ReplayError> {
        const NONE: &str = "none with a state";
        let expected = if sampler.state().is_some() { sampler.name() } else { NONE };
        let found = saved.map_or(NONE, |saved| &saved.name);
        if expected != found {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            return Err(ReplayError::Different { key: "sampler", expected, found });
        }
        saved.map_or(Ok(()), |saved| sampler.restore(&saved.state, held))
    }
}
