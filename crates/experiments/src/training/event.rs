//! What happens in a training run.

use deepq_agents::{Counters, UpdateReport};
use deepq_nets::{Gradients, Parameters};
use serde::{Deserialize, Serialize};

use deepq_runs::Finished;

/// One thing that happened, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Every environment took a step, and the agent saw it.
    Stepped,
    /// A whole game ended: a lost life does not end one.
    EpisodeEnded(Episode),
    /// The network was updated.
    Updated(UpdateReport),
    /// `training.log_every` agent steps have gone by.
    LogDue,
    /// `training.histograms_every` agent steps have gone by.
    HistogramsDue,
    /// The agent is to be evaluated. The evaluation stays due until [`Training::evaluated`](super::Training::evaluated)
    /// is told its result.
    EvaluationDue,
    /// A checkpoint is to be written: everything that has happened is in the state.
    CheckpointDue,
    /// Nothing more happens.
    Finished(Finished),
}

/// A whole game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// Undiscounted, unclipped return.
    #[serde(rename = "return")]
    pub total: f64,
    /// Agent steps.
    pub length: u64,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The agent's counters.
    pub counters: Counters,
    /// Agent steps of the whole run.
    pub budget: u64,
    /// Episodes after which it ends, if the steps have not ended it before.
    pub episode_budget: Option<u64>,
    /// The probability with which the next action will be a random one.
    pub exploration: f64,
    /// The weights that act.
    pub parameters: &'a Parameters,
    /// The gradients of the latest update.
    pub gradients: Option<&'a Gradients>,
}
