//! Gymnasium's `AtariPreprocessing`, and what training wants besides.

use std::time::Duration;

use deepq_envs::{Discrete, Env, EnvError, ObservationSpace, Reset, Status, Step, life_is_lost, preconditions};
use image::RgbImage;

use crate::action::Action;
use crate::atari_env::{AtariEnv, AtariSettings, invalid};
use crate::resize::{Resize, Size};
use crate::roms::Rom;

/// What is done to a game before an agent sees it.
///
/// `noop_max`, `screen_size`, `terminal_on_life_loss` and `grayscale` are Gymnasium's `AtariPreprocessing`, whose
/// `frame_skip` is [`AtariSettings::frame_skip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preprocessing {
    /// An episode starts with a random number of frames without action, 1 to this; 0 for none.
    pub noop_max: u32,
    /// Height and width of the observation; not more than the screen's.
    pub screen_size: Size,
    /// One plane of grey instead of three of red, green and blue.
    pub grayscale: bool,
    /// A lost life terminates the episode, and the next reset starts the game anew.
    pub terminal_on_life_loss: bool,
    /// A lost life is reported in [`Step::life_lost`], and the game goes on: bootstrapping stops there, and what the
    /// agent sees as an episode may (`EpisodicLifeEnv` of OpenAI's baselines).
    pub life_loss_ends_episode: bool,
    /// Where the game has a FIRE action, it is pressed when play starts, and then the action after it, each for a frame
    /// skip: after a reset (`FireResetEnv` of OpenAI's baselines), and after a lost life, where many games wait for it
    /// too. What is won meanwhile counts for the step that lost the life.
    pub fire_on_reset: bool,
}

/// A game with small, grey screens: observations are bytes of shape `[height, width]`, or `[3, height, width]` in
/// colour.
///
/// Screens are the maximum of the last two frames of the frame skip, shrunk as OpenCV's `INTER_AREA`. Equal to
/// Gymnasium's `AtariPreprocessing` to the bit.
#[derive(Debug)]
pub struct AtariPreprocessing {
    game: AtariEnv,
    preprocessing: Preprocessing,
    observation_space: ObservationSpace<u8>,
    resize: Resize,
    /// The frame at the end of the last whole skip, joined with the one before; Gymnasium's `obs_buffer[0]`.
    last: Vec<u8>,
    /// The frame before the last one of a skip; Gymnasium's `obs_buffer[1]`.
    previous: Vec<u8>,
    /// A plane of a coloured screen.
    plane: Vec<u8>,
    lives: u32,
}

impl AtariPreprocessing {
    /// Makes a game. Until its first reset with a seed it is seeded with 0.
    ///
    /// # Errors
    ///
    /// Those of [`AtariEnv::new`], and [`EnvError::InvalidOption`] for a screen size that is empty or larger than the
    /// screen, for both kinds of ends at a lost life at once, or for no-ops in a game that lacks them.
    pub fn new(id: &str, rom: &Rom, settings: &AtariSettings, preprocessing: &Preprocessing) -> Result<Self, EnvError> {
        if preprocessing.terminal_on_life_loss && preprocessing.life_loss_ends_episode {
            let reason = "it cannot be combined with terminal_on_life_loss, which starts the game anew";
            return Err(invalid(id, "life_loss_ends_episode", &true, reason));
        }
        let game = AtariEnv::new(id, rom, settings)?;
        if preprocessing.noop_max > 0 && game.actions().first() != Some(&Action::NOOP) {
            let reason = "the game's first action is not NOOP, so that it cannot start with it";
            return Err(invalid(id, "noop_max", &preprocessing.noop_max, reason));
        }
        let (height, width) = game.emulator().screen_size();
        let (screen, size) = (Size { height, width }, preprocessing.screen_size);
        let resize = Resize::new(screen, size).ok_or_else(|| {
            let reason = format!("it is at least 1 and not more than the screen's {height} x {width}");
            invalid(id, "screen_size", &format!("{} x {}", size.height, size.width), reason)
        })?;
        let (planes, shape) = match preprocessing.grayscale {
            true => (1, vec![size.height, size.width]),
            false => (3, vec![3, size.height, size.width]),
        };
        Ok(Self {
            game,
            preprocessing: *preprocessing,
            observation_space: ObservationSpace::uniform(&shape, 0, u8::MAX),
            resize,
            last: vec![0; planes * screen.pixels()],
            previous: vec![0; planes * screen.pixels()],
            plane: if planes == 1 { Vec::new() } else { vec![0; screen.pixels()] },
            lives: 0,
        })
    }

    /// The game behind it.
    pub fn game(&self) -> &AtariEnv {
        &self.game
    }

    /// Lives left; 0 in games without lives.
    pub fn lives(&self) -> u32 {
        self.game.lives()
    }

    /// Starts the game and does nothing in it for some frames: Gymnasium's `AtariPreprocessing.reset`.
    fn start(&mut self, seed: Option<u64>) -> Result<(), EnvError> {
        self.game.start(seed)?;
        if let Some(&noop) = self.game.actions().first().filter(|_| self.preprocessing.noop_max > 0) {
            for _ in 0..self.game.rng().integers(1, i64::from(self.preprocessing.noop_max) + 1) {
                self.game.act(noop);
                if self.game.status().is_over() {
                    self.game.start(seed)?;
                }
            }
        }
        self.lives = self.game.lives();
        screen(&self.game, self.preprocessing.grayscale, &mut self.last);
        self.previous.fill(0);
        Ok(())
    }

    /// Presses what starts play, where the game has it: FIRE and the action after it. `None` where it has not.
    fn starters(&self) -> Option<[Action; 2]> {
        match *self.game.actions() {
            [_, Action::FIRE, next, ..] if self.preprocessing.fire_on_reset => Some([Action::FIRE, next]),
            _ => None,
        }
    }

    /// An action for a frame skip: Gymnasium's `AtariPreprocessing.step` but for the observation. Gives the points won.
    fn play(&mut self, action: Action) -> (f64, Status) {
        let (mut reward, skip) = (0.0, self.game.frame_skip());
        for frame in 1..=skip {
            reward += f64::from(self.game.act(action));
            let mut status = self.game.status();
            if self.preprocessing.terminal_on_life_loss {
                let lives = self.game.lives();
                if lives < self.lives {
                    status = Status::Terminated;
                }
                self.lives = lives;
            }
            if status.is_over() {
                return (reward, status);
            }
            if frame + 1 == skip {
                screen(&self.game, self.preprocessing.grayscale, &mut self.previous);
            } else if frame == skip {
                screen(&self.game, self.preprocessing.grayscale, &mut self.last);
            }
        }
        (reward, Status::Running)
    }

    /// Joins the last two frames and shrinks them: Gymnasium's `AtariPreprocessing._get_obs`.
    fn observe(&mut self, observation: &mut [u8]) {
        if self.game.frame_skip() > 1 {
            for (last, previous) in self.last.iter_mut().zip(&self.previous) {
                *last = (*last).max(*previous);
            }
        }
        if self.preprocessing.grayscale {
            self.resize.apply(&self.last, observation);
            return;
        }
        for (colour, observation) in observation.chunks_exact_mut(self.resize.to().pixels()).enumerate() {
            for (pixel, rgb) in self.plane.iter_mut().zip(self.last.as_chunks::<3>().0) {
                *pixel = rgb[colour];
            }
            self.resize.apply(&self.plane, observation);
        }
    }
}

fn screen(game: &AtariEnv, grayscale: bool, pixels: &mut [u8]) {
    if grayscale { game.emulator().grayscale(pixels) } else { game.emulator().rgb(pixels) }
}

impl Env for AtariPreprocessing {
    type Element = u8;

    fn id(&self) -> &str {
        self.game.id()
    }

    fn observation_space(&self) -> &ObservationSpace<u8> {
        &self.observation_space
    }

    fn action_space(&self) -> &Discrete {
        self.game.action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [u8]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        self.start(reset.seed)?;
        for action in self.starters().into_iter().flatten() {
            if self.play(action).1.is_over() {
                self.start(reset.seed)?;
            }
        }
        self.lives = self.game.lives();
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [u8]) -> Result<Step, EnvError> {
        preconditions::step(self, self.game.is_running(), action, observation)?;
        let before = self.game.emulator().episode_frames();
        let (mut reward, mut status) = self.play(self.game.actions()[action]);
        let lost = status != Status::Terminated && life_is_lost(self.lives, self.game.lives());
        if lost {
            for action in self.starters().into_iter().flatten() {
                if !status.is_over() {
                    let more = self.play(action);
                    (reward, status) = (reward + more.0, more.1);
                }
            }
        }
        self.lives = self.game.lives();
        if status.is_over() {
            self.game.end();
        }
        self.observe(observation);
        let life_lost = lost && self.preprocessing.life_loss_ends_episode && status != Status::Terminated;
        Ok(Step { reward, status, life_lost, frames: self.game.emulator().episode_frames() - before })
    }

    fn step_cost(&self) -> Duration {
        self.game.step_cost()
    }

    fn steps_per_second(&self) -> f64 {
        self.game.steps_per_second()
    }

    fn turn_based(&self) -> bool {
        self.game.turn_based()
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        self.game.render()
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        self.game.generators()
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.game.set_generators(state)
    }
}
