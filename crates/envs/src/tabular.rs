//! Tasks of few states, given as a table of what each action leads to.

use std::fmt;
use std::sync::Arc;

use image::RgbImage;

use crate::preconditions::{self, Phase};
use crate::{Discrete, Env, EnvError, NumpyRng, ObservationSpace, Reset, Status, Step};

/// One of the things that an action in a state may lead to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How likely it is; the outcomes of an action sum to 1.
    pub probability: f64,
    /// The next state.
    pub state: usize,
    /// The reward.
    pub reward: f64,
    /// Whether the episode terminates.
    pub terminated: bool,
}

/// A finite Markov decision process: what Gymnasium's toy-text environments keep in `P` and
/// `initial_state_distrib`. Value iteration and other exact methods work on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    actions: usize,
    /// By state, then by action.
    outcomes: Vec<Vec<Outcome>>,
    /// The probability of each state at the start.
    start: Vec<f64>,
}

impl Model {
    /// The model of `states` states and `actions` actions in which `outcomes` says what an action leads to, and
    /// episodes start in one of `starts`, each as likely as the other.
    pub(crate) fn new(
        states: usize,
        actions: usize,
        outcomes: impl Fn(usize, usize) -> Vec<Outcome>,
        starts: &[usize],
    ) -> Self {
        let mut start = vec![0.0; states];
        for &state in starts {
            start[state] = 1.0 / starts.len() as f64;
        }
        let outcomes = (0..states * actions).map(|i| outcomes(i / actions, i % actions)).collect();
        Self { actions, outcomes, start }
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.outcomes.len() / self.actions
    }

    /// How many actions there are, in each state.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// What an action in a state leads to; nothing where one of them does not exist.
    pub fn outcomes(&self, state: usize, action: usize) -> &[Outcome] {
        let row = if action < self.actions { self.outcomes.get(state * self.actions + action) } else { None };
        row.map_or(&[], Vec::as_slice)
    }

    /// How likely an episode starts in each state.
    pub fn start(&self) -> &[f64] {
        &self.start
    }
}

/// Draws a state.
type Draw = Arc<dyn Fn(usize) -> RgbImage + Send + Sync>;

/// An environment that a [`Model`] says all about: [`CliffWalking`](crate::CliffWalking) and
/// [`FrozenLake`](crate::FrozenLake) make them.
///
/// The observation is the number of the state, as one `f32`; [`OneHot`](crate::OneHot) makes a vector of it.
///
/// The generator of a new environment is that of seed 0. Every reset and every step draws one number, also where only
/// one thing can happen, as in Gymnasium.
#[derive(Clone)]
pub struct Tabular {
    id: &'static str,
    space: ObservationSpace<f32>,
    actions: Discrete,
    model: Arc<Model>,
    draw: Draw,
    rng: NumpyRng,
    state: usize,
    phase: Phase,
}

impl Tabular {
    pub(crate) fn new(
        id: &'static str,
        actions: Discrete,
        model: Model,
        draw: impl Fn(usize) -> RgbImage + Send + Sync + 'static,
    ) -> Self {
        Self {
            id,
            space: ObservationSpace::discrete(Discrete::new(model.states().max(1))),
            actions,
            model: Arc::new(model),
            draw: Arc::new(draw),
            rng: NumpyRng::new(0),
            state: 0,
            phase: Phase::Unstarted,
        }
    }

    /// What every action in every state leads to.
    pub fn model(&self) -> &Model {
        &self.model
    }

    fn observe(&self, observation: &mut [f32]) {
        observation[0] = self.state as f32;
    }
}

impl fmt::Debug for Tabular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tabular").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Env for Tabular {
    type Element = f32;

    fn id(&self) -> &str {
        self.id
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.state = self.rng.categorical(self.model.start().iter().copied());
        self.phase = Phase::Running;
        self.observe(observation);
        Ok(())
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        preconditions::step(self, self.phase.is_running(), action, observation)?;
        let outcomes = self.model.outcomes(self.state, action);
        let outcome = outcomes[self.rng.categorical(outcomes.iter().map(|outcome| outcome.probability))];
        self.state = outcome.state;
        self.observe(observation);
        let status = if outcome.terminated { Status::Terminated } else { Status::Running };
        self.phase = status.into();
        Ok(Step::new(outcome.reward, status))
    }

    fn steps_per_second(&self) -> f64 {
        4.0
    }

    fn turn_based(&self) -> bool {
        true
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.phase.has_started())?;
        Ok((self.draw)(self.state))
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = preconditions::generator(self, state)?;
        self.phase = Phase::Unstarted;
        Ok(())
    }
}
