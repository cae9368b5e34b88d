//! Memory that is asked for, never taken for granted: what does not fit is an error instead of an abort.

use crate::ReplayError;

/// An empty vector with room for exactly `elements`. The room is address space until it is written to.
pub(crate) fn reserve<T>(elements: usize) -> Result<Vec<T>, ReplayError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(elements).map_err(|_| out_of_memory::<T>(elements))?;
    Ok(memory)
}

/// Gives `memory` the length `elements`, new ones zeroed.
pub(crate) fn resize<T: bytemuck::Zeroable + Clone>(memory: &mut Vec<T>, elements: usize) -> Result<(), ReplayError> {
    memory.try_reserve_exact(elements.saturating_sub(memory.len())).map_err(|_| out_of_memory::<T>(elements))?;
    memory.resize(elements, T::zeroed());
    Ok(())
}

/// Bytes of `elements` of type `T`.
pub(crate) fn bytes<T>(elements: usize) -> u64 {
    (elements as u64).saturating_mul(size_of::<T>() as u64)
}

fn out_of_memory<T>(elements: usize) -> ReplayError {
    ReplayError::OutOfMemory { bytes: bytes::<T>(elements) }
}

/// `bytes`, if so many can be addressed at all.
pub(crate) fn addressable(bytes: u64) -> Result<u64, ReplayError> {
    if bytes <= isize::MAX as u64 { Ok(bytes) } else { Err(ReplayError::OutOfMemory { bytes }) }
}
