//! REINFORCE: a policy that learns from whole episodes.

mod episode;
mod policy_gradient;
mod spec;
mod state;

use std::collections::VecDeque;

use deepq_core::{Element, NumpyRng};
use deepq_nets::Network;
use deepq_replay::{Replay, Transition};
pub use policy_gradient::{discounted_returns, normalise, policy_gradient_loss};
pub use spec::ReinforceSpec;

use self::episode::Episode;
use crate::algorithm::{AgentParts, Algorithm};
use crate::rows::{outputs, tensor};
use crate::{
    Agent, AgentError, AgentState, Counters, Descent, Need, Preferences, Setting, SettingError, SharedSettings,
    Trained, UpdateReport, preconditions,
};

/// The mean of the episode's returns, before they are normalised.
const FIGURES: [&str; 1] = ["mean_return"];

/// REINFORCE ([Williams 1992](https://link.springer.com/article/10.1007/BF00992696);
/// [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 13.3): a network gives the logits
/// of a softmax policy, actions are drawn from it, and after each episode one step makes the actions more probable that
/// were followed by high returns.
///
/// It keeps no replay, and has no value to put in place of what a truncation cut off: returns end where an episode does.
/// Episodes must be finite, because each is kept until its end. Its draws come from the streams `weights` and
/// `exploration` below the root seed.
pub struct Reinforce<E: Element> {
    spec: ReinforceSpec,
    trained: Trained,
    rng: NumpyRng,
    counters: Counters,
    /// The episode that each stream is in.
    running: Vec<Option<Episode<E>>>,
    /// Episodes that are to be learned from.
    finished: VecDeque<Episode<E>>,
}

impl<E: Element> Reinforce<E> {
    /// An agent that has seen nothing yet. Its network's outputs are logits.
    ///
    /// # Errors
    ///
    /// [`AgentError::Spec`] for settings that are not allowed, [`AgentError::Net`] if the network cannot be made.
    pub fn new(spec: &ReinforceSpec, parts: &AgentParts<'_>) -> Result<Self, AgentError> {
        spec.validate()?;
        Ok(Self {
            trained: parts.trained()?,
            spec: spec.clone(),
            rng: parts.seeds.stream("exploration"),
            counters: Counters::default(),
            running: vec![None; parts.streams],
            finished: VecDeque::new(),
        })
    }

    /// The network that gives the logits.
    pub fn policy(&self) -> &Network {
        &self.trained.network
    }

    fn stream(&mut self, stream: usize) -> Result<&mut Option<Episode<E>>, AgentError> {
        preconditions::stream(stream, self.running.len())?;
        Ok(&mut self.running[stream])
    }
}

impl Algorithm for ReinforceSpec {
    const SUMMARY: &'static str = "a policy that learns from whole episodes";
    const PREFERENCES: Preferences = Preferences::Logits;

    fn discount(&self) -> f64 {
        self.discount
    }

    fn needs(&self, _: Setting) -> Need {
        Need::Unused
    }

    fn check(&self, _: &SharedSettings<'_>, _: usize) -> Result<(), SettingError> {
        self.validate().map_err(SettingError::of("agent"))
    }

    fn build<E: Element>(
        &self,
        _: &SharedSettings<'_>,
        _: Option<Replay<E>>,
        parts: &AgentParts<'_>,
    ) -> Result<Box<dyn Agent<E>>, AgentError> {
        Ok(Box::new(Reinforce::new(self, parts)?))
    }
}

impl<E: Element> Agent<E> for Reinforce<E> {
    fn begin_episode(&mut self, stream: usize, observation: &[E]) -> Result<(), AgentError> {
        preconditions::observation(&self.trained.network, observation)?;
        *self.stream(stream)? = Some(Episode::begin(observation));
        Ok(())
    }

    fn act(&mut self, observations: &[E], actions: &mut [usize]) -> Result<(), AgentError> {
        preconditions::rows(&self.trained.network, observations, actions)?;
        let logits = outputs(&self.trained.network, observations)?;
        for (action, logits) in actions.iter_mut().zip(logits.chunks_exact(self.trained.network.actions())) {
            *action = draw(logits, &mut self.rng);
            self.counters.agent_steps += 1;
        }
        Ok(())
    }

    fn observe(&mut self, stream: usize, transition: &Transition<'_, E>) -> Result<(), AgentError> {
        preconditions::observation(&self.trained.network, transition.next_observation)?;
        preconditions::transition(transition, stream, self.trained.network.actions(), &self.counters)?;
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

    fn trained(&self) -> &Trained {
        &self.trained
    }

    fn trained_mut(&mut self) -> &mut Trained {
        &mut self.trained
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn state(&self) -> Result<AgentState, AgentError> {
        self.capture()
    }

    fn restore(&mut self, state: &AgentState) -> Result<(), AgentError> {
        self.restore_from(state)
    }

    fn preferences_are(&self) -> Preferences {
        ReinforceSpec::PREFERENCES
    }

    fn figures(&self) -> &'static [&'static str] {
        &FIGURES
    }
}

impl<E: Element> Reinforce<E> {
    /// One update from one episode.
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
        Ok(UpdateReport { update, loss: loss_value, gradient_norm, figures: vec![mean_return], target_copied: false })
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
