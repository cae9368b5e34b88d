//! A training run as a value, and back.

use deepq_agents::{Agent, AgentState, Counters};
use deepq_envs::{BoxedEnv, Capture, Element, Journal};
use deepq_runs::{Digest, HashingWriter};
use serde::{Deserialize, Serialize};

use super::{Episode, Phase, Plan, Playground, Training, TrainingError};
use crate::evaluation::Evaluation;

/// Everything that a run's future depends on beside the agent: what a checkpoint holds of the loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingState {
    /// The agent's counters, for whoever looks at the checkpoint.
    pub counters: Counters,
    /// Emulator frames so far.
    pub frames: u64,
    /// The running game of each environment.
    pub games: Vec<Episode>,
    /// Episodes that had ended at the last evaluation.
    #[serde(default)]
    pub evaluated_episodes: u64,
    /// The last evaluation.
    pub last_evaluation: Option<Evaluation>,
    /// The best evaluation.
    pub best_evaluation: Option<Evaluation>,
}

impl<E: Element> Training<E> {
    /// The state of the loop.
    pub fn state(&self) -> TrainingState {
        TrainingState {
            counters: self.agent.counters(),
            frames: self.frames,
            games: self.games.clone(),
            evaluated_episodes: self.evaluated_episodes,
            last_evaluation: self.last_evaluation.clone(),
            best_evaluation: self.best_evaluation.clone(),
        }
    }

    /// The state of each environment.
    ///
    /// # Errors
    ///
    /// If an environment cannot give it.
    pub fn captures(&self) -> Result<Vec<Capture>, TrainingError> {
        Ok(self.playground.environments.envs().iter().map(Journal::capture).collect::<Result<_, _>>()?)
    }

    /// A run that goes on from a state. The agent is in its state already, its replay included.
    ///
    /// # Errors
    ///
    /// If state and captures do not fit the environments.
    pub fn resume(
        plan: Plan,
        environments: Vec<BoxedEnv<E>>,
        agent: Box<dyn Agent<E>>,
        state: TrainingState,
        captures: &[Capture],
    ) -> Result<Self, TrainingError> {
        let mut training = Self::without_start(plan, environments, agent)?;
        let n = training.playground.environments.len();
        if captures.len() != n || state.games.len() != n {
            let message = format!("it has {} environments, the experiment {n}", captures.len());
            return Err(TrainingError::State(message));
        }
        if state.counters != training.agent.counters() {
            return Err(TrainingError::State("its counters are not the agent's".to_owned()));
        }
        let len = training.observation_len();
        let Playground { environments, observations, .. } = &mut training.playground;
        let rows = observations.chunks_exact_mut(len);
        for ((env, capture), observation) in environments.envs_mut().iter_mut().zip(captures).zip(rows) {
            env.restore(capture, observation)?;
        }
        let TrainingState { counters, frames, games, evaluated_episodes, last_evaluation, best_evaluation } = state;
        training.frames = frames;
        training.games = games;
        training.evaluated_episodes = evaluated_episodes;
        training.last_evaluation = last_evaluation;
        training.best_evaluation = best_evaluation;
        // Rows of means were written before the checkpoint; an evaluation may have been interrupted.
        let portion = plan.concurrent_steps.max(n as u64);
        training.played_from = counters.agent_steps.saturating_sub(portion);
        training.phase = Phase::Evaluating;
        if !training.evaluation_is_due() {
            training.checkpointed_at = Some(counters.agent_steps);
        }
        Ok(training)
    }

    /// SHA-256 over everything that the run's future depends on: the agent's state, weights, target and optimizer
    /// included, its replay memory, the environments with what they show, and the counters. What was evaluated does not
    /// belong to it.
    ///
    /// # Errors
    ///
    /// If a part cannot give its state.
    pub fn digest(&self) -> Result<String, TrainingError> {
        let mut contents = HashingWriter::new(std::io::sink());
        self.agent.save_replay(&mut contents)?;
        let (_, replay, _) = contents.finish();
        self.digest_of(&self.agent.state()?, &self.captures()?, &replay)
    }

    /// The digest, of parts that a checkpoint has at hand.
    pub(crate) fn digest_of(
        &self,
        agent: &AgentState,
        captures: &[Capture],
        replay: &str,
    ) -> Result<String, TrainingError> {
        let json = |error: serde_json::Error| TrainingError::State(error.to_string());
        let mut digest = Digest::new();
        digest.part("agent", agent.document.as_bytes());
        for (name, tensor) in &agent.tensors {
            let values = tensor.flatten_all().and_then(|values| values.to_vec1::<f32>());
            let values = values.map_err(|error| TrainingError::State(error.to_string()))?;
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            digest.part(&format!("{name} {:?}", tensor.dims()), &bytes);
        }
        digest.part("replay", replay.as_bytes());
        digest.part("environments", &serde_json::to_vec(captures).map_err(json)?);
        // What the environments' states lead to: were they to be played again and end elsewhere, this would tell.
        digest.part("observations", bytemuck::cast_slice(&self.playground.observations));
        digest.part("games", &serde_json::to_vec(&self.games).map_err(json)?);
        digest.part("frames", &self.frames.to_le_bytes());
        Ok(digest.finish())
    }
}
