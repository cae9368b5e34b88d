//! The training loop, as an iterator of events.
//!
//! [`Training`] owns the environments, the agent and their counters, and does one thing at a time: a step of all
//! environments, an update; or both at the same time, in portions of a fixed size. What it does it says as an [`Event`];
//! whoever drives it logs, evaluates and writes checkpoints between two events, without the loop knowing. At every event
//! from [`Event::LogDue`] on the state is one from which a run can go on.

mod event;
mod playing;
mod state;

use std::collections::VecDeque;

use deepq_agents::{Agent, AgentError, Counters, UpdateReport};
use deepq_envs::{BoxedEnv, Element, EnvError, Journal, Reset, Seeds, VectorEnv};
use deepq_replay::Transition;
use thiserror::Error;

pub use event::{Episode, Event, View};
pub(crate) use playing::Stopwatches;
use playing::{PlayError, Played, Playground};
pub use state::TrainingState;

use deepq_runs::Finished;

use crate::config::{EvaluationSection, Every, TrainingSection};
use crate::evaluation::Evaluation;

/// Why training cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// An environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The agent failed: among others [`AgentError::Diverged`].
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A state that does not belong to this experiment.
    #[error("this state does not fit the experiment: {0}")]
    State(String),
    /// Playing while learning was asked of an agent that cannot.
    #[error("this agent cannot learn while it plays: training.concurrent_steps must be 0")]
    NotConcurrent,
}

impl From<PlayError> for TrainingError {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Env(error) => Self::Env(error),
            PlayError::Agent(error) => Self::Agent(error),
        }
    }
}

/// How long a run is, and how often something is due, in agent steps; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Agent steps of the whole run.
    pub steps: u64,
    /// Played while the updates due before them are made; 0 for playing and learning in turn.
    pub concurrent_steps: u64,
    /// Episodes after which it ends, if the steps have not ended it before.
    pub episodes: Option<u64>,
    /// Between two rows of means.
    pub log_every: u64,
    /// Between two histograms.
    pub histograms_every: u64,
    /// Between two evaluations.
    pub evaluate_every: Every,
    /// Between two checkpoints.
    pub checkpoint_every: u64,
    /// Training ends when an evaluation's mean reaches this.
    pub stop_at: Option<f64>,
}

impl Plan {
    /// The plan of an experiment.
    pub fn new(training: &TrainingSection, evaluation: &EvaluationSection, checkpoint_every: u64) -> Self {
        let &TrainingSection { steps, episodes, concurrent_steps, log_every, histograms_every, .. } = training;
        let &EvaluationSection { every: evaluate_every, stop_at, .. } = evaluation;
        Self {
            steps,
            episodes,
            concurrent_steps,
            log_every,
            histograms_every,
            evaluate_every,
            checkpoint_every,
            stop_at,
        }
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Every environment takes a step; or several, while updates are made.
    Playing,
    /// The updates that the step made due.
    Learning,
    /// Rows of means, histograms.
    Logging,
    /// An evaluation, if one is due.
    Evaluating,
    /// A checkpoint, if one is due, and perhaps the end.
    Closing,
    /// Nothing.
    Over,
}

/// A training run that happens as its events are asked for.
pub struct Training<E: Element> {
    plan: Plan,
    playground: Playground<E>,
    agent: Box<dyn Agent<E>>,
    /// Agent steps before the latest ones were played.
    played_from: u64,
    /// The running game of each environment.
    games: Vec<Episode>,
    frames: u64,
    /// Episodes that had ended at the last evaluation.
    evaluated_episodes: u64,
    last_evaluation: Option<Evaluation>,
    best_evaluation: Option<Evaluation>,
    phase: Phase,
    happened: VecDeque<Event>,
    stopping: bool,
    /// The agent step of the newest checkpoint asked for.
    checkpointed_at: Option<u64>,
}

impl<E: Element> Training<E> {
    /// A run at its first step: every environment is reset with a seed of its own, `train/env/0` and so on.
    ///
    /// # Errors
    ///
    /// If the environments do not fit each other, or the agent does not fit them.
    pub fn new(
        plan: Plan,
        environments: Vec<BoxedEnv<E>>,
        agent: Box<dyn Agent<E>>,
        seeds: &Seeds,
    ) -> Result<Self, TrainingError> {
        let mut training = Self::without_start(plan, environments, agent)?;
        let len = training.observation_len();
        let Playground { environments, observations, .. } = &mut training.playground;
        let resets: Vec<Reset> =
            (0..environments.len()).map(|i| Reset::seeded(seeds.seed(&format!("train/env/{i}")))).collect();
        environments.reset(&resets, observations)?;
        for (stream, observation) in observations.chunks_exact(len).enumerate() {
            training.agent.begin_episode(stream, observation)?;
        }
        Ok(training)
    }

    /// A run whose environments have not been reset yet.
    fn without_start(
        plan: Plan,
        environments: Vec<BoxedEnv<E>>,
        agent: Box<dyn Agent<E>>,
    ) -> Result<Self, TrainingError> {
        let environments = VectorEnv::new(environments.into_iter().map(Journal::new).collect())?;
        let games = vec![Episode::default(); environments.len()];
        Ok(Self {
            plan,
            playground: Playground::new(environments),
            agent,
            played_from: 0,
            games,
            frames: 0,
            evaluated_episodes: 0,
            last_evaluation: None,
            best_evaluation: None,
            phase: Phase::Playing,
            happened: VecDeque::new(),
            stopping: false,
            checkpointed_at: None,
        })
    }

    /// Where the run stands.
    pub fn view(&self) -> View<'_> {
        View {
            counters: self.agent.counters(),
            budget: self.plan.steps,
            episode_budget: self.plan.episodes,
            exploration: self.agent.exploration(),
            parameters: self.agent.parameters(),
            gradients: self.agent.gradients(),
        }
    }

    /// The agent.
    pub fn agent(&self) -> &dyn Agent<E> {
        &*self.agent
    }

    /// Emulator frames so far; steps of the environments, where they have no frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The last evaluation that [`evaluated`](Self::evaluated) was told.
    pub fn last_evaluation(&self) -> Option<&Evaluation> {
        self.last_evaluation.as_ref()
    }

    /// The best of them.
    pub fn best_evaluation(&self) -> Option<&Evaluation> {
        self.best_evaluation.as_ref()
    }

    /// Asks the run to end: what is under way is finished, a checkpoint becomes due, then the run is over.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Tells the result of the evaluation that was due. Says whether it is the best so far.
    pub fn evaluated(&mut self, evaluation: Evaluation) -> bool {
        let best = self.best_evaluation.as_ref().is_none_or(|best| evaluation.mean() > best.mean());
        if best {
            self.best_evaluation = Some(evaluation.clone());
        }
        self.evaluated_episodes = self.agent.counters().episodes;
        self.last_evaluation = Some(evaluation);
        best
    }

    fn observation_len(&self) -> usize {
        self.playground.environments.observation_space().len()
    }

    /// The time that each part of it took until now.
    pub(crate) fn stopwatches(&self) -> &Stopwatches {
        &self.playground.stopwatches
    }

    /// Act, see what it led to, store it; and meanwhile perhaps learn.
    fn play(&mut self) -> Result<(), TrainingError> {
        self.played_from = self.agent.counters().agent_steps;
        let mut updates = Vec::new();
        match self.plan.concurrent_steps / self.playground.environments.len() as u64 {
            0 => self.playground.play(&mut *self.agent)?,
            steps => {
                let learned = self.playground.play_and_learn(steps as usize, &mut *self.agent)?;
                updates = learned.ok_or(TrainingError::NotConcurrent)?;
            }
        }
        let played = std::mem::take(&mut self.playground.played);
        let storing = self.stopwatches().storing.clone();
        storing.time(|| played.iter().try_for_each(|played| self.store(played)))?;
        self.playground.played = played;
        self.happened.extend(updates.into_iter().map(Event::Updated));
        Ok(())
    }

    /// Tells the agent what a step of all environments led to.
    fn store(&mut self, played: &Played<E>) -> Result<(), TrainingError> {
        self.happened.push_back(Event::Stepped);
        let len = self.observation_len();
        for (stream, step) in played.step.steps.iter().enumerate() {
            let row = stream * len..(stream + 1) * len;
            let next_observation = &played.step.observations[row.clone()];
            let end = step.end();
            let led_to = if end.is_over() { &played.step.final_observations[row] } else { next_observation };
            let action = played.actions[stream] as u32;
            let reward = step.reward as f32;
            self.agent.observe(stream, &Transition { action, reward, next_observation: led_to, end })?;

            self.frames += u64::from(step.frames);
            let game = &mut self.games[stream];
            game.total += step.reward;
            game.length += 1;
            if end.is_over() {
                self.happened.push_back(Event::EpisodeEnded(std::mem::take(game)));
                self.agent.begin_episode(stream, next_observation)?;
            }
        }
        Ok(())
    }

    fn learn(&mut self) -> Result<Option<UpdateReport>, TrainingError> {
        let Self { playground, agent, .. } = self;
        Ok(playground.stopwatches.learning.time(|| agent.learn())?)
    }

    /// Whether the latest steps reached or passed a multiple of `every`.
    fn passed(&self, every: u64) -> bool {
        let now = self.agent.counters().agent_steps;
        every > 0 && now / every > self.played_from / every
    }

    fn budget_is_spent(&self) -> bool {
        self.agent.counters().agent_steps >= self.plan.steps || self.episodes_are_spent()
    }

    fn episodes_are_spent(&self) -> bool {
        self.plan.episodes.is_some_and(|episodes| self.agent.counters().episodes >= episodes)
    }

    /// Whether an evaluation should have taken place by now and has not.
    fn evaluation_is_due(&self) -> bool {
        let (now, every) = (self.agent.counters(), self.plan.evaluate_every);
        let agent_steps = self.last_evaluation.as_ref().map_or(0, |evaluation| evaluation.at_step);
        let then = Counters { agent_steps, episodes: self.evaluated_episodes, updates: 0 };
        let missed = self.budget_is_spent() && now.agent_steps > agent_steps;
        !every.is_never() && (every.times(&now) > every.times(&then) || missed)
    }

    /// Why the run ends here, if it does.
    fn end(&self) -> Option<Finished> {
        let reached = |stop_at| self.last_evaluation.as_ref().is_some_and(|evaluation| evaluation.mean() >= stop_at);
        if self.plan.stop_at.is_some_and(reached) {
            Some(Finished::Threshold)
        } else if self.budget_is_spent() {
            // Also when asked to stop: there is nothing left to stop, unless its evaluation was.
            let spent = if self.episodes_are_spent() { Finished::Episodes } else { Finished::Steps };
            Some(if self.evaluation_is_due() { Finished::Interrupted } else { spent })
        } else {
            self.stopping.then_some(Finished::Interrupted)
        }
    }

    /// Does what comes next.
    fn advance(&mut self) -> Result<(), TrainingError> {
        match self.phase {
            Phase::Playing => {
                self.phase = if self.plan.concurrent_steps > 0 { Phase::Logging } else { Phase::Learning };
                self.play()?;
            }
            Phase::Learning => match self.learn()? {
                Some(report) => self.happened.push_back(Event::Updated(report)),
                None => self.phase = Phase::Logging,
            },
            Phase::Logging => {
                self.phase = Phase::Evaluating;
                for (every, event) in
                    [(self.plan.log_every, Event::LogDue), (self.plan.histograms_every, Event::HistogramsDue)]
                {
                    if self.passed(every) {
                        self.happened.push_back(event);
                    }
                }
            }
            Phase::Evaluating => {
                self.phase = Phase::Closing;
                if !self.stopping && self.evaluation_is_due() {
                    self.happened.push_back(Event::EvaluationDue);
                }
            }
            Phase::Closing => {
                let end = self.end();
                let now = Some(self.agent.counters().agent_steps);
                if (self.passed(self.plan.checkpoint_every) || end.is_some()) && self.checkpointed_at != now {
                    self.checkpointed_at = now;
                    self.happened.push_back(Event::CheckpointDue);
                }
                self.phase = if end.is_some() { Phase::Over } else { Phase::Playing };
                self.happened.extend(end.map(Event::Finished));
            }
            Phase::Over => {}
        }
        Ok(())
    }

    /// The counters, for messages.
    pub fn counters(&self) -> Counters {
        self.agent.counters()
    }
}

impl<E: Element> Iterator for Training<E> {
    type Item = Result<Event, TrainingError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.happened.is_empty() && self.phase != Phase::Over {
            if let Err(error) = self.advance() {
                // What half happened is not a state to go on from.
                self.phase = Phase::Over;
                self.happened.clear();
                return Some(Err(error));
            }
        }
        self.happened.pop_front().map(Ok)
    }
}
