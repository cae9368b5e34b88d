//! What a terminal shows: characters with colours, in rows and columns.

use super::Colour;

/// A character with its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The character; it takes one column.
    pub symbol: char,
    /// Its colour.
    pub foreground: Colour,
    /// The colour behind it.
    pub background: Colour,
    /// Whether it is bold.
    pub bold: bool,
}

impl Cell {
    /// Nothing, in the terminal's own colours.
    pub const BLANK: Self = Self::text(' ', false);

    /// A character in the terminal's own colours.
    pub const fn text(symbol: char, bold: bool) -> Self {
        Self { symbol, foreground: Colour::Own, background: Colour::Own, bold }
    }

    /// Two pixels, one above the other.
    pub fn pixels(upper: Colour, lower: Colour) -> Self {
        if upper == lower {
            return Self { background: lower, ..Self::BLANK };
        }
        Self { symbol: '▀', foreground: upper, background: lower, bold: false }
    }
}

/// All cells of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

impl Grid {
    /// An empty terminal of so many columns and rows.
    pub fn new(columns: u16, rows: u16) -> Self {
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        Self { columns, rows, cells: vec![Cell::BLANK; columns * rows] }
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A row's cells; none for a row that is not there.
    pub fn row(&self, row: usize) -> &[Cell] {
        self.cells.get(row * self.columns..(row + 1) * self.columns).unwrap_or_default()
    }

    /// Puts a cell in its place; what lies outside is cut off.
    pub fn put(&mut self, column: usize, row: usize, cell: Cell) {
        if column < self.columns && row < self.rows {
            self.cells[row * self.columns + column] = cell;
        }
    }
}
