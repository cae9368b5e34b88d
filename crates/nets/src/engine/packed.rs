//! Convolution weights in the order in which the kernels read them, kept until the parameters change.

use std::sync::{Arc, Mutex, PoisonError};

use super::buffers::Buffer;

/// Of each convolution the weight in two orders.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    pub(super) layers: Vec<PackedConv>,
}

#[derive(Debug, Default)]
pub(super) struct PackedConv {
    /// `[kernel row, kernel column, channel, filter]`.
    pub(super) forward: Buffer,
    /// `[filter, kernel row, kernel column, channel]`.
    pub(super) backward: Buffer,
    /// A normalisation's weight and bias, `[output row, output column, filter]`.
    pub(super) norm: [Buffer; 2],
}

/// The packed weights of the parameters' latest generation.
#[derive(Debug, Default)]
pub(crate) struct PackedCache(Mutex<Option<(u64, Arc<Packed>)>>);

impl PackedCache {
    /// The packed weights of this generation; packs them if they are not there yet.
    pub(super) fn get(&self, generation: u64, pack: impl FnOnce(&mut Packed)) -> Arc<Packed> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cache {
            Some((known, packed)) if *known == generation => packed.clone(),
            _ => {
                // The old memory, unless somebody still computes with it.
                let old = cache.take().and_then(|(_, packed)| Arc::try_unwrap(packed).ok());
                let mut packed = old.unwrap_or_default();
                pack(&mut packed);
                let packed = Arc::new(packed);
                *cache = Some((generation, packed.clone()));
                packed
            }
        }
    }
}
