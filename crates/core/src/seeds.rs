//! Seeds derived by name: each consumer of randomness in a run has a stream of its own.

use serde::{Deserialize, Serialize};

use crate::numpy_rng::words;
use crate::{NumpyRng, SeedSequence};

/// The root seed of a run, from which every consumer of randomness gets its own stream by name.
///
/// Names are paths as `"exploration"`, `"replay"`, `"weights/online"`, `"train/env/3"`. A stream depends on the root and
/// its name alone: adding a consumer changes no other.
///
/// ```
/// use deepq_core::Seeds;
/// let seeds = Seeds::new(1);
/// assert_eq!(seeds.seed("exploration"), Seeds::new(1).seed("exploration"));
/// assert_ne!(seeds.seed("exploration"), seeds.seed("replay"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    root: u64,
}

impl Seeds {
    /// The seeds of a run with this root.
    pub fn new(root: u64) -> Self {
        Self { root }
    }

    /// The root seed itself.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// The stream that belongs to a name.
    pub fn stream(&self, name: &str) -> NumpyRng {
        NumpyRng::from_sequence(&self.sequence(name))
    }

    /// A seed for something that wants one, as an environment's reset: below 2^63, so that it fits a signed integer.
    pub fn seed(&self, name: &str) -> u64 {
        let [low, high]: [u32; 2] = self.sequence(name).words();
        (u64::from(low) | u64::from(high) << 32) >> 1
    }

    fn sequence(&self, name: &str) -> SeedSequence {
        let mut entropy = words(self.root).to_vec();
        entropy.push(name.len() as u32);
        entropy.extend(name.as_bytes().chunks(4).map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        }));
        SeedSequence::from_words(&entropy)
    }
}
