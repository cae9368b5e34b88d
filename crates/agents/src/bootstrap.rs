//! Which value of the next observation a target takes.

use crate::targets::{self, BatchShapeError};

/// Which value of the next observation a target takes: the part in which the variants of Q-learning differ.
///
/// Arguments are those of [`targets`]: `q_t_value` is what the network says whose values count, the target network where
/// there is one, and `q_t_selector` what the online network says of the same observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bootstrap {
    /// The largest ([Mnih et al. 2015](https://www.nature.com/articles/nature14236), algorithm 1).
    Max,
    /// That of the action which the online network thinks best
    /// ([van Hasselt et al. 2015](https://arxiv.org/abs/1509.06461), equation 4).
    Double,
}

impl Bootstrap {
    /// Whether the online network has to be asked of the next observations, too.
    pub(crate) fn needs_selector(self) -> bool {
        match self {
            Self::Max => false,
            Self::Double => true,
        }
    }

    /// The targets of a batch. `q_t_selector` is not looked at where [`needs_selector`](Self::needs_selector) says so.
    pub(crate) fn targets(
        self,
        r_t: &[f32],
        discount_t: &[f32],
        q_t_value: &[f32],
        q_t_selector: &[f32],
    ) -> Result<Vec<f32>, BatchShapeError> {
        match self {
            Self::Max => targets::q_learning(r_t, discount_t, q_t_value),
            Self::Double => targets::double_q_learning(r_t, discount_t, q_t_value, q_t_selector),
        }
    }
}
