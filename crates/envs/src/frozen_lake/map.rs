//! Maps of FrozenLake.

use thiserror::Error;

use crate::NumpyRng;

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tile {
    Start,
    Ice,
    Hole,
    Goal,
}

/// A rectangular map of start (`S`), ice (`F`), hole (`H`) and goal (`G`) tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeMap {
    columns: usize,
    tiles: Vec<Tile>,
}

/// Rows that are no map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAMap {
    /// No rows, or rows of different lengths.
    #[error("the rows of a map have the same, positive length")]
    Shape,
    /// A letter that stands for nothing.
    #[error("{0:?} is no tile; the tiles are S, F, H and G")]
    Tile(char),
    /// Nowhere to start.
    #[error("a map has at least one start tile S")]
    NoStart,
}

impl LakeMap {
    /// The map of these rows.
    ///
    /// # Errors
    ///
    /// If the rows differ in length, hold other letters, or no start.
    pub fn new<S: AsRef<str>>(rows: &[S]) -> Result<Self, NotAMap> {
        let columns = rows.first().map_or(0, |row| row.as_ref().chars().count());
        if columns == 0 || rows.iter().any(|row| row.as_ref().chars().count() != columns) {
            return Err(NotAMap::Shape);
        }
        let tile = |letter| match letter {
            'S' => Ok(Tile::Start),
            'F' => Ok(Tile::Ice),
            'H' => Ok(Tile::Hole),
            'G' => Ok(Tile::Goal),
            other => Err(NotAMap::Tile(other)),
        };
        let tiles: Vec<Tile> = rows.iter().flat_map(|row| row.as_ref().chars()).map(tile).collect::<Result<_, _>>()?;
        if tiles.contains(&Tile::Start) { Ok(Self { columns, tiles }) } else { Err(NotAMap::NoStart) }
    }

    /// Gymnasium's map `4x4`.
    pub fn four_by_four() -> Self {
        use Tile::{Goal as G, Hole as H, Ice as F, Start as S};
        Self::of([[S, F, F, F], [F, H, F, H], [F, F, F, H], [H, F, F, G]])
    }

    /// Gymnasium's map `8x8`.
    pub fn eight_by_eight() -> Self {
        use Tile::{Goal as G, Hole as H, Ice as F, Start as S};
        Self::of([
            [S, F, F, F, F, F, F, F],
            [F, F, F, F, F, F, F, F],
            [F, F, F, H, F, F, F, F],
            [F, F, F, F, F, H, F, F],
            [F, F, F, H, F, F, F, F],
            [F, H, H, F, F, F, H, F],
            [F, H, F, F, H, F, H, F],
            [F, F, F, H, F, F, F, G],
        ])
    }

    fn of<const ROWS: usize, const COLUMNS: usize>(rows: [[Tile; COLUMNS]; ROWS]) -> Self {
        Self { columns: COLUMNS, tiles: rows.concat() }
    }

    /// A random square map with a way from the start (upper left) to the goal (lower right): Gymnasium's
    /// `generate_random_map(size, p, seed)`, tile for tile. `frozen` is the probability of ice.
    ///
    /// Maps are drawn until one has a way. None where ten thousand of them have none, as with hardly any ice, and for a
    /// size below 2.
    pub fn random(size: usize, frozen: f64, seed: u64) -> Option<Self> {
        const TRIES: u32 = 10_000;
        let frozen = frozen.clamp(0.0, 1.0);
        // NumPy's choice with probabilities: where a draw falls among their sums, divided by the last one.
        let ice = frozen / (frozen + (1.0 - frozen));
        let mut rng = NumpyRng::new(seed);
        let mut draw = || {
            let tile = |_| if rng.random() < ice { Tile::Ice } else { Tile::Hole };
            let mut tiles: Vec<Tile> = (0..size * size).map(tile).collect();
            *tiles.first_mut()? = Tile::Start;
            *tiles.last_mut().filter(|_| size > 1)? = Tile::Goal;
            Some(Self { columns: size, tiles })
        };
        (0..TRIES).map_while(|_| draw()).find(Self::has_a_way)
    }

    /// The rows as letters.
    pub fn to_rows(&self) -> Vec<String> {
        let letter = |tile: &Tile| match tile {
            Tile::Start => 'S',
            Tile::Ice => 'F',
            Tile::Hole => 'H',
            Tile::Goal => 'G',
        };
        self.tiles.chunks(self.columns).map(|row| row.iter().map(letter).collect()).collect()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.tiles.len() / self.columns
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn len(&self) -> usize {
        self.tiles.len()
    }

    pub(super) fn tile(&self, state: usize) -> Tile {
        self.tiles[state]
    }

    pub(super) fn starts(&self) -> Vec<usize> {
        (0..self.len()).filter(|&state| self.tile(state) == Tile::Start).collect()
    }

    /// Where one step leads: left, down, right or up, but not over the edge.
    pub(super) fn moved(&self, state: usize, direction: usize) -> usize {
        let (row, column) = (state / self.columns, state % self.columns);
        let (row, column) = match direction {
            0 => (row, column.saturating_sub(1)),
            1 => ((row + 1).min(self.rows() - 1), column),
            2 => (row, (column + 1).min(self.columns - 1)),
            _ => (row.saturating_sub(1), column),
        };
        row * self.columns + column
    }

    /// Whether a goal can be reached from the upper left corner.
    fn has_a_way(&self) -> bool {
        let mut seen = vec![false; self.len()];
        let mut open = vec![0];
        while let Some(state) = open.pop() {
            match self.tile(state) {
                Tile::Goal => return true,
                Tile::Hole => {}
                Tile::Start | Tile::Ice if seen[state] => {}
                Tile::Start | Tile::Ice => {
                    seen[state] = true;
                    open.extend((0..4).map(|direction| self.moved(state, direction)));
                }
            }
        }
        false
    }
}
