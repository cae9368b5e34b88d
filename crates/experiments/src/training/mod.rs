//! The training loop, as an iterator of events.
//!
//! [`Training`] owns the environments, the agent and their counters, and does one thing at a time: a step of all
//! environments, an update. What it does it says as an [`Event`]; whoever drives it logs, evaluates and writes
//! checkpoints between two events, without the loop knowing. At every event from [`Event::LogDue`] on the state is one
//! from which a run can go on.

mod event;
mod state;

use std::collections::VecDeque;

use deepq_agents::{Agent, AgentError, Counters};
use deepq_envs::{BoxedEnv, Element, EnvError, Journal, Reset, Seeds, VectorEnv, VectorStep};
use deepq_replay::{End, Transition};
use thiserror::Error;

pub use event::{Episode, Event, View};
pub use state::TrainingState;

use crate::config::{EvaluationSection, TrainingSection};
use crate::evaluation::Evaluation;
use crate::run::Finished;

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
}

/// How long a run is, and how often something is due, in agent steps; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Agent steps of the whole run.
    pub steps: u64,
    /// Between two rows of means.
    pub log_every: u64,
    /// Between two histograms.
    pub histograms_every: u64,
    /// Between two evaluations.
    pub evaluate_every: u64,
    /// Between two checkpoints.
    pub checkpoint_every: u64,
    /// Training ends when an evaluation's mean reaches this.
    pub stop_at: Option<f64>,
}

impl Plan {
    /// The plan of an experiment.
    pub fn new(training: &TrainingSection, evaluation: &EvaluationSection, checkpoint_every: u64) -> Self {
        let &TrainingSection { steps, log_every, histograms_every, .. } = training;
        let &EvaluationSection { every: evaluate_every, stop_at, .. } = evaluation;
        Self { steps, log_every, histograms_every, evaluate_every, checkpoint_every, stop_at }
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Every environment takes a step.
    Acting,
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
    environments: VectorEnv<Journal<BoxedEnv<E>>>,
    agent: Box<dyn Agent<E>>,
    /// What the agent acts on next, one row an environment.
    observations: Vec<E>,
    actions: Vec<usize>,
    step: VectorStep<E>,
    /// The running game of each environment.
    games: Vec<Episode>,
    frames: u64,
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
        let resets: Vec<Reset> =
            (0..training.environments.len()).map(|i| Reset::seeded(seeds.seed(&format!("train/env/{i}")))).collect();
        training.environments.reset(&resets, &mut training.observations)?;
        let len = training.observation_len();
        for (stream, observation) in training.observations.chunks_exact(len).enumerate() {
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
        let n = environments.len();
        let len = environments.observation_space().len();
        Ok(Self {
            plan,
            environments,
            agent,
            observations: vec![E::default(); n * len],
            actions: vec![0; n],
            step: VectorStep::new(),
            games: vec![Episode::default(); n],
            frames: 0,
            last_evaluation: None,
            best_evaluation: None,
            phase: Phase::Acting,
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
        self.last_evaluation = Some(evaluation);
        best
    }

    fn observation_len(&self) -> usize {
        self.environments.observation_space().len()
    }

    /// Act, see what it led to, store it.
    fn act(&mut self) -> Result<(), TrainingError> {
        self.agent.act(&self.observations, &mut self.actions)?;
        self.environments.step(&self.actions, &mut self.step)?;
        let len = self.observation_len();
        for (stream, step) in self.step.steps.iter().enumerate() {
            let row = stream * len..(stream + 1) * len;
            let next_observation = &self.step.observations[row.clone()];
            let (end, led_to) = match step.status {
                deepq_envs::Status::Running if step.life_lost => (End::LifeLost, next_observation),
                deepq_envs::Status::Running => (End::Running, next_observation),
                deepq_envs::Status::Terminated => (End::Terminated, &self.step.final_observations[row]),
                deepq_envs::Status::Truncated => (End::Truncated, &self.step.final_observations[row]),
            };
            let action = self.actions[stream] as u32;
            let reward = step.reward as f32;
            self.agent.observe(stream, &Transition { action, reward, next_observation: led_to, end })?;

            self.frames += u64::from(step.frames);
            let game = &mut self.games[stream];
            game.total += step.reward;
            game.length += 1;
            if end.over() {
                self.happened.push_back(Event::EpisodeEnded(std::mem::take(game)));
                self.agent.begin_episode(stream, next_observation)?;
            }
        }
        std::mem::swap(&mut self.observations, &mut self.step.observations);
        self.happened.push_front(Event::Stepped);
        Ok(())
    }

    /// Whether the latest step reached or passed a multiple of `every`.
    fn passed(&self, every: u64) -> bool {
        let now = self.agent.counters().agent_steps;
        let before = now.saturating_sub(self.environments.len() as u64);
        every > 0 && now / every > before / every
    }

    fn budget_is_spent(&self) -> bool {
        self.agent.counters().agent_steps >= self.plan.steps
    }

    /// Whether an evaluation should have taken place by now and has not.
    fn evaluation_is_due(&self) -> bool {
        let (now, every) = (self.agent.counters().agent_steps, self.plan.evaluate_every);
        let evaluated_at = self.last_evaluation.as_ref().map_or(0, |evaluation| evaluation.at_step);
        every > 0 && (now / every > evaluated_at / every || self.budget_is_spent() && now > evaluated_at)
    }

    /// Why the run ends here, if it does.
    fn end(&self) -> Option<Finished> {
        let reached = |stop_at| self.last_evaluation.as_ref().is_some_and(|evaluation| evaluation.mean() >= stop_at);
        if self.plan.stop_at.is_some_and(reached) {
            Some(Finished::Threshold)
        } else if self.budget_is_spent() {
            // Also when asked to stop: there is nothing left to stop, unless its evaluation was.
            Some(if self.evaluation_is_due() { Finished::Interrupted } else { Finished::Steps })
        } else {
            self.stopping.then_some(Finished::Interrupted)
        }
    }

    /// Does what comes next.
    fn advance(&mut self) -> Result<(), TrainingError> {
        match self.phase {
            Phase::Acting => {
                self.phase = Phase::Learning;
                self.act()?;
            }
            Phase::Learning => match self.agent.learn()? {
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
                self.phase = if end.is_some() { Phase::Over } else { Phase::Acting };
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
