//! Catch: a falling ball and a paddle, as frames.

use image::RgbImage;

use crate::canvas::{BLACK, Canvas, WHITE};
use crate::{
    AnyEnv, Discrete, Env, EnvError, EnvOption, EnvOptions, NumpyRng, ObservationSpace, Registry, Reset, Status, Step,
    preconditions,
};

const ROWS: usize = 10;
const COLUMNS: usize = 5;
/// A cell with something in it.
const LIT: u8 = 255;

/// Catch after bsuite (Osband et al. 2019, "Behaviour Suite for Reinforcement Learning"), with a ball that drifts: the
/// smallest task that needs pixels, convolution and memory.
///
/// - **Observation** `[10, 5]`: bytes, 255 where the ball and the paddle are. The ball starts in the top row, the
///   paddle is in the middle of the bottom row.
/// - **Actions**: 0 moves the paddle left, 1 leaves it, 2 moves it right.
/// - **Ball**: falls one row a step. Each episode draws its column and its drift of -1, 0 or 1; as the ball enters an odd
///   row it moves by its drift as well, and bounces off the walls. One frame does not tell the drift, and the last of
///   these moves is the one into the bottom row: catching it takes the memory of three frames. It can always be caught.
/// - **Reward**: 0 until the ball is in the bottom row, then 1 where the paddle is under it and -1 elsewhere.
/// - **End**: terminated there, after 9 steps.
///
/// Without [`drift`](Self::drift) it is bsuite's own task. The generator of a new environment is that of seed 0.
#[derive(Clone, Debug)]
pub struct Catch {
    space: ObservationSpace<u8>,
    actions: Discrete,
    drifts: bool,
    rng: NumpyRng,
    row: usize,
    ball: usize,
    drift: isize,
    paddle: usize,
    started: bool,
}

impl Default for Catch {
    fn default() -> Self {
        Self::new()
    }
}

impl Catch {
    /// The id in the registry.
    pub const ID: &str = "Catch-v0";

    /// The task with a drifting ball.
    pub fn new() -> Self {
        Self {
            space: ObservationSpace::uniform(&[ROWS, COLUMNS], 0, LIT),
            actions: Discrete::named(["left", "stay", "right"]),
            drifts: true,
            rng: NumpyRng::new(0),
            row: ROWS - 1,
            ball: 0,
            drift: 0,
            paddle: COLUMNS / 2,
            started: false,
        }
    }

    /// Whether the ball drifts.
    #[must_use]
    pub fn drift(mut self, on: bool) -> Self {
        self.drifts = on;
        self
    }

    pub(crate) fn register(registry: &mut Registry) {
        let make = |options: &EnvOptions| {
            let mut options = options.reader(Self::ID);
            let drift = options.bool("drift")?.unwrap_or(true);
            options.finish()?;
            Ok(AnyEnv::Frames(Box::new(Self::new().drift(drift))))
        };
        let summary = "catch a falling, drifting ball; frames of 10 x 5 bytes";
        let drift = EnvOption::switch("drift", true, "whether the ball drifts to one side as it falls");
        registry.register(Self::ID, summary, make).options([drift]);
    }

    fn is_running(&self) -> bool {
        self.started && self.row + 1 < ROWS
    }

    fn fall(&mut self) {
        self.row += 1;
        if self.row % 2 == 1 {
            let moved = |drift| self.ball.checked_add_signed(drift).filter(|&column| column < COLUMNS);
            match moved(self.drift) {
                Some(column) => self.ball = column,
                None => {
                    self.drift = -self.drift;
                    self.ball = moved(self.drift).unwrap_or(self.ball);
                }
            }
        }
    }

    fn observe(&self, observation: &mut [u8]) {
        observation.fill(0);
        observation[self.row * COLUMNS + self.ball] = LIT;
        observation[(ROWS - 1) * COLUMNS + self.paddle] = LIT;
    }
}

impl Env for Catch {
    type Element = u8;

    fn id(&self) -> &str {
        Self::ID
    }

    fn observation_space(&self) -> &ObservationSpace<u8> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [u8]) -> Result<(), EnvError> {
        preconditions::buffer(self, observation)?;
        preconditions::no_bounds(self, reset)?;
        if let Some(seed) = reset.seed {
            self.rng = NumpyRng::new(seed);
        }
        self.row = 0;
        self.ball = self.rng.index(COLUMNS);
        self.drift = if self.drifts { self.rng.integers(-1, 2) as isize } else { 0 };
        self.paddle = COLUMNS / 2;
        self.started = true;
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: usize, observation: &mut [u8]) -> Result<Step, EnvError> {
        preconditions::step(self, self.is_running(), action, observation)?;
        self.paddle = (self.paddle + action).saturating_sub(1).min(COLUMNS - 1);
        self.fall();
        self.observe(observation);
        Ok(if self.is_running() {
            Step::new(0.0, Status::Running)
        } else {
            Step::new(if self.paddle == self.ball { 1.0 } else { -1.0 }, Status::Terminated)
        })
    }

    fn steps_per_second(&self) -> f64 {
        5.0
    }

    fn turn_based(&self) -> bool {
        true
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        preconditions::render(self, self.started)?;
        const CELL: u16 = 40;
        let cell = f64::from(CELL);
        let mut canvas = Canvas::new(Self::ID, COLUMNS as u16 * CELL, ROWS as u16 * CELL, BLACK)?;
        for (row, column) in [(self.row, self.ball), (ROWS - 1, self.paddle)] {
            let corner = (column as f64 * cell, (ROWS - 1 - row) as f64 * cell);
            canvas.rectangle(corner, cell, cell, WHITE);
        }
        Ok(canvas.into_image())
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        Ok(self.rng.to_bytes())
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.rng = preconditions::generator(self, state)?;
        self.started = false;
        Ok(())
    }
}
