//! FrozenLake: over the ice, around the holes.

mod map;
mod tiles;

use image::{Rgb, RgbImage};

use self::map::Tile;
pub use self::map::{LakeMap, NotAMap};
use crate::sprite::{AGENT, FLAG, LETTER_G, LETTER_S};
use crate::tabular::{Model, Outcome, Tabular};
use crate::{Discrete, EnvError, EnvOption, EnvOptions, OptionValues, Registry};

/// Makes FrozenLake-v1 of Gymnasium, bit for bit.
///
/// - **Observation** `[1]`: the number of the state, row times columns plus column, the top row first.
/// - **Actions**: 0 goes left, 1 down, 2 right, 3 up. Where it is [`slippery`](Self::slippery) (it is unless told
///   otherwise), each goes where it should with the [`success_rate`](Self::success_rate) (a third), and else to either
///   side.
/// - **Reward**: 1 for reaching the goal, 0 otherwise, or as the [`reward_schedule`](Self::reward_schedule) says.
/// - **End**: terminated in a hole and at the goal. The limits of 100 steps (8 x 8: 200) are
///   [`TimeLimit`](crate::TimeLimit)'s.
/// - **Reset**: on a start tile.
///
/// ```
/// use deepq_envs::{Env, FrozenLake, LakeMap, Reset};
/// let mut env = FrozenLake::new(LakeMap::four_by_four()).slippery(false).make();
/// let mut state = [0.0];
/// env.reset(&Reset::seeded(1), &mut state)?;
/// let rewards: Result<Vec<f64>, _> =
///     [1, 1, 2, 1, 2, 2].iter().map(|&action| env.step(action, &mut state).map(|step| step.reward)).collect();
/// assert_eq!(rewards?, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), deepq_envs::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrozenLake {
    id: &'static str,
    map: LakeMap,
    slippery: bool,
    success_rate: f64,
    reward_schedule: [f64; 3],
}

/// Gymnasium's maps by name.
const MAPS: [&str; 2] = ["4x4", "8x8"];

/// The options of a lake whose usual map has this name.
fn options(map: &'static str) -> [EnvOption; 5] {
    let FrozenLake { slippery, success_rate, reward_schedule, .. } = FrozenLake::new(LakeMap::four_by_four());
    let probability = OptionValues::float(0.0..=1.0);
    [
        EnvOption::new("map_name", OptionValues::Choice(MAPS.to_vec()), "which of Gymnasium's maps").default(map),
        EnvOption::new(
            "desc",
            OptionValues::Texts,
            "a map of one's own in place of these, row by row: `S` start, `F` ice, `H` hole, `G` goal",
        ),
        EnvOption::switch(
            "is_slippery",
            slippery,
            "whether the player may slip to either side of where it wants to go",
        ),
        EnvOption::new(
            "success_rate",
            probability,
            "the probability of going where the action says, on a slippery lake",
        )
        .default(success_rate),
        EnvOption::new(
            "reward_schedule",
            OptionValues::Numbers(3),
            "the rewards for reaching the goal, a hole, and ice",
        )
        .default(reward_schedule.to_vec()),
    ]
}

impl FrozenLake {
    /// A slippery lake.
    pub fn new(map: LakeMap) -> Self {
        Self { id: "FrozenLake-v1", map, slippery: true, success_rate: 1.0 / 3.0, reward_schedule: [1.0, 0.0, 0.0] }
    }

    /// The same environment under another id.
    #[must_use]
    pub fn named(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// Whether the player may slip to either side of where it wants to go.
    #[must_use]
    pub fn slippery(mut self, on: bool) -> Self {
        self.slippery = on;
        self
    }

    /// The probability of going where the action says, on a slippery lake: 0 to 1.
    #[must_use]
    pub fn success_rate(mut self, probability: f64) -> Self {
        self.success_rate = probability.clamp(0.0, 1.0);
        self
    }

    /// The rewards for reaching the goal, a hole, and ice.
    #[must_use]
    pub fn reward_schedule(mut self, goal_hole_ice: [f64; 3]) -> Self {
        self.reward_schedule = goal_hole_ice;
        self
    }

    /// The environment.
    pub fn make(self) -> Tabular {
        let outcomes = |state, action| self.outcomes(state, action);
        let model = Model::new(self.map.len(), 4, outcomes, &self.map.starts());
        let actions = Discrete::named(["left", "down", "right", "up"]);
        let map = self.map;
        Tabular::new(self.id, actions, model, move |player| draw(&map, player))
    }

    pub(crate) fn register(registry: &mut Registry) {
        for (id, map_name, limit) in [("FrozenLake-v1", "4x4", 100), ("FrozenLake8x8-v1", "8x8", 200)] {
            let make = move |options: &EnvOptions| {
                let mut reader = options.reader(id);
                let mut map = match reader.choice("map_name", &MAPS)? {
                    None if map_name == "4x4" => LakeMap::four_by_four(),
                    Some(0) => LakeMap::four_by_four(),
                    _ => LakeMap::eight_by_eight(),
                };
                if let (Some(rows), Some(given)) = (reader.texts("desc")?, options.get("desc")) {
                    map = LakeMap::new(&rows).map_err(|reason| reader.invalid("desc", given, &reason.to_string()))?;
                }
                let mut lake = Self::new(map).named(id);
                lake.slippery = reader.bool("is_slippery")?.unwrap_or(lake.slippery);
                lake.success_rate = reader.float("success_rate", 0.0..=1.0)?.unwrap_or(lake.success_rate);
                lake.reward_schedule = reader.numbers("reward_schedule")?.unwrap_or(lake.reward_schedule);
                reader.finish()?;
                Ok::<_, EnvError>(lake.make().into())
            };
            let summary = "cross a frozen lake with holes";
            registry.register(id, summary, make).time_limit(limit).options(options(map_name));
        }
    }

    fn outcomes(&self, state: usize, action: usize) -> Vec<Outcome> {
        if matches!(self.map.tile(state), Tile::Goal | Tile::Hole) {
            return vec![Outcome { probability: 1.0, state, reward: 0.0, terminated: true }];
        }
        let fail = (1.0 - self.success_rate) / 2.0;
        let directions = if self.slippery {
            vec![((action + 3) % 4, fail), (action, self.success_rate), ((action + 1) % 4, fail)]
        } else {
            vec![(action, 1.0)]
        };
        let outcome = |(direction, probability)| {
            let state = self.map.moved(state, direction);
            let [goal, hole, ice] = self.reward_schedule;
            let (reward, terminated) = match self.map.tile(state) {
                Tile::Goal => (goal, true),
                Tile::Hole => (hole, true),
                Tile::Start | Tile::Ice => (ice, false),
            };
            Outcome { probability, state, reward, terminated }
        };
        directions.into_iter().map(outcome).collect()
    }
}

fn draw(map: &LakeMap, player: usize) -> RgbImage {
    const CELL: u32 = 64;
    const MAX_SIDE: u32 = 512;
    const FRAME: Rgb<u8> = Rgb([180, 200, 230]);
    let (rows, columns) = (map.rows() as u32, map.columns() as u32);
    let (width, height) = ((CELL * columns).min(MAX_SIDE), (CELL * rows).min(MAX_SIDE));
    let cell = ((width / columns).max(1), (height / rows).max(1));
    let side = cell.0.min(cell.1);
    let share = |side: u32, part: f64| (f64::from(side) * part).round_ties_even() as u32;

    let mut picture = RgbImage::new(width, height);
    for state in 0..map.len() {
        let (row, column) = (state as u32 / columns, state as u32 % columns);
        let (left, top) = (column * cell.0, row * cell.1);
        let corner = (left + share(cell.0, 0.06), top + share(cell.0, 0.06));
        let tile = match (map.tile(state), (column * 3 + row * 5) % 7) {
            (Tile::Hole, _) => tiles::HOLE,
            (Tile::Ice, 0) => tiles::CRACK_A,
            (Tile::Ice, 1) => tiles::CRACK_B,
            _ => tiles::ICE,
        };
        tile.draw(&mut picture, (left, top), cell);
        match map.tile(state) {
            Tile::Start => LETTER_S.draw(&mut picture, corner, LETTER_S.size(side)),
            Tile::Goal => {
                let (w, h) = FLAG.size(side);
                let at = (left + cell.0.saturating_sub(w) / 2, (top + cell.1).saturating_sub(h + share(cell.1, 0.12)));
                FLAG.draw(&mut picture, at, (w, h));
                LETTER_G.draw(&mut picture, corner, LETTER_G.size(side));
            }
            Tile::Ice | Tile::Hole => {}
        }
        frame(&mut picture, (left, top), cell, FRAME);
    }
    if map.tile(player) != Tile::Hole {
        let (row, column) = (player as u32 / columns, player as u32 % columns);
        let (w, h) = AGENT.size(side);
        let inside = |side: u32, size: u32| side.saturating_sub(size) / 2;
        let at = (column * cell.0 + inside(cell.0, w), row * cell.1 + inside(cell.1, h));
        AGENT.draw(&mut picture, at, (w, h));
    }
    picture
}

/// The border of a cell, one pixel wide.
fn frame(picture: &mut RgbImage, (left, top): (u32, u32), (width, height): (u32, u32), color: Rgb<u8>) {
    for y in top..top + height {
        for x in left..left + width {
            let edge = x == left || y == top || x + 1 == left + width || y + 1 == top + height;
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y).filter(|_| edge) {
                *pixel = color;
            }
        }
    }
}
