//! Tabular Q-learning: one value for each state and action, for environments with numbered states.

use deepq_core::Seeds;
use deepq_replay::End;
use serde::{Deserialize, Serialize};

use crate::{AgentError, Counters, EpsilonGreedy, Schedule, SpecError, targets};

/// The settings of [`QLearning`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QLearningSpec {
    /// The discount of future rewards per step, from 0 to 1.
    pub discount: f32,
    /// How far a value moves towards its target each time, above 0 and at most 1.
    pub learning_rate: f32,
}

impl QLearningSpec {
    /// Checks that the values are possible.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), SpecError> {
        let Self { discount, learning_rate } = self;
        SpecError::unless((0.0..=1.0).contains(discount), "discount", discount, "from 0 to 1")?;
        let possible = *learning_rate > 0.0 && *learning_rate <= 1.0;
        SpecError::unless(possible, "learning_rate", learning_rate, "above 0 and at most 1")
    }
}

/// Q-learning with a table (Watkins 1989, "Learning from Delayed Rewards";
/// [Sutton and Barto 2018](http://incompleteideas.net/book/the-book-2nd.html), section 6.5). All values start at 0.
///
/// It is where the deep agents come from, and what they are compared with: its targets are theirs on a problem whose
/// states can be counted. The whole agent is a value: serialized and read again, it goes on as it would have.
///
/// ```
/// use deepq_agents::{QLearning, QLearningSpec, Schedule};
/// use deepq_core::Seeds;
/// use deepq_replay::End;
///
/// // Two states; action 1 in state 0 leads to state 1, where any action ends the episode with reward 1.
/// let spec = QLearningSpec { discount: 0.9, learning_rate: 0.5 };
/// let mut agent = QLearning::new(&spec, &Schedule::Constant { value: 0.1 }, 2, 2, &Seeds::new(1))?;
/// for _ in 0..100 {
///     agent.learn(0, 1, 0.0, 1, End::RUNNING)?;
///     agent.learn(1, 0, 1.0, 1, End::TERMINATED)?;
/// }
/// assert!((agent.q_values(0)?[1] - 0.9).abs() < 1e-5);
/// assert_eq!(agent.greedy(0)?, 1);
/// # Ok::<(), deepq_agents::AgentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QLearning {
    spec: QLearningSpec,
    exploration: EpsilonGreedy,
    actions: usize,
    /// `[states, actions]`, row after row.
    table: Vec<f32>,
    counters: Counters,
}

impl QLearning {
    /// An agent that has seen nothing yet. It explores from the stream `exploration` below the root seed.
    ///
    /// # Errors
    ///
    /// If a setting is not allowed.
    pub fn new(
        spec: &QLearningSpec,
        exploration: &Schedule,
        states: usize,
        actions: usize,
        seeds: &Seeds,
    ) -> Result<Self, AgentError> {
        spec.validate()?;
        SpecError::unless(states > 0, "states", states, "at least 1")?;
        SpecError::unless(actions > 0, "actions", actions, "at least 1")?;
        let exploration = EpsilonGreedy::new(exploration.clone(), seeds.stream("exploration"))?;
        let table = vec![0.0; states * actions];
        Ok(Self { spec: *spec, exploration, actions, table, counters: Counters::default() })
    }

    /// Chooses an action, exploring, and counts the agent step.
    ///
    /// # Errors
    ///
    /// If the state does not exist.
    pub fn act(&mut self, state: usize) -> Result<usize, AgentError> {
        let greedy = self.greedy(state)?;
        let random = self.exploration.explore(&self.counters, self.actions);
        self.counters.agent_steps += 1;
        Ok(random.unwrap_or(greedy))
    }

    /// Learns from a transition: `Q(s, a) += learning_rate * (target - Q(s, a))`. Gives the error `target - Q(s, a)` that
    /// it found.
    ///
    /// # Errors
    ///
    /// If a state or the action does not exist, or the reward is not a finite number.
    pub fn learn(
        &mut self,
        state: usize,
        action: usize,
        reward: f32,
        next_state: usize,
        end: End,
    ) -> Result<f32, AgentError> {
        self.row(state)?;
        if action >= self.actions {
            let expected = format!("the actions are 0 to {}", self.actions - 1);
            return Err(AgentError::Unknown { what: "action", number: action, expected });
        }
        if !reward.is_finite() {
            return Err(AgentError::Reward { stream: 0, agent_step: self.counters.agent_steps, reward });
        }
        let target = self.target(reward, next_state, end)?;
        let value = &mut self.table[state * self.actions + action];
        let td_error = target - *value;
        *value += self.spec.learning_rate * td_error;
        self.counters.updates += 1;
        self.counters.episodes += u64::from(end.is_over());
        Ok(td_error)
    }

    /// What the value of a transition's state and action is moved towards.
    ///
    /// # Errors
    ///
    /// If the next state does not exist.
    pub fn target(&self, reward: f32, next_state: usize, end: End) -> Result<f32, AgentError> {
        let discount = if end.bootstraps() { self.spec.discount } else { 0.0 };
        let targets = targets::q_learning(&[reward], &[discount], self.q_values(next_state)?)?;
        Ok(targets[0])
    }

    /// The action of the highest value; of equal ones the lowest.
    ///
    /// # Errors
    ///
    /// If the state does not exist.
    pub fn greedy(&self, state: usize) -> Result<usize, AgentError> {
        self.q_values(state).map(targets::argmax)
    }

    /// The values of a state's actions.
    ///
    /// # Errors
    ///
    /// If the state does not exist.
    pub fn q_values(&self, state: usize) -> Result<&[f32], AgentError> {
        self.row(state)
    }

    /// All values: `[states, actions]`, row after row.
    pub fn table(&self) -> &[f32] {
        &self.table
    }

    /// The probability with which the next action will be a random one.
    pub fn exploration(&self) -> f64 {
        self.exploration.epsilon(&self.counters)
    }

    /// How far the agent is; each learned transition is an update.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn row(&self, state: usize) -> Result<&[f32], AgentError> {
        self.table.chunks_exact(self.actions).nth(state).ok_or_else(|| AgentError::Unknown {
            what: "state",
            number: state,
            expected: format!("the states are 0 to {}", self.table.len() / self.actions - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use deepq_replay::Status;

    use super::*;

    fn agent() -> QLearning {
        let spec = QLearningSpec { discount: 0.5, learning_rate: 0.25 };
        QLearning::new(&spec, &Schedule::Constant { value: 0.3 }, 3, 2, &Seeds::new(1)).unwrap()
    }

    #[test]
    fn values_move_by_the_learning_rate_towards_the_target() {
        let mut agent = agent();
        // Q(1, 0) = 0 + 0.25 * (8 - 0)
        assert_eq!(agent.learn(1, 0, 8.0, 2, End::TERMINATED).unwrap(), 8.0);
        assert_eq!(agent.q_values(1).unwrap(), [2.0, 0.0]);
        // target 1 + 0.5 * max(2, 0) = 2; Q(0, 1) = 0.25 * 2
        assert_eq!(agent.learn(0, 1, 1.0, 1, End::RUNNING).unwrap(), 2.0);
        assert_eq!(agent.table(), [0.0, 0.5, 2.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn only_terminations_and_lost_lives_stop_bootstrapping() {
        let mut agent = agent();
        agent.learn(1, 0, 8.0, 2, End::TERMINATED).unwrap();
        let target = |end| agent.target(1.0, 1, end).unwrap();
        let lost_and_cut_off = End { status: Status::Truncated, life_lost: true };
        let ends = [End::RUNNING, End::TRUNCATED, End::TERMINATED, End::LIFE_LOST, lost_and_cut_off];
        assert_eq!(ends.map(target), [2.0, 2.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn steps_updates_and_episodes_are_counted() {
        let mut agent = agent();
        for end in [End::RUNNING, End::LIFE_LOST, End::TRUNCATED, End::RUNNING, End::TERMINATED] {
            agent.act(0).unwrap();
            agent.learn(0, 0, 1.0, 1, end).unwrap();
        }
        agent.act(0).unwrap();
        assert_eq!(agent.counters(), Counters { agent_steps: 6, updates: 5, episodes: 2 });
    }

    #[test]
    fn goes_on_from_its_serialized_self() {
        let mut agent = agent();
        for i in 0..10 {
            let action = agent.act(i % 3).unwrap();
            agent.learn(i % 3, action, i as f32, (i + 1) % 3, End::RUNNING).unwrap();
        }
        let mut restored: QLearning = serde_json::from_str(&serde_json::to_string(&agent).unwrap()).unwrap();
        assert_eq!(restored, agent);
        let actions = |agent: &mut QLearning| (0..50).map(|i| agent.act(i % 3).unwrap()).collect::<Vec<_>>();
        assert_eq!(actions(&mut restored), actions(&mut agent));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let mut agent = agent();
        assert_eq!(agent.act(3).unwrap_err().to_string(), "there is no state 3; the states are 0 to 2");
        let error = agent.learn(0, 2, 0.0, 1, End::RUNNING).unwrap_err();
        assert_eq!(error.to_string(), "there is no action 2; the actions are 0 to 1");
        assert!(agent.learn(0, 0, f32::NAN, 1, End::RUNNING).is_err());
        assert_eq!(agent.counters(), Counters::default());
        let validate = |learning_rate| QLearningSpec { discount: 0.9, learning_rate }.validate();
        validate(1.0).unwrap();
        assert!(validate(0.0).unwrap_err().to_string().starts_with("learning_rate = 0 is not allowed"));
        assert!(validate(1.5).unwrap_err().to_string().starts_with("learning_rate = 1.5 is not allowed"));
        let sized = |states, actions| {
            let spec = QLearningSpec { discount: 0.9, learning_rate: 1.0 };
            QLearning::new(&spec, &Schedule::Constant { value: 0.3 }, states, actions, &Seeds::new(1))
        };
        assert!(sized(0, 2).unwrap_err().to_string().starts_with("states = 0 is not allowed"));
        assert!(sized(3, 0).unwrap_err().to_string().starts_with("actions = 0 is not allowed"));
        sized(1, 1).unwrap();
    }
}
