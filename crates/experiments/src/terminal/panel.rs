//! Lines of text below a picture.

use super::{Cell, Grid};

/// Some words that are not torn apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What they say, in characters of one column.
    pub text: String,
    /// Whether they are bold.
    pub bold: bool,
}

impl Words {
    /// Words as any other.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), bold: false }
    }

    /// Words that matter.
    pub fn bold(text: impl Into<String>) -> Self {
        Self { text: text.into(), bold: true }
    }

    fn columns(&self) -> usize {
        self.text.chars().count()
    }
}

/// Between two words of a line.
const GAP: usize = 2;

/// Paragraphs of words, broken into lines where they do not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panel {
    paragraphs: Vec<Vec<Words>>,
}

impl Panel {
    /// Adds a paragraph.
    pub fn paragraph(&mut self, words: Vec<Words>) {
        self.paragraphs.push(words);
    }

    /// The lines in a terminal with so many columns. Words that are longer than a line are cut off.
    pub fn lines(&self, columns: usize) -> Vec<Vec<&Words>> {
        let mut lines = Vec::new();
        for paragraph in &self.paragraphs {
            let (mut line, mut taken) = (Vec::new(), 0);
            for words in paragraph {
                let needed = words.columns() + if taken > 0 { GAP } else { 0 };
                if taken > 0 && taken + needed > columns {
                    lines.push(std::mem::take(&mut line));
                    taken = 0;
                }
                taken += words.columns() + if taken > 0 { GAP } else { 0 };
                line.push(words);
            }
            lines.push(line);
        }
        lines
    }

    /// Draws the lines at the bottom of a grid, as far as they leave a row free, and gives how many rows are left above.
    pub fn draw(&self, grid: &mut Grid) -> usize {
        let lines = self.lines(grid.columns());
        let above = grid.rows().saturating_sub(lines.len()).max(1).min(grid.rows());
        for (row, line) in (above..grid.rows()).zip(lines) {
            let mut column = 0;
            for words in line {
                for symbol in words.text.chars() {
                    grid.put(column, row, Cell::text(symbol, words.bold));
                    column += 1;
                }
                column += GAP;
            }
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel() -> Panel {
        let mut panel = Panel::default();
        panel.paragraph(["one", "two", "three"].map(Words::plain).to_vec());
        panel.paragraph(vec![Words::bold("end")]);
        panel
    }

    fn text(grid: &Grid) -> Vec<String> {
        (0..grid.rows()).map(|row| grid.row(row).iter().map(|cell| cell.symbol).collect()).collect()
    }

    #[test]
    fn lines_are_broken_between_words() {
        let mut grid = Grid::new(9, 4);
        assert_eq!(panel().draw(&mut grid), 1);
        assert_eq!(text(&grid), ["         ", "one  two ", "three    ", "end      "]);
        assert!(grid.row(3)[0].bold && !grid.row(1)[0].bold);
    }

    #[test]
    fn what_has_no_room_is_cut_off() {
        let mut grid = Grid::new(4, 3);
        assert_eq!(panel().draw(&mut grid), 1);
        assert_eq!(text(&grid), ["    ", "one ", "two "]);
        for (columns, rows) in [(0, 0), (1, 1), (0, 5), (5, 0)] {
            panel().draw(&mut Grid::new(columns, rows));
        }
    }
}
