//! What an experiment says, section by section.

use std::collections::BTreeMap;
use std::path::PathBuf;

use deepq_agents::{
    AgentSpec, Counters, EpsilonGreedy, LearningStarts, Schedule, SettingError, SharedSettings, SpecError,
};
use deepq_envs::{EnvOptions, OptionValue};
use deepq_nets::{NetError, NetworkSpec, OptimizerSpec};
use deepq_replay::ReplaySpec;
use deepq_runs::{KeyProblem, Problem};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::every::Every;

/// A whole experiment, as its file says it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The experiment's name: runs are called after it. Letters, digits, `-`, `_` and `.`, which is not the first.
    pub name: String,
    /// What it is, in one line, for `deepq list`.
    pub summary: String,
    /// `[environment]`: the task that the agent trains on.
    pub environment: EnvironmentSection,
    /// `[network]`: what turns observations into values of actions, or into the logits of a policy.
    pub network: NetworkSpec,
    /// `[transfer]`: weights to start from, and those to keep as they are.
    #[serde(default)]
    pub transfer: TransferSection,
    /// `[agent]`: the algorithm and its settings.
    pub agent: AgentSpec,
    /// `[exploration]`: the probability of a random action, for agents that explore so. `t` is what the clock `by` shows, 0 at the
    /// first action.
    #[serde(default)]
    #[schemars(schema_with = "EpsilonGreedy::schema")]
    pub exploration: Option<Schedule>,
    /// `[optimizer]`: what gradients do to the weights; each key means what PyTorch means by it.
    pub optimizer: OptimizerSpec,
    /// `[replay]`: what past transitions are kept, for agents that learn from them.
    #[serde(default)]
    pub replay: Option<ReplaySpec>,
    /// `[training]`: how long, how often, from which seed.
    pub training: TrainingSection,
    /// `[evaluation]`: how the agent is judged, by whole games with unclipped rewards in environments of its own.
    pub evaluation: EvaluationSection,
    /// `[checkpoint]`: how often all of a run is saved.
    pub checkpoint: CheckpointSection,
}

/// `[environment]`: an id, and options that depend on it.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
pub struct EnvironmentSection {
    /// The environment, by Gymnasium's id.
    pub id: String,
    /// All other keys: the environment's options.
    #[schemars(flatten, with = "BTreeMap<String, serde_json::Value>")]
    pub options: EnvOptions,
}

impl<'de> Deserialize<'de> for EnvironmentSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut keys = BTreeMap::<String, OptionValue>::deserialize(deserializer)?;
        match keys.remove("id") {
            Some(OptionValue::Text(id)) => Ok(Self { id, options: keys.into_iter().collect() }),
            Some(other) => {
                Err(D::Error::custom(format_args!("id = {other} is not allowed: it must be text in quotes")))
            }
            None => Err(D::Error::missing_field("id")),
        }
    }
}

/// `[transfer]`: what a new run takes over from another one. Parts are named by the beginning of their weights' names, as
/// `torso` or `advantage.2`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferSection {
    /// A run's folder (the best evaluation's weights are taken), a checkpoint's folder, or a safetensors file with weights
    /// named as here; PyTorch's will do. A run that is resumed does not look at it again.
    #[serde(default)]
    pub init_from: Option<PathBuf>,
    /// The parts that are taken over; all, where it is not given. The others start fresh.
    #[serde(default)]
    pub parts: Option<Vec<String>>,
    /// Parts that are not trained: they keep their bits, and the optimizer holds no state for them.
    #[serde(default)]
    pub freeze: Vec<String>,
}

/// `[training]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingSection {
    /// The root of all randomness of the run: the same seed gives the same run.
    pub seed: u64,
    /// Agent steps of the whole run, those of all environments together.
    #[schemars(range(min = 1))]
    pub steps: u64,
    /// Episodes after which the run ends, if its steps have not ended it before; without them only the steps do.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub episodes: Option<u64>,
    /// Environments that play at the same time.
    #[schemars(range(min = 1, max = MAX_ENVIRONMENTS))]
    pub environments: usize,
    /// Transitions in a batch, no more than fit into the replay.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub batch_size: Option<usize>,
    /// When learning starts; no update is made before the replay holds a batch, however it is said.
    #[serde(default)]
    pub learning_starts: Option<LearningStarts>,
    /// Agent steps, those of all environments together, from one round of updates to the next.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub update_every: Option<u64>,
    /// Updates in a round; 1 where it is not given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub gradient_steps: Option<u64>,
    /// Agent steps that are played while the updates due before them are made, with the weights that there were when these
    /// updates began; 0 for playing and learning in turn. What is played is learned from after that. A multiple of
    /// `environments`.
    #[serde(default)]
    #[schemars(range(max = MAX_CONCURRENT_STEPS))]
    pub concurrent_steps: u64,
    /// Agent steps between two rows of means in `metrics.csv`.
    #[schemars(range(min = 1))]
    pub log_every: u64,
    /// Agent steps between two histograms of all weights and gradients for TensorBoard; 0 for none.
    #[serde(default)]
    pub histograms_every: u64,
}

/// `[evaluation]`: greedy, whole games, unclipped, in environments of its own.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationSection {
    /// Agent steps or episodes between two evaluations; 0 for none.
    pub every: Every,
    /// Episodes of an evaluation.
    #[schemars(range(min = 1))]
    pub episodes: usize,
    /// Environments that play them at the same time, no more than `episodes`.
    #[schemars(range(min = 1, max = MAX_ENVIRONMENTS))]
    pub environments: usize,
    /// Probability of a random action; 0 is greedy.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub epsilon: f64,
    /// A video is made of an episode of the first evaluation and of every so many; 0 for none.
    #[serde(default)]
    pub record_every: u64,
    /// Training ends when an evaluation's mean return reaches this.
    #[serde(default)]
    pub stop_at: Option<f64>,
    /// `[evaluation.environment]`: options in place of those of `[environment]`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub environment: EnvOptions,
}

/// `[checkpoint]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointSection {
    /// Agent steps between two checkpoints; 0 for only one at the end.
    pub every: u64,
    /// How many are kept; with two, a damaged one costs only the steps since the one before it.
    #[schemars(range(min = 1))]
    pub keep: usize,
}

/// The most environments at once: more is taken for a slip of the hand.
const MAX_ENVIRONMENTS: usize = 4096;
/// The most steps that are held back from the agent.
const MAX_CONCURRENT_STEPS: u64 = 65_536;

impl Experiment {
    /// The evaluation's environment: the training's, with its own options in their place.
    pub fn evaluation_environment(&self) -> EnvironmentSection {
        let mut section = self.environment.clone();
        for (name, value) in self.evaluation.environment.iter() {
            section.options.insert(name, value.clone());
        }
        section
    }

    /// What stands outside `[agent]` and belongs to its algorithm.
    pub fn shared(&self) -> SharedSettings<'_> {
        let TrainingSection { batch_size, learning_starts, update_every, gradient_steps, concurrent_steps, .. } =
            self.training;
        let (exploration, replay) = (self.exploration.as_ref(), self.replay.as_ref());
        SharedSettings {
            exploration,
            replay,
            batch_size,
            learning_starts,
            update_every,
            gradient_steps,
            concurrent_steps,
        }
    }

    /// How the agent is judged, in words.
    pub fn protocol(&self) -> String {
        let EvaluationSection { episodes, epsilon, .. } = self.evaluation;
        let EnvironmentSection { id, options } = self.evaluation_environment();
        let actions = if epsilon == 0.0 { "greedy".to_owned() } else { format!("epsilon {epsilon}") };
        let options: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
        format!("{actions}, {episodes} whole episodes, unclipped, {id}{options}")
    }

    /// Checks every value that can be checked without making an environment.
    ///
    /// # Errors
    ///
    /// The first key whose value is not allowed.
    pub fn validate(&self) -> Result<(), KeyProblem> {
        let name_fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let named = !self.name.is_empty() && self.name.chars().all(name_fits) && !self.name.starts_with('.');
        check(named, "name", format_args!("{:?}", self.name), "letters, digits, - and _: it becomes a folder's name")?;
        self.network.validate().map_err(|error| of_net(error, "network"))?;
        self.optimizer.validate().map_err(|error| of_net(error, "optimizer"))?;
        self.transfer.validate()?;
        self.training.validate()?;
        self.agent.check(&self.shared(), self.training.environments).map_err(of_setting)?;
        self.evaluation.validate()?;
        check(self.checkpoint.keep >= 1, "checkpoint.keep", self.checkpoint.keep, "at least 1")
    }
}

impl TransferSection {
    fn validate(&self) -> Result<(), KeyProblem> {
        if self.parts.is_some() && self.init_from.is_none() {
            return Err(KeyProblem::new("transfer.init_from", Problem::Missing));
        }
        let nothing = self.parts.as_ref().is_some_and(Vec::is_empty);
        check(!nothing, "transfer.parts", "[]", "parts of the network, as [\"torso\"]")
    }
}

impl TrainingSection {
    fn validate(&self) -> Result<(), KeyProblem> {
        let &Self { steps, episodes, environments, concurrent_steps, log_every, .. } = self;
        check(steps >= 1, "training.steps", steps, "at least 1")?;
        check(episodes != Some(0), "training.episodes", 0, "at least 1")?;
        let possible = (1..=MAX_ENVIRONMENTS).contains(&environments);
        check(possible, "training.environments", environments, &format!("from 1 to {MAX_ENVIRONMENTS}"))?;
        let whole = concurrent_steps.is_multiple_of(environments as u64) && concurrent_steps <= MAX_CONCURRENT_STEPS;
        let allowed = format!("a multiple of training.environments = {environments}, at most {MAX_CONCURRENT_STEPS}");
        check(whole, "training.concurrent_steps", concurrent_steps, &allowed)?;
        check(log_every >= 1, "training.log_every", log_every, "at least 1")
    }
}

impl EvaluationSection {
    /// Whether a video is made of an evaluation when a run stands at `counters`: of the `first` one, which shows an agent that
    /// has learned next to nothing, and of every so many.
    pub(crate) fn is_recorded(&self, counters: &Counters, first: bool) -> bool {
        self.record_every > 0 && (first || self.every.times(counters).is_multiple_of(self.record_every))
    }

    fn validate(&self) -> Result<(), KeyProblem> {
        let &Self { episodes, environments, epsilon, stop_at, .. } = self;
        check(episodes >= 1, "evaluation.episodes", episodes, "at least 1")?;
        let possible = (1..=episodes.min(MAX_ENVIRONMENTS)).contains(&environments);
        check(possible, "evaluation.environments", environments, "at least 1 and at most evaluation.episodes")?;
        check((0.0..=1.0).contains(&epsilon), "evaluation.epsilon", epsilon, "a probability, from 0 to 1")?;
        let stop = stop_at.unwrap_or_default();
        check(!stop.is_nan(), "evaluation.stop_at", stop, "a number")
    }
}

fn check(holds: bool, key: &str, found: impl std::fmt::Display, allowed: &str) -> Result<(), KeyProblem> {
    if holds { Ok(()) } else { Err(KeyProblem::invalid(key, found, allowed)) }
}

/// What is wrong with the settings of an agent.
pub(crate) fn of_setting(error: SettingError) -> KeyProblem {
    match error {
        SettingError::Missing { key } => KeyProblem::new(key, Problem::Missing),
        SettingError::Unfit { key, reason } => KeyProblem::new(key, Problem::Other(reason)),
        SettingError::Value { section, error: SpecError { key, value, allowed } } => {
            KeyProblem::invalid(&format!("{section}.{key}"), value, allowed)
        }
    }
}

/// Where the settings of agents stand in the file.
pub(crate) fn of_agent(error: SpecError) -> KeyProblem {
    let section = match error.key {
        "batch_size" | "learning_starts" | "update_every" | "gradient_steps" => "training",
        _ => "agent",
    };
    KeyProblem::invalid(&format!("{section}.{}", error.key), error.value, error.allowed)
}

/// A problem that the nets crate found in one of its sections.
pub(crate) fn of_net(error: NetError, section: &str) -> KeyProblem {
    // A layer is named as `network.torso.hidden[0]`.
    let dotted = |key: &str| key.replace('[', ".").replace(']', "");
    match error {
        NetError::Spec { key, reason } => KeyProblem::new(&dotted(&key), Problem::Other(reason)),
        NetError::Value { key, value, allowed } => KeyProblem::invalid(&dotted(&key), value, allowed),
        error => KeyProblem::new(section, Problem::Other(error.to_string())),
    }
}
