//! How good is the agent? Whole games in environments of their own, by the experiment's protocol.
//!
//! Every episode has a seed of its own, derived by name from the root seed, the agent step and the episode's number. The
//! environments play in parallel, but which one plays which episode is fixed beforehand, so that no figure depends on
//! timing: the same weights at the same step give the same returns, in training and from a checkpoint.

mod episode;
mod protocol;

use std::time::Duration;

use deepq_agents::{Agent, AgentError};
use deepq_envs::{BoxedEnv, Element, Env, EnvError, Status};
use deepq_runs::EvaluationFigures;
pub(crate) use episode::Episode;
pub use protocol::Protocol;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The returns of an evaluation's episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The agent step at which the agent stood.
    pub at_step: u64,
    /// Undiscounted, unclipped return of each episode, in the episodes' order; at least one.
    pub returns: Vec<f64>,
    /// Agent steps of each episode.
    pub lengths: Vec<u64>,
}

impl Evaluation {
    /// Mean return.
    pub fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.returns.len() as f64
    }

    /// Standard deviation of the returns: of the population, as `numpy.std`.
    pub fn std(&self) -> f64 {
        let mean = self.mean();
        (self.returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / self.returns.len() as f64).sqrt()
    }

    /// The lowest return.
    pub fn min(&self) -> f64 {
        self.returns.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The highest return.
    pub fn max(&self) -> f64 {
        self.returns.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The median; of an even number of returns the mean of the middle two.
    pub fn median(&self) -> f64 {
        let mut sorted = self.returns.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
    }

    /// Mean length of the episodes, in agent steps.
    pub fn mean_length(&self) -> f64 {
        self.lengths.iter().sum::<u64>() as f64 / self.lengths.len() as f64
    }
}

impl From<&Evaluation> for EvaluationFigures {
    fn from(evaluation: &Evaluation) -> Self {
        Self {
            mean: evaluation.mean(),
            std: evaluation.std(),
            min: evaluation.min(),
            max: evaluation.max(),
            median: evaluation.median(),
            episodes: evaluation.returns.len(),
            at_step: evaluation.at_step,
        }
    }
}

/// Why an evaluation did not come to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Somebody asked to stop.
    #[error("the evaluation was interrupted")]
    Interrupted,
    /// An environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// Environments to evaluate in.
pub struct Evaluator<E: Element> {
    tables: Vec<Table<E>>,
    observation_len: usize,
    /// About what a step costs.
    step_cost: Duration,
    protocol: Protocol,
}

/// An environment, and the episode that is being played in it.
struct Table<E: Element> {
    env: BoxedEnv<E>,
    observation: Vec<E>,
    playing: Option<Episode>,
    actions: usize,
}

impl<E: Element> Evaluator<E> {
    /// Evaluations by this protocol in these environments, at least one.
    pub fn new(envs: Vec<BoxedEnv<E>>, protocol: Protocol) -> Self {
        let observation_len = envs.first().map_or(0, |env| env.observation_space().len());
        let step_cost = envs.first().map_or(Duration::ZERO, Env::step_cost);
        let table = |env: BoxedEnv<E>| {
            let actions = env.action_space().n();
            Table { env, observation: vec![E::default(); observation_len], playing: None, actions }
        };
        Self { tables: envs.into_iter().map(table).collect(), observation_len, step_cost, protocol }
    }

    /// Plays the protocol's episodes. Environment `i` of `n` plays episodes `i`, `i + n`, `i + 2n`, and so on.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::Interrupted`] soon after `stop` says so, or what an environment or the agent cannot do.
    pub fn evaluate(
        &mut self,
        agent: &dyn Agent<E>,
        at_step: u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Evaluation, EvaluationError> {
        let protocol = self.protocol;
        let episodes = protocol.episodes;
        let environments = self.tables.len();
        let mut evaluation = Evaluation { at_step, returns: vec![0.0; episodes], lengths: vec![0; episodes] };

        let start = |table: &mut Table<E>, number: usize| -> Result<(), EnvError> {
            table.playing = None;
            if number < episodes {
                let Table { env, observation, .. } = table;
                table.playing = Some(Episode::start(&protocol, at_step, number, env, observation)?);
            }
            Ok(())
        };
        let mut first: Vec<(usize, &mut Table<E>)> = self.tables.iter_mut().enumerate().collect();
        map(&mut first, self.step_cost * environments as u32 >= WORTH_THREADS, |(i, table)| start(table, *i))?;

        let mut observations = Vec::with_capacity(environments * self.observation_len);
        let mut actions = Vec::with_capacity(environments);
        loop {
            if stop() {
                return Err(EvaluationError::Interrupted);
            }
            observations.clear();
            for table in self.tables.iter().filter(|table| table.playing.is_some()) {
                observations.extend_from_slice(&table.observation);
            }
            if observations.is_empty() {
                return Ok(evaluation);
            }
            actions.clear();
            actions.resize(observations.len() / self.observation_len, 0);
            agent.greedy(&observations, &mut actions)?;

            let mut turns: Vec<(&mut Table<E>, usize)> =
                self.tables.iter_mut().filter(|table| table.playing.is_some()).zip(actions.iter().copied()).collect();
            let on_threads = turns.len() > 1 && self.step_cost * turns.len() as u32 >= WORTH_THREADS;
            let statuses = map(&mut turns, on_threads, |(table, best)| {
                let Table { env, observation, playing, actions } = &mut **table;
                let Some(episode) = playing else { return Ok(Status::Running) };
                let action = episode.choose(*best, *actions);
                Ok(episode.step(action, env, observation)?.status)
            })?;
            for ((table, _), status) in turns.into_iter().zip(statuses) {
                let Some(episode) = table.playing.as_ref().filter(|_| status.is_over()) else { continue };
                let number = episode.number;
                evaluation.returns[number] = episode.total;
                evaluation.lengths[number] = episode.length;
                start(table, number + environments)?;
            }
        }
    }
}

/// Less work than this is done sooner than other threads wake up.
const WORTH_THREADS: Duration = Duration::from_micros(40);

/// Does something with each item, on several threads or on this one; the results are in the items' order either way.
fn map<T: Send, R: Send>(
    items: &mut [T],
    on_threads: bool,
    f: impl Fn(&mut T) -> Result<R, EnvError> + Sync,
) -> Result<Vec<R>, EnvError> {
    if on_threads {
        let results: Vec<_> = items.par_iter_mut().map(&f).collect();
        results.into_iter().collect()
    } else {
        items.iter_mut().map(f).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.mean`, `std`, `median` of the same numbers.
    #[test]
    fn figures_are_numpys() {
        let evaluation = Evaluation { at_step: 1, returns: vec![3.0, -1.0, 4.0, 1.0], lengths: vec![1, 2, 3, 4] };
        assert_eq!(evaluation.mean(), 1.75);
        assert!((evaluation.std() - 1.920_286_436_967_152).abs() < 1e-15);
        assert_eq!((evaluation.min(), evaluation.median(), evaluation.max()), (-1.0, 2.0, 4.0));
        assert_eq!(evaluation.mean_length(), 2.5);
        assert_eq!(Evaluation { returns: vec![3.0, -1.0, 4.0, 1.0, 5.0], ..evaluation }.median(), 3.0);
    }
}
