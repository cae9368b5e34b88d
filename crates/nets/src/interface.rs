//! What a network and whoever trains it agree on.

use crate::{NetError, NetworkSpec};

/// What comes out of a network for each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// One value: the network gives `[batch, actions]`.
    #[default]
    One,
    /// So many: the network gives `[batch, actions, outputs]`, as probabilities of returns (Bellemare et al. 2017) or quantiles
    /// (Dabney et al. 2018) need them. A dueling head combines each of them by itself.
    PerAction(usize),
    /// One for each number of a second input ([`Given::taus`](crate::Given::taus)): the network gives
    /// `[batch, actions, taus]`, as if they were outputs.
    PerTau,
}

impl Outputs {
    /// Outputs of each action, for one number of a second input.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::One | Self::PerTau => 1,
            Self::PerAction(outputs) => outputs,
        }
    }
}

/// What whoever trains a network takes from it and gives it. A specification that asks for something else is refused, so
/// that no key of it is without effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// What comes out of the network for each action.
    pub outputs: Outputs,
    /// Whether noise is drawn for it ([`Given::noise`](crate::Given::noise)).
    pub noise: bool,
}

impl Interface {
    pub(crate) fn check(self, spec: &NetworkSpec) -> Result<(), NetError> {
        match (self.outputs, spec.tau_embedding) {
            (Outputs::PerTau, None) => {
                let reason = "it is missing, and this agent needs it: { cosines = 64 } in the paper";
                return Err(NetError::spec("network.tau_embedding", reason));
            }
            (Outputs::One | Outputs::PerAction(_), Some(_)) => {
                let reason = "this agent has no second input for its network; leave the key out";
                return Err(NetError::spec("network.tau_embedding", reason));
            }
            _ => {}
        }
        if spec.noise.is_some() && !self.noise {
            let reason = "this agent draws no noise for its network; leave the key out";
            return Err(NetError::spec("network.noise", reason));
        }
        Ok(())
    }
}
