//! What an algorithm says of itself.

use candle_core::Device;
use deepq_core::{Element, Seeds};
use deepq_nets::{Network, NetworkSpec, OptimizerSpec};
use deepq_replay::Replay;

use crate::{Agent, AgentError, Need, Preferences, Setting, SettingError, SharedSettings, Trained};

/// What every agent is made of, whatever it learns by.
#[derive(Clone, Copy)]
pub struct AgentParts<'a> {
    /// The network: Q-values, or the logits of a policy.
    pub network: &'a NetworkSpec,
    /// The optimizer.
    pub optimizer: &'a OptimizerSpec,
    /// The shape of one observation.
    pub observation_shape: &'a [usize],
    /// The number of actions.
    pub actions: usize,
    /// Environments that play at the same time.
    pub streams: usize,
    /// Where its randomness comes from.
    pub seeds: &'a Seeds,
    /// Where the network lives.
    pub device: &'a Device,
}

impl AgentParts<'_> {
    /// The network with fresh weights, drawn from the stream `weights`, and its optimizer.
    ///
    /// # Errors
    ///
    /// [`AgentError::Net`] if one of them cannot be made.
    pub fn trained(&self) -> Result<Trained, AgentError> {
        let &Self { network, optimizer, observation_shape, actions, seeds, device, .. } = self;
        let network = Network::new(network, observation_shape, actions, &mut seeds.stream("weights"), device)?;
        Trained::new(network, optimizer)
    }
}

/// An algorithm's settings, as its section of an experiment has them, and what the rest of the program has to know of it.
/// [`AgentSpec`](crate::AgentSpec) lists those that implement this.
pub(crate) trait Algorithm {
    /// What it is, in a few words.
    const SUMMARY: &'static str;

    /// What its preferences for actions are.
    const PREFERENCES: Preferences;

    /// The discount of future rewards per agent step, with which a replay sums up rewards.
    fn discount(&self) -> f64;

    /// Whether it needs a setting that stands outside its own section.
    fn needs(&self, setting: Setting) -> Need;

    /// Checks all values that can be checked without making an agent, alone and together. What it needs is there.
    fn check(&self, shared: &SharedSettings<'_>, streams: usize) -> Result<(), SettingError>;

    /// Bytes of the observations that it keeps beside a replay, each of which has so many.
    fn rollout_bytes(&self, _streams: usize, _observation_bytes: usize) -> u64 {
        0
    }

    /// The agent. It is given a replay where `[replay]` is there.
    fn build<E: Element>(
        &self,
        shared: &SharedSettings<'_>,
        replay: Option<Replay<E>>,
        parts: &AgentParts<'_>,
    ) -> Result<Box<dyn Agent<E>>, AgentError>;
}
