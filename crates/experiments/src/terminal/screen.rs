//! The terminal itself.

use std::io::{self, IsTerminal as _, Stdout, Write as _, stdin, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableFocusChange, EnableFocusChange, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
    KeyboardEnhancementFlags as Flags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size, supports_keyboard_enhancement,
};
use crossterm::{event, execute};
use thiserror::Error;

use super::{ColourDepth, Grid, changes};

/// Why nothing can be shown.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// There is no terminal.
    #[error("{what} is not a terminal: pictures are shown and keys are read only in one")]
    None {
        /// Standard input or standard output.
        what: &'static str,
    },
    /// The terminal is gone, or refuses.
    #[error("the terminal cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The arrow ↑.
    Up,
    /// The arrow ↓.
    Down,
    /// The arrow ←.
    Left,
    /// The arrow →.
    Right,
    /// Enter.
    Enter,
    /// Esc.
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// A character; letters as small ones.
    Character(char),
}

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key is pressed, or still held and repeats.
    Press(Key),
    /// A key is let go: only where the terminal [tells releases](Terminal::tells_releases).
    Release(Key),
    /// Others are typed to now: no release will be told.
    FocusLost,
    /// The terminal has another size.
    Resized,
}

/// Whether a terminal is taken that must be put back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether it was asked to tell releases.
static TELLS_RELEASES: AtomicBool = AtomicBool::new(false);
static PANICS: Once = Once::new();

/// The terminal of the program, all of it, until this is dropped.
#[derive(Debug)]
pub struct Terminal {
    out: Stdout,
    depth: ColourDepth,
    shown: Option<Grid>,
}

impl Terminal {
    /// Whether there is one, for those who have much to prepare before they take it.
    ///
    /// # Errors
    ///
    /// [`TerminalError::None`] if standard input or output is something else.
    pub fn there() -> Result<(), TerminalError> {
        let both = [("standard input", stdin().is_terminal()), ("standard output", stdout().is_terminal())];
        match both.into_iter().find(|(_, is_terminal)| !is_terminal) {
            Some((what, _)) => Err(TerminalError::None { what }),
            None => Ok(()),
        }
    }

    /// Takes the terminal. What stood there comes back when this is dropped, also after a panic.
    ///
    /// # Errors
    ///
    /// As [`there`](Self::there), and if the terminal refuses.
    pub fn take() -> Result<Self, TerminalError> {
        Self::there()?;
        PANICS.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                restore();
                usual(panic);
            }));
        });
        let depth = ColourDepth::of_colorterm(std::env::var("COLORTERM").ok().as_deref());
        let mut terminal = Self { out: stdout(), depth, shown: None };
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(terminal.out, EnterAlternateScreen, Hide, EnableFocusChange)?;
        // Terminals answer at once; who says nothing for some time knows no releases.
        if supports_keyboard_enhancement().unwrap_or(false) {
            TELLS_RELEASES.store(true, Ordering::SeqCst);
            let flags = Flags::DISAMBIGUATE_ESCAPE_CODES
                | Flags::REPORT_EVENT_TYPES
                | Flags::REPORT_ALTERNATE_KEYS
                | Flags::REPORT_ALL_KEYS_AS_ESCAPE_CODES;
            execute!(terminal.out, PushKeyboardEnhancementFlags(flags))?;
        }
        Ok(terminal)
    }

    /// The colours that it can show.
    pub fn depth(&self) -> ColourDepth {
        self.depth
    }

    /// Whether it tells when a key is let go, as few do: the keyboard protocol of kitty.
    pub fn tells_releases(&self) -> bool {
        TELLS_RELEASES.load(Ordering::SeqCst)
    }

    /// An empty grid of the terminal's size.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn grid(&self) -> Result<Grid, TerminalError> {
        let (columns, rows) = size()?;
        Ok(Grid::new(columns, rows))
    }

    /// Shows a grid; only what changed is written.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn show(&mut self, grid: Grid) -> Result<(), TerminalError> {
        self.out.write_all(&changes(self.shown.as_ref(), &grid))?;
        self.out.flush()?;
        self.shown = Some(grid);
        Ok(())
    }

    /// What is typed next, within so much time.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn input(&mut self, patience: Duration) -> Result<Option<Input>, TerminalError> {
        if !event::poll(patience)? {
            return Ok(None);
        }
        let input = match event::read()? {
            Event::Key(key) => typed(key),
            Event::FocusLost => Some(Input::FocusLost),
            Event::Resize(..) => {
                // Terminals move what they show in different ways: all of it is drawn anew.
                self.shown = None;
                Some(Input::Resized)
            }
            _ => None,
        };
        Ok(input)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was before it was taken; does nothing where none is taken.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nobody is left to be told that the terminal is gone.
    if TELLS_RELEASES.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), PopKeyboardEnhancementFlags);
    }
    let _ = execute!(stdout(), DisableFocusChange, Show, LeaveAlternateScreen);
    let _ = disable_raw_mode();
}

fn typed(event: KeyEvent) -> Option<Input> {
    let key = match event.code {
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Char('c' | 'C') if event.modifiers.contains(KeyModifiers::CONTROL) => Key::Interrupt,
        KeyCode::Char(_) if event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => return None,
        KeyCode::Char(character) => Key::Character(character.to_ascii_lowercase()),
        _ => return None,
    };
    Some(if event.kind == KeyEventKind::Release { Input::Release(key) } else { Input::Press(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let event = |code, modifiers, kind| typed(KeyEvent::new_with_kind(code, modifiers, kind));
        let (none, control, press) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyEventKind::Press);
        assert_eq!(event(KeyCode::Char('c'), control, press), Some(Input::Press(Key::Interrupt)));
        assert_eq!(event(KeyCode::Char('q'), control, press), None);
        assert_eq!(event(KeyCode::Char('W'), KeyModifiers::SHIFT, press), Some(Input::Press(Key::Character('w'))));
        assert_eq!(event(KeyCode::Up, none, KeyEventKind::Repeat), Some(Input::Press(Key::Up)));
        assert_eq!(event(KeyCode::Up, none, KeyEventKind::Release), Some(Input::Release(Key::Up)));
        assert_eq!(event(KeyCode::F(1), none, press), None);
    }
}
