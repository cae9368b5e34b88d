//! From one grid to the next: only what differs is written.

use std::io::Write as _;

use super::{Cell, Colour, Grid};

/// Tells the terminal to show nothing of what follows until [`END`]: no half-drawn picture is seen. (Synchronized output;
/// who does not know it passes it over.)
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// The terminal's own colours, not bold.
const PLAIN: &[u8] = b"\x1b[0m";
const CLEAR: &[u8] = b"\x1b[2J";

/// The bytes that make a terminal which shows `before` show `after`; none where both are equal. Without a `before`, or with
/// one of another size, the terminal is cleared first.
pub fn changes(before: Option<&Grid>, after: &Grid) -> Vec<u8> {
    let known = before.filter(|before| (before.columns(), before.rows()) == (after.columns(), after.rows()));
    let mut out = Vec::new();
    let mut pen = Cell::BLANK;
    for row in 0..after.rows() {
        let mut at = None;
        for (column, cell) in after.row(row).iter().enumerate() {
            if known.map_or(Cell::BLANK, |known| known.row(row)[column]) == *cell {
                continue;
            }
            if at != Some(column) {
                escape(&mut out, &[row + 1, column + 1], 'H');
            }
            take_up(&mut pen, cell, &mut out);
            let _ = write!(out, "{}", cell.symbol);
            at = Some(column + 1);
        }
    }
    let clear = if known.is_none() { CLEAR } else { b"" };
    if out.is_empty() && clear.is_empty() {
        return out;
    }
    [BEGIN, PLAIN, clear, &out, PLAIN, END].concat()
}

/// Changes the colours that are written in to those of a cell.
fn take_up(pen: &mut Cell, cell: &Cell, out: &mut Vec<u8>) {
    if pen.bold != cell.bold {
        escape(out, &[if cell.bold { 1 } else { 22 }], 'm');
    }
    // A blank has no colour of its own.
    let foreground = if cell.symbol == ' ' { pen.foreground } else { cell.foreground };
    for (old, new, base) in [(pen.foreground, foreground, 30), (pen.background, cell.background, 40)] {
        if old != new {
            match new {
                Colour::Own => escape(out, &[base + 9], 'm'),
                Colour::True([red, green, blue]) => {
                    escape(out, &[base + 8, 2, red.into(), green.into(), blue.into()], 'm');
                }
                Colour::Palette(colour) => escape(out, &[base + 8, 5, colour.into()], 'm'),
            }
        }
    }
    *pen = Cell { foreground, ..*cell };
}

/// A control sequence of ECMA-48.
fn escape(out: &mut Vec<u8>, numbers: &[usize], end: char) {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    // Writing to memory does not fail.
    let _ = write!(out, "\x1b[{}{end}", numbers.join(";"));
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;

    use super::*;

    fn text(before: Option<&Grid>, after: &Grid) -> String {
        String::from_utf8(changes(before, after)).unwrap().replace('\x1b', "^")
    }

    #[test]
    fn only_what_differs_is_written() {
        let before = Grid::new(4, 2);
        assert_eq!(text(Some(&before), &before), "");
        let mut after = before.clone();
        let (red, blue) = (Colour::True([255, 0, 0]), Colour::Palette(21));
        after.put(1, 0, Cell::pixels(red, blue));
        after.put(2, 0, Cell::pixels(red, blue));
        after.put(0, 1, Cell::text('x', true));
        let expected = "^[?2026h^[0m^[1;2H^[38;2;255;0;0m^[48;5;21m▀▀^[2;1H^[1m^[39m^[49mx^[0m^[?2026l";
        assert_eq!(text(Some(&before), &after), expected);
        assert!(text(None, &after).starts_with("^[?2026h^[0m^[2J^[1;2H"));
        assert!(text(Some(&Grid::new(4, 3)), &after).contains("^[2J"));
    }

    fn grid(cells: &[(u8, u8)]) -> Grid {
        let mut grid = Grid::new(7, 5);
        for (i, &(upper, lower)) in cells.iter().enumerate() {
            let colour = |of: u8| if of < 2 { Colour::Own } else { Colour::True([of, of, 3]) };
            let mut cell = Cell::pixels(colour(upper % 5), colour(lower % 5));
            (cell.symbol, cell.bold) = if upper > 200 { ('x', true) } else { (cell.symbol, false) };
            grid.put(i % 7, i / 7, cell);
        }
        grid
    }

    fn terminal() -> vt100::Parser {
        vt100::Parser::new(NonZeroU16::new(5).unwrap(), NonZeroU16::new(7).unwrap(), 0)
    }

    /// What an emulator of a terminal holds, cell by cell.
    fn shown(terminal: &vt100::Parser) -> Vec<String> {
        let cell = |row, column| terminal.screen().cell(row, column).unwrap();
        let all = (0..5).flat_map(|row| (0..7).map(move |column| (row, column)));
        let blank = |text: &str| text.is_empty() || text == " ";
        all.map(|(row, column)| {
            let cell = cell(row, column);
            let behind = format!("{:?} {}", cell.bgcolor(), cell.bold());
            if blank(cell.contents()) { behind } else { format!("{} {:?} {behind}", cell.contents(), cell.fgcolor()) }
        })
        .collect()
    }

    proptest! {
        #[test]
        fn a_terminal_shows_the_same_after_changes_as_after_all_anew(
            before in prop::collection::vec(any::<(u8, u8)>(), 35), after in prop::collection::vec(any::<(u8, u8)>(), 35),
        ) {
            let (before, after) = (grid(&before), grid(&after));
            let [mut changed, mut anew] = [terminal(), terminal()];
            changed.process(&changes(None, &before));
            changed.process(&changes(Some(&before), &after));
            anew.process(&changes(None, &after));
            prop_assert_eq!(shown(&changed), shown(&anew));
        }
    }
}
