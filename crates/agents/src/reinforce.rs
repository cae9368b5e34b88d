//! REINFORCE: a policy that learns from whole episodes.

use std::collections::VecDeque;

use candle_core::Device;
use deepq_core::{Element, NumpyRng, Seeds};
use deepq_nets::{Gradients, NetworkSpec, OptimizerSpec, Parameters, QNetwork};
use deepq_replay::{Replay, Transition};
use serde::{Deserialize, Serialize};

use crate::episode::Episode;
use crate::rows::{check, check_stream, check_transition, greedy, tensor, values};
use crate::trained::{Descent, Trained};
use crate::{
    Agent, AgentError, AgentState, ClipGradient, ClipReward, Counters, SpecError, UpdateReport, discounted_returns,
    normalise, policy_gradient_loss,
};

/// The settings of [`Reinforce`]; in an experiment's TOML the section `[agent]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReinforceSpec {
    /// The discount of future rewards per agent step, from 0 to 1.
    pub discount: f64,
    /// Whether an episode's returns are shifted and scaled to zero mean and unit deviation.
    pub normalise_returns: bool,
    /// Whether step `t` counts `discount^t`, as the policy gradient theorem has it and most programs leave out.
    pub weight_by_discount: bool,
    /// How gradients are clipped before the optimizer sees them; not at all where it is not given.
    #[serde(default)]
    pub clip_gradient: ClipGradient,
    /// How rewards are clipped before the agent learns from them; not at all where it is not given.
    #[serde(default)]
    pub clip_reward: ClipReward,
}

impl ReinforceSpec {
    /// Checks that the values are possible.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        SpecError::unless((0.0..=1.0).contains(&self.discount), "discount", self.discount, "from 0 to 1")?;
        self.clip_gradient.validate()?;
        self.clip_reward.validate()
    }
}

/// REINFORCE ([Williams 1992](https://link.springer.com/article/10.1007/BF00992696);
/// [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 13.3): a network gives the logits
/// of a softmax policy, actions are drawn from it, and after each episode one step makes the actions more probable that
/// were followed by high returns.
///
/// It keeps no replay, and has no value to put in place of what a truncation cut off: returns end where an episode does.
/// Episodes must be finite, because each is kept until its end. Its draws come from the streams `weights` and
/// `exploration` below the root seed.
pub struct Reinforce<E: Element> {
    pub(crate) spec: ReinforceSpec,
    pub(crate) trained: Trained,
    pub(crate) rng: NumpyRng,
    pub(crate) counters: Counters,
    /// The episode that each stream is in.
    pub(crate) running: Vec<Option<Episode<E>>>,
    /// Episodes that are to be learned from.
    pub(crate) finished: VecDeque<Episode<E>>,
}

/// What a [`Reinforce`] is made of.
pub struct ReinforceParts<'a> {
    /// The algorithm's settings.
    pub spec: &'a ReinforceSpec,
    /// The policy: its outputs are logits.
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

impl<E: Element> Reinforce<E> {
    /// An agent that has seen nothing yet.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(parts: &ReinforceParts<'_>) -> Result<Self, AgentError> {
        let &ReinforceParts { spec, network, optimizer, observation_shape, actions, streams, seeds, device } = parts;
        spec.validate()?;
        let policy = QNetwork::new(network, observation_shape, actions, &mut seeds.stream("weights"), device)?;
        Ok(Self {
            trained: Trained::new(policy, optimizer)?,
            spec: spec.clone(),
            rng: seeds.stream("exploration"),
            counters: Counters::default(),
            running: vec![None; streams],
            finished: VecDeque::new(),
        })
    }

    /// The network that gives the logits.
    pub fn policy(&self) -> &QNetwork {
        &self.trained.network
    }

    fn stream(&mut self, stream: usize) -> Result<&mut Option<Episode<E>>, AgentError> {
        check_stream(stream, self.running.len())?;
        Ok(&mut self.running[stream])
    }
}

impl<E: Element> Agent<E> for Reinforce<E> {
    fn q_values(&self, observations: &[E]) -> Result<Vec<f32>, AgentError> {
        values(&self.trained.network, observations)
    }

    fn greedy(&self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        greedy(&self.trained.network, observations, actions)
    }

    /// 0: there are no random actions beside the policy's own.
    fn exploration(&self) -> f64 {
        0.0
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn parameters(&self) -> &Parameters {
        self.trained.network.parameters()
    }

    fn gradients(&self) -> Option<&Gradients> {
        self.trained.gradients.as_ref()
    }

    fn load_parts(&mut self, weights: &[u8], parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.trained.load_parts(weights, parts, &self.counters)
    }

    fn freeze(&mut self, parts: &[&str]) -> Result<Vec<String>, AgentError> {
        self.trained.freeze(parts, &self.counters)
    }

    fn replay(&self) -> Option<&Replay<E>> {
        None
    }

    fn replay_mut(&mut self) -> Option<&mut Replay<E>> {
        None
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        check(&self.trained.network, observation, &[0])?;
        *self.stream(stream)? = Some(Episode::begin(observation));
        Ok(())
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        check(&self.trained.network, observations, actions)?;
        let logits = values(&self.trained.network, observations)?;
        for (action, logits) in actions.iter_mut().zip(logits.chunks_exact(self.trained.network.actions())) {
            *action = draw(logits, &mut self.rng);
            self.counters.agent_steps += 1;
        }
        Ok(())
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError> {
        check(&self.trained.network, transition.next_observation, &[0])?;
        check_transition(transition, stream, self.trained.network.actions(), &self.counters)?;
        let (reward, discount) = (self.spec.clip_reward.apply(transition.reward), self.spec.discount as f32);
        let slot = self.stream(stream)?;
        let Some(episode) = slot else { return Err(AgentError::NoEpisode { stream }) };
        episode.push(transition, reward, discount);
        if transition.end.is_over() {
            let finished = slot.take();
            self.finished.extend(finished);
            self.counters.episodes += 1;
        }
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, AgentError> {
        self.finished.pop_front().map(|episode| self.update(&episode)).transpose()
    }
}

impl<E: Element> Reinforce<E> {
    /// One update from one episode. In the report `mean_q` is the mean of its returns, before they are normalised.
    fn update(&mut self, episode: &Episode<E>) -> Result<UpdateReport, AgentError> {
        let update = self.counters.updates + 1;

        // What followed each action.
        let mut returns = discounted_returns(&episode.rewards, &episode.discounts)?;
        let mean_return = returns.iter().sum::<f32>() / returns.len() as f32;
        if self.spec.normalise_returns {
            normalise(&mut returns);
        }

        // How much each step counts.
        let factor = if self.spec.weight_by_discount { self.spec.discount } else { 1.0 };
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * factor)).map(|weight| weight as f32);
        let weights: Vec<f32> = weights.take(returns.len()).collect();

        // The loss of the policy that acted.
        let logits = self.trained.network.forward(&tensor(&self.trained.network, &episode.observations)?)?;
        let loss = policy_gradient_loss(&logits, &episode.actions, &returns, &weights)?;
        let loss_value = loss.to_scalar::<f32>()?;
        let outputs = logits.flatten_all()?.to_vec1()?;
        let rewards = &episode.rewards;

        // A step down its gradient.
        let descent = Descent { update, loss: &loss, value: loss_value, rewards, outputs: &outputs };
        let gradient_norm = self.trained.descend(&descent, &self.spec.clip_gradient)?;
        self.counters.updates = update;
        Ok(UpdateReport { update, loss: loss_value, mean_q: mean_return, gradient_norm, target_copied: false })
    }
}

/// An action drawn with the probabilities of the logits' softmax: one draw.
fn draw(logits: &[f32], rng: &mut NumpyRng) -> usize {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let probability = |logit: &f32| libm::exp(f64::from(logit - largest));
    let mut left = rng.random() * logits.iter().map(probability).sum::<f64>();
    for (action, logit) in logits.iter().enumerate() {
        left -= probability(logit);
        if left < 0.0 {
            return action;
        }
    }
    // Only where rounding left a rest.
    logits.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_drawn_with_the_policys_probabilities() {
        let mut rng = NumpyRng::new(1);
        let mut counts = [0u32; 3];
        // 1/8, 2/8, 5/8
        let logits = [1.0f32, 2.0, 5.0].map(|weight| weight.ln() + 50.0);
        for _ in 0..80_000 {
            counts[draw(&logits, &mut rng)] += 1;
        }
        for (count, expected) in counts.iter().zip([10_000u32, 20_000, 50_000]) {
            assert!(count.abs_diff(expected) < 500, "{counts:?}");
        }
        assert!((0..1_000).all(|_| draw(&[0.0, 1_000.0, 0.0], &mut rng) == 1));
    }
}
