//! Every transition with the same probability.

use rand_core::Rng;

use crate::{Ids, ReplayError, Sampler, draw};

/// Draws each transition independently and with the same probability
/// ([Lin 1992](https://doi.org/10.1007/BF00992699); for deep Q-learning
/// [Mnih et al. 2015](https://www.nature.com/articles/nature14236)).
///
/// It remembers nothing: what is drawn depends on the transitions and the generator alone, and priorities are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uniform;

impl Sampler for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn sample(
        &mut self,
        held: &dyn Ids,
        rng: &mut dyn Rng,
        ids: &mut [u64],
        probabilities: &mut [f64],
    ) -> Result<(), ReplayError> {
        if held.is_empty() {
            return Err(ReplayError::Empty);
        }
        let places = held.places();
        for id in ids {
            *id = loop {
                if let Some(id) = held.at(draw::below(rng, places)) {
                    break id;
                }
            };
        }
        probabilities.fill(1.0 / held.len() as f64);
        Ok(())
    }
}
