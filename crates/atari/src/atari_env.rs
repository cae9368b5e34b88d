//! Gymnasium's `AtariEnv`: a game as it is, with the coloured screen as the observation.

use std::time::Duration;

use deepq_envs::{
    Discrete, Env, EnvError, NumpyRng, ObservationSpace, Reset, SeedSequence, Status, Step, preconditions,
};
use image::RgbImage;

use crate::action::Action;
use crate::emulator::Emulator;
use crate::emulator_error::{EmulatorError, listed};
use crate::emulator_settings::EmulatorSettings;
use crate::roms::Rom;

/// How a game is played, with the names of Gymnasium's `AtariEnv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtariSettings {
    /// Frames that an action lasts; at least 1.
    pub frame_skip: u32,
    /// Probability that a frame repeats the action of the frame before it instead ("sticky actions"); 0 to 1.
    pub repeat_action_probability: f32,
    /// All 18 actions instead of those that matter in the game.
    pub full_action_space: bool,
    /// The game's mode; `None` for the one it starts in.
    pub mode: Option<u32>,
    /// The game's difficulty; `None` for the one it starts in.
    pub difficulty: Option<u32>,
    /// Frames after which an episode is truncated, no-ops at its start included; 0 for no limit.
    pub max_episode_frames: u32,
}

impl AtariSettings {
    fn emulator(&self) -> EmulatorSettings {
        EmulatorSettings {
            repeat_action_probability: self.repeat_action_probability,
            mode: self.mode,
            difficulty: self.difficulty,
            max_episode_frames: self.max_episode_frames,
        }
    }
}

/// A game as Gymnasium gives it: observations are the screen, `[height, width, 3]` bytes of red, green and blue.
#[derive(Debug)]
pub struct AtariEnv {
    id: String,
    emulator: Emulator,
    frame_skip: u32,
    /// Gymnasium's `np_random`: draws the no-ops at the start of an episode.
    rng: NumpyRng,
    actions: Vec<Action>,
    action_space: Discrete,
    observation_space: ObservationSpace<u8>,
    started: bool,
    running: bool,
}

impl AtariEnv {
    /// Makes a game. Until its first reset with a seed it is seeded with 0.
    ///
    /// # Errors
    ///
    /// [`EnvError::InvalidOption`] for a setting that the game does not have, [`EnvError::Backend`] if the emulator
    /// cannot work here.
    pub fn new(id: &str, rom: &Rom, settings: &AtariSettings) -> Result<Self, EnvError> {
        if settings.frame_skip == 0 {
            return Err(invalid(id, "frame_skip", &0, "an action lasts at least one frame"));
        }
        let emulator = Emulator::new(rom, settings.emulator()).map_err(|error| env_error(id, error))?;
        let actions = if settings.full_action_space { emulator.legal_actions() } else { emulator.minimal_actions() };
        let actions = actions.to_vec();
        let (height, width) = emulator.screen_size();
        let mut env = Self {
            id: id.into(),
            emulator,
            frame_skip: settings.frame_skip,
            rng: NumpyRng::new(0),
            action_space: Discrete::named(actions.iter().map(|action| action.meaning())),
            actions,
            observation_space: ObservationSpace::uniform(&[height, width, 3], 0, u8::MAX),
            started: false,
            running: false,
        };
        env.seed(0);
        Ok(env)
    }

    /// The emulator behind it.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Lives left; 0 in games without lives.
    pub fn lives(&self) -> u32 {
        self.emulator.lives()
    }

    /// Gymnasium's `seed_game`: two words for two generators.
    fn seed(&mut self, seed: u64) {
        let [ours, emulators] = SeedSequence::new(seed).words();
        self.rng = NumpyRng::new(ours.into());
        self.emulator.seed(emulators);
    }

    /// Starts the game from its beginning, with a seed or going on with the generators.
    pub(crate) fn start(&mut self, seed: Option<u64>) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.seed(seed);
        }
        self.emulator.reset().map_err(|error| env_error(&self.id, error))?;
        (self.started, self.running) = (true, true);
        Ok(())
    }

    /// The frames that an action lasts.
    pub(crate) fn frame_skip(&self) -> u32 {
        self.frame_skip
    }

    pub(crate) fn actions(&self) -> &[Action] {
        &self.actions
    }

    pub(crate) fn rng(&mut self) -> &mut NumpyRng {
        &mut self.rng
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    pub(crate) fn end(&mut self) {
        self.running = false;
    }

    /// Plays one frame.
    #[inline]
    pub(crate) fn act(&mut self, action: Action) -> i32 {
        self.emulator.act(action)
    }

    /// Whether the game goes on. Where it is over in the last frame that it may have, it is over.
    #[inline]
    pub(crate) fn status(&self) -> Status {
        if self.emulator.game_over() {
            Status::Terminated
        } else if self.emulator.truncated() {
            Status::Truncated
        } else {
            Status::Running
        }
    }
}

impl Env for AtariEnv {
    type Element = u8;

    fn id(&self) -> &str {
        &self.id
    }

    fn observation_space(&self) -> &ObservationSpace<u8> {
        &self.observation_space
    }

    fn action_space(&self) -> &Discrete {
        &self.action_space
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [u8]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        self.start(reset.seed)?;
        self.emulator.rgb(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [u8]) -> Result<Step, EnvError> {
        preconditions::step(self, self.running, action, observation)?;
        let action = self.actions[action];
        let before = self.emulator.episode_frames();
        // As Gymnasium, all frames of the skip are asked for, also after an end: each draws its repeated action.
        let reward = (0..self.frame_skip).map(|_| f64::from(self.emulator.act(action))).sum();
        let status = self.status();
        self.running = !status.is_over();
        self.emulator.rgb(observation);
        Ok(Step { reward, status, life_lost: false, frames: self.emulator.episode_frames() - before })
    }

    fn step_cost(&self) -> Duration {
        // The cheapest games; nothing depends on more than the order of magnitude.
        const FRAME: Duration = Duration::from_micros(50);
        FRAME * self.frame_skip
    }

    fn steps_per_second(&self) -> f64 {
        const FRAMES_PER_SECOND: f64 = 60.0;
        FRAMES_PER_SECOND / f64::from(self.frame_skip)
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.started)?;
        let (height, width) = self.emulator.screen_size();
        let mut picture = RgbImage::new(width as u32, height as u32);
        self.emulator.rgb(&mut picture);
        Ok(picture)
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        let mut state = self.rng.to_bytes();
        state.extend(self.emulator.snapshot());
        Ok(state)
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let capture = |reason: String| EnvError::Capture { env: self.id.clone(), reason };
        let own = self.rng.to_bytes().len();
        let (rng, snapshot) = state.split_at_checked(own).ok_or_else(|| capture("it is cut short".into()))?;
        let rng = NumpyRng::from_bytes(rng).map_err(|error| capture(error.to_string()))?;
        self.emulator.restore(snapshot).map_err(|error| capture(error.to_string()))?;
        self.rng = rng;
        (self.started, self.running) = (false, false);
        Ok(())
    }
}

pub(crate) fn invalid(env: &str, option: &str, value: &dyn ToString, reason: impl Into<String>) -> EnvError {
    EnvError::InvalidOption { env: env.into(), option: option.into(), value: value.to_string(), reason: reason.into() }
}

fn env_error(env: &str, error: EmulatorError) -> EnvError {
    match error {
        EmulatorError::Mode { mode, available, .. } => {
            invalid(env, "mode", &mode, format!("the game has {}", listed(&available)))
        }
        EmulatorError::Difficulty { difficulty, available, .. } => {
            invalid(env, "difficulty", &difficulty, format!("the game has {}", listed(&available)))
        }
        EmulatorError::Probability(value) => {
            invalid(env, "repeat_action_probability", &value, "it is a number from 0 to 1")
        }
        other => EnvError::Backend { env: env.into(), reason: other.to_string() },
    }
}
