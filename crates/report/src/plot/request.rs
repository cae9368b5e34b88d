//! What somebody wants drawn.

use crate::statistics::Center;

/// What to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlotRequest {
    /// The figure, as `losses/td_loss` or `eval/mean`; `eval` is short for the latter. Without one, returns of training and
    /// evaluations, or those of the two that there are; of several experiments, the evaluations alone if all have some.
    pub tag: Option<String>,
    /// Rows that a point is the mean of; [`EPISODES_OF_MEAN`](super::EPISODES_OF_MEAN) for returns and lengths of episodes, 1 for all else, where it
    /// is not given. Evaluations stay as they are.
    pub smooth: Option<usize>,
    /// How several runs become one curve.
    pub center: Center,
    /// What the curves are drawn over.
    pub x: XAxis,
    /// The title; without it, what is drawn says it.
    pub title: Option<String>,
}

/// What curves are drawn over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XAxis {
    /// Agent steps.
    #[default]
    Steps,
    /// Ended episodes of training.
    Episodes,
}
