//! The terminal: what passes by in it, and below that what stays, the display of the runs under way.

use std::env;
use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use terminal_size::{Height, Width, terminal_size_of};

use super::figures::Figures;
use crate::terminal::{columns, wrap};

/// Time between two looks at whether the display must be drawn again.
const REDRAW: Duration = Duration::from_millis(100);
/// What a terminal has that does not say.
const USUAL: (usize, usize) = (80, 24);

/// Standard error, shared by the display and by whatever else is said, so that neither writes into the other.
#[derive(Clone, Debug)]
pub struct Screen {
    display: Arc<Mutex<Display>>,
    shown: bool,
    terminal: bool,
    /// Which of several runs this is the screen of: it says everything in one line, which begins so.
    label: Option<String>,
}

impl Screen {
    /// Standard error. A quiet screen shows no progress; other messages still appear.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { display: Arc::default(), shown: !quiet, terminal, label: None }
    }

    /// The same screen for one of several runs, with this at the beginning of its line.
    pub fn labelled(&self, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..self.clone() }
    }

    /// Whether colours may be used: in a terminal, unless `NO_COLOR` (<https://no-color.org>) or `TERM=dumb` says no.
    pub fn colours(&self) -> bool {
        let forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.terminal && !forbidden && env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Writes to standard error, above the display; in a terminal in lines that fit.
    pub fn write(&self, text: &str) {
        if self.terminal {
            self.display().write_above(wrap(text, width_and_height().0).as_bytes());
        } else {
            self.display().write_above(text.as_bytes());
        }
    }

    /// A line above the display, unless the screen is quiet; the log has it too.
    pub fn note(&self, line: &str) {
        tracing::info!("{line}");
        if self.shown && self.label.is_none() {
            self.line(line);
        }
    }

    /// A line above the display.
    pub fn line(&self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    /// A line that ends in a command to be copied: it has a line of its own where both together do not fit, and is not broken.
    pub fn command(&self, says: &str, command: &str) {
        let together = !self.terminal || columns(says) + 1 + columns(command) <= width_and_height().0;
        if together {
            self.display().write_above(format!("{says} {command}\n").as_bytes());
        } else {
            self.line(says);
            self.display().write_above(format!("  {command}\n").as_bytes());
        }
    }

    /// Leaves the display as it is, and goes on below it.
    pub fn leave(&self) {
        self.display().leave();
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Whether progress is wanted.
    pub(super) fn shown(&self) -> bool {
        self.shown
    }

    /// A slot in the display, where there is one.
    pub(super) fn slot(&self) -> Option<Slot> {
        if !self.shown || !self.terminal {
            return None;
        }
        let colours = self.colours();
        let mut display = self.display();
        if !display.watched {
            display.watched = true;
            let display = Arc::downgrade(&self.display);
            // Ends with the last screen.
            std::thread::spawn(move || {
                while let Some(display) = display.upgrade() {
                    lock(&display).draw();
                    drop(display);
                    std::thread::sleep(REDRAW);
                }
            });
        }
        display.colours = colours;
        let number = display.next;
        display.next += 1;
        drop(display);
        Some(Slot { screen: self.clone(), number })
    }

    fn display(&self) -> MutexGuard<'_, Display> {
        lock(&self.display)
    }
}

fn lock(display: &Mutex<Display>) -> MutexGuard<'_, Display> {
    display.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run's slot in the display, until it is dropped: what it showed last then passes by like everything else.
pub(super) struct Slot {
    screen: Screen,
    number: u64,
}

impl Slot {
    /// Shows these figures from now on.
    pub(super) fn show(&self, figures: Figures) {
        let mut display = self.screen.display();
        match display.runs.iter_mut().find(|(number, _)| *number == self.number) {
            Some((_, shown)) => *shown = figures,
            None => display.runs.push((self.number, figures)),
        }
    }

    /// A line above the display, as far as it fits.
    pub(super) fn line(&self, line: impl FnOnce(usize) -> String) {
        self.screen.line(&line(width_and_height().0));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut display = self.screen.display();
        let Some(at) = display.runs.iter().position(|(number, _)| *number == self.number) else { return };
        let (width, now) = (width_and_height().0, Instant::now());
        let cells = display.cells(width);
        let (_, figures) = display.runs.remove(at);
        let lines = figures.lines(width, cells, display.colours, now);
        display.write_above(format!("{}\n", lines.join("\n")).as_bytes());
    }
}

/// Columns that a line may have, and rows of the display. The last column stays free: behind it terminals differ.
fn width_and_height() -> (usize, usize) {
    let size = terminal_size_of(std::io::stderr());
    let (width, height) =
        size.map_or(USUAL, |(Width(width), Height(height))| (usize::from(width), usize::from(height)));
    let or = |size: usize, usual| if size == 0 { usual } else { size };
    (or(width, USUAL.0).saturating_sub(1).max(1), or(height, USUAL.1).saturating_sub(1).max(1))
}

/// The lines that stay at the bottom.
///
/// Drawn here and not by `indicatif`: that pads each line to the terminal's width instead of ending it, and after a change of
/// the width takes other lines for its own.
#[derive(Debug, Default)]
struct Display {
    runs: Vec<(u64, Figures)>,
    next: u64,
    colours: bool,
    /// Whether a thread draws it.
    watched: bool,
    /// The lines as they stand on the terminal.
    drawn: Vec<String>,
}

impl Display {
    /// Draws what there is to show, if something else stands there.
    fn draw(&mut self) {
        let (width, height) = width_and_height();
        let (cells, now) = (self.cells(width), Instant::now());
        let mut lines: Vec<String> =
            self.runs.iter().flat_map(|(_, figures)| figures.lines(width, cells, self.colours, now)).collect();
        lines.truncate(height);
        if lines != self.drawn {
            let text = format!("{}{}\x1b[J", self.back(width), lines.join("\x1b[K\r\n"));
            self.drawn = lines;
            to_terminal(text.as_bytes());
        }
    }

    /// The columns of the bars: where a label is longer than the others, all of them are shorter.
    fn cells(&self, width: usize) -> usize {
        self.runs.iter().map(|(_, figures)| figures.cells(width)).min().unwrap_or(0)
    }

    /// Goes to where the display begins. Lines that have become too long for the terminal take several of its rows.
    fn back(&self, width: usize) -> String {
        let rows = |line: &String| columns(line).div_ceil(width + 1).max(1);
        match self.drawn.iter().map(rows).sum::<usize>() {
            0 => String::new(),
            1 => "\r".to_owned(),
            rows => format!("\r\x1b[{}A", rows - 1),
        }
    }

    fn write_above(&mut self, bytes: &[u8]) {
        if self.drawn.is_empty() {
            to_terminal(bytes);
        } else {
            let mut all = format!("{}\x1b[J", self.back(width_and_height().0)).into_bytes();
            all.extend_from_slice(bytes);
            self.drawn.clear();
            to_terminal(&all);
        }
        if !self.runs.is_empty() && self.watched {
            self.draw();
        }
    }

    fn leave(&mut self) {
        if !self.drawn.is_empty() {
            self.drawn.clear();
            self.runs.clear();
            to_terminal(b"\r\n");
        }
    }
}

fn to_terminal(bytes: &[u8]) {
    // Nobody is left to be told that the terminal is gone.
    let _ = std::io::stderr().write_all(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_narrower_terminal_are_counted_without_colours() {
        let drawn = vec!["x".repeat(80), "\x1b[36m".to_owned() + &"x".repeat(40), String::new()];
        let display = Display { drawn, ..Display::default() };
        assert_eq!(display.back(99), "\r\x1b[2A");
        // Forty columns: two rows, one and one.
        assert_eq!(display.back(39), "\r\x1b[3A");
        assert_eq!(display.back(38), "\r\x1b[5A");
        assert_eq!(Display::default().back(80), "");
    }

    #[test]
    fn the_bars_of_several_runs_are_of_one_length() {
        let run = |label: &str, steps, pace| Figures {
            label: Some(label.to_owned()),
            steps,
            step_budget: 20_000,
            pace,
            ..Figures::default()
        };
        let runs = [run("seed 1", 20_000, None), run("seed 1234567", 100, Some(12_345.0))];
        let display = Display { runs: (0..).zip(runs).collect(), ..Display::default() };
        let lines = display.runs.iter().flat_map(|(_, run)| run.lines(89, display.cells(89), false, Instant::now()));
        let bars: Vec<usize> = lines.map(|line| line.chars().filter(|&c| "━─".contains(c)).count()).collect();
        assert!(bars[0] > 8 && bars[0] == bars[1], "{bars:?}");
    }
}
