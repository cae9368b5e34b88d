//! CliffWalking: along a cliff to the goal.

mod tiles;

use image::RgbImage;

use crate::sprite::{AGENT, FLAG, LETTER_G, LETTER_S};
use crate::tabular::{Model, Outcome, Tabular};
use crate::{Discrete, EnvOption, EnvOptions, Registry};

const ROWS: usize = 4;
const COLUMNS: usize = 12;
const START: usize = (ROWS - 1) * COLUMNS;
const GOAL: usize = ROWS * COLUMNS - 1;

/// Makes CliffWalking-v1 of Gymnasium, bit for bit (Sutton and Barto 2020, "Reinforcement learning: an introduction",
/// example 6.6).
///
/// - **Observation** `[1]`: the number of the state, row times 12 plus column of a grid of 4 rows, the top row first.
/// - **Actions**: 0 goes up, 1 right, 2 down, 3 left. Where it is [`slippery`](Self::slippery), each also goes to either
///   side, with a third of the probability each.
/// - **Reward**: -1 a step; -100 for stepping into the cliff (the bottom row between start and goal), which leads back
///   to the start.
/// - **End**: terminated in the lower right corner; there is no time limit.
/// - **Reset**: in the lower left corner.
///
/// ```
/// use deepq_envs::{CliffWalking, Env, Reset};
/// let mut env = CliffWalking::new().make();
/// let mut state = [0.0];
/// env.reset(&Reset::seeded(1), &mut state)?;
/// assert_eq!(env.step(1, &mut state)?.reward, -100.0);
/// assert_eq!(state, [36.0]);
/// # Ok::<(), deepq_envs::EnvError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CliffWalking {
    id: Option<&'static str>,
    slippery: bool,
}

impl CliffWalking {
    /// As Gymnasium makes it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same environment under another id.
    #[must_use]
    pub fn named(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Whether the player may slip to either side of where it wants to go.
    #[must_use]
    pub fn slippery(mut self, on: bool) -> Self {
        self.slippery = on;
        self
    }

    /// The environment.
    pub fn make(self) -> Tabular {
        let model = Model::new(ROWS * COLUMNS, 4, |state, action| self.outcomes(state, action), &[START]);
        let actions = Discrete::named(["up", "right", "down", "left"]);
        Tabular::new(self.id.unwrap_or("CliffWalking-v1"), actions, model, draw)
    }

    pub(crate) fn register(registry: &mut Registry) {
        for (id, slippery) in [
            ("CliffWalking-v1", false),
            ("CliffWalking-v0", false),
            ("CliffWalkingSlippery-v1", true),
            ("CliffWalkingSlippery-v0", true),
        ] {
            let summary = if slippery { "walk along a slippery cliff" } else { "walk along a cliff" };
            let meaning =
                "whether the player may slip to either side of where it wants to go, each way with probability 1/3";
            let slips = EnvOption::switch("is_slippery", slippery, meaning);
            let make = move |options: &EnvOptions| {
                let mut options = options.reader(id);
                let slippery = options.bool("is_slippery")?.unwrap_or(slippery);
                options.finish()?;
                Ok(Self::new().named(id).slippery(slippery).make().into())
            };
            registry.register(id, summary, make).options([slips]);
        }
    }

    fn outcomes(self, state: usize, action: usize) -> Vec<Outcome> {
        let directions = if self.slippery { vec![(action + 3) % 4, action, (action + 1) % 4] } else { vec![action] };
        let probability = 1.0 / directions.len() as f64;
        let outcome = |direction| {
            let state = moved(state, direction);
            if is_cliff(state) {
                Outcome { probability, state: START, reward: -100.0, terminated: false }
            } else {
                Outcome { probability, state, reward: -1.0, terminated: state == GOAL }
            }
        };
        directions.into_iter().map(outcome).collect()
    }
}

fn moved(state: usize, direction: usize) -> usize {
    let (row, column) = (state / COLUMNS, state % COLUMNS);
    let (row, column) = match direction {
        0 => (row.saturating_sub(1), column),
        1 => (row, (column + 1).min(COLUMNS - 1)),
        2 => ((row + 1).min(ROWS - 1), column),
        _ => (row, column.saturating_sub(1)),
    };
    row * COLUMNS + column
}

fn is_cliff(state: usize) -> bool {
    state > START && state < GOAL
}

fn draw(player: usize) -> RgbImage {
    const CELL: u32 = 64;
    let mut picture = RgbImage::new(COLUMNS as u32 * CELL, ROWS as u32 * CELL);
    for state in 0..ROWS * COLUMNS {
        let (row, column) = (state / COLUMNS, state % COLUMNS);
        let at = |x, y| (column as u32 * CELL + x, row as u32 * CELL + y);
        let tile = match column {
            _ if !is_cliff(state) => tiles::GROUND,
            1 => tiles::CLIFF_LEFT,
            _ if state + 1 == GOAL => tiles::CLIFF_RIGHT,
            _ if column % 2 == 0 => tiles::CLIFF_MIDDLE_EVEN,
            _ => tiles::CLIFF_MIDDLE_ODD,
        };
        tile.draw(&mut picture, at(0, 0), (CELL, CELL));
        if state == START {
            LETTER_S.draw(&mut picture, at(8, 8), LETTER_S.size(CELL));
        }
        if state == GOAL {
            LETTER_G.draw(&mut picture, at(8, 8), LETTER_G.size(CELL));
            FLAG.draw(&mut picture, at(28, 16), FLAG.size(CELL));
        }
        if state == player {
            AGENT.draw(&mut picture, at(20, 20), AGENT.size(CELL));
        }
    }
    picture
}
