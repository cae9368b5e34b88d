//! What some networks take beside observations.

use crate::Noise;

/// What a network is given beside observations; nothing, for most.
///
/// ```
/// let nothing = deepq_nets::Given::default();
/// assert!(nothing.noise.is_none() && nothing.taus.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Noise for the layers that have it. Without it they compute with the mean of their weights, as a greedy policy does.
    pub noise: Option<&'a Noise>,
    /// The second input of a network with a [`TauEmbedding`](crate::TauEmbedding): `[batch, taus]`, row after row, as many for
    /// each row; where in a distribution of returns a value is asked for, from 0 to 1.
    pub taus: Option<&'a [f32]>,
}
