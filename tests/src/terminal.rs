//! The program in a terminal: a pseudo-terminal, and an emulator that holds what somebody would see in it.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::process::{Pid, Signal, kill_process_group};
use vt100::{Parser, Screen};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the program as a shell does, and says whether it left the terminal's settings as they were. The shell outlives the
/// signals that end the program.
const SHELL: &str = r#"
trap : TERM HUP
before=$(stty -g)
"$0" "$@"
code=$?
[ "$(stty -g)" = "$before" ] && echo settings are as before
exit $code
"#;
const SETTINGS_ARE_BACK: &str = "settings are as before";

/// How often the screen is looked at where nothing changes.
const LOOK: Duration = Duration::from_millis(100);

/// What a terminal says about the keys that it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyboard {
    /// Keys that are pressed, and no more.
    Plain,
    /// Also when they are let go: kitty's protocol.
    TellsReleases,
}

/// A terminal with the program in it.
pub struct Terminal {
    pty: Arc<Pty>,
    shell: Child,
    seen: Arc<Seen>,
    reader: JoinHandle<()>,
}

/// What the emulator holds, and word of every change.
struct Seen {
    parser: Mutex<Parser>,
    changed: Condvar,
}

impl Seen {
    fn parser(&self) -> MutexGuard<'_, Parser> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terminal {
    /// Starts `deepq` with these arguments in a terminal of so many columns and rows.
    ///
    /// # Errors
    ///
    /// If there is no pseudo-terminal, or the program cannot be built or started.
    pub fn start<A: AsRef<OsStr>>(
        size: (u16, u16),
        keyboard: Keyboard,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        Self::start_program(crate::program()?, size, keyboard, arguments)
    }

    /// Starts any program so.
    ///
    /// # Errors
    ///
    /// If there is no pseudo-terminal.
    pub fn start_program<A: AsRef<OsStr>>(
        program: &Path,
        (columns, rows): (u16, u16),
        keyboard: Keyboard,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let (pty, pts) = open().context("cannot open a pseudo-terminal")?;
        pty.resize(Size::new(rows, columns))?;
        let command = Command::new("sh").args(["-c", SHELL]).arg(program).args(arguments);
        let command = command.env("DEEPQ_WORKSPACE", crate::workspace()).env("TERM", "xterm-256color");
        let shell = command.env("COLORTERM", "truecolor").spawn(pts).context("cannot start a shell")?;
        let pty = Arc::new(pty);
        let parser = Parser::new(side(rows)?, side(columns)?, 0);
        let seen = Arc::new(Seen { parser: Mutex::new(parser), changed: Condvar::new() });
        let reader = {
            let (pty, seen) = (Arc::clone(&pty), Arc::clone(&seen));
            thread::spawn(move || emulate(&pty, &seen, keyboard))
        };
        Ok(Self { pty, shell, seen, reader })
    }

    /// Types.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub fn write(&self, keys: &str) -> Result<()> {
        Ok((&*self.pty).write_all(keys.as_bytes())?)
    }

    /// Gives the terminal another size.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn resize(&self, (columns, rows): (u16, u16)) -> Result<()> {
        self.seen.parser().set_size(side(rows)?, side(columns)?);
        Ok(self.pty.resize(Size::new(rows, columns))?)
    }

    /// Sends the program a signal.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let group =
            i32::try_from(self.shell.id()).ok().and_then(Pid::from_raw).context("no process has this number")?;
        Ok(kill_process_group(group, signal)?)
    }

    /// Waits until the screen is as `wanted` says, and gives what `wanted` found.
    ///
    /// # Errors
    ///
    /// If it is not in two minutes; the message shows the screen.
    pub fn until<T>(&self, what: &str, wanted: impl Fn(&Screen) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        let mut parser = self.seen.parser();
        loop {
            if let Some(found) = wanted(parser.screen()) {
                return Ok(found);
            }
            if begin.elapsed() > PATIENCE {
                bail!("no {what} on the screen:\n{}", parser.screen().contents());
            }
            let waited = self.seen.changed.wait_timeout(parser, LOOK);
            parser = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the program has ended, and gives its exit code and what then stands on the screen.
    ///
    /// # Errors
    ///
    /// If it does not end in two minutes, or left the terminal in another state than it found it.
    pub fn end(mut self) -> Result<(i32, String)> {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.shell.try_wait()? {
                break status;
            }
            if begin.elapsed() > PATIENCE {
                self.shell.kill()?;
                bail!("the program does not end:\n{}", self.seen.parser().screen().contents());
            }
            thread::sleep(Duration::from_millis(10));
        };
        ensure!(self.reader.join().is_ok(), "the emulator failed");
        let parser = self.seen.parser();
        let screen = parser.screen();
        ensure!(!screen.alternate_screen(), "the screen was not put back");
        ensure!(!screen.hide_cursor(), "the cursor was not put back");
        let said = screen.contents();
        ensure!(said.contains(SETTINGS_ARE_BACK), "the terminal's settings were not put back:\n{said}");
        Ok((status.code().context("a signal ended the shell")?, said))
    }
}

fn side(length: u16) -> Result<NonZeroU16> {
    NonZeroU16::new(length).context("a terminal has at least one column and one row")
}

/// Shows what the program writes, and answers what it asks, until nobody has the terminal open.
fn emulate(pty: &Pty, seen: &Seen, keyboard: Keyboard) {
    let mut bytes = [0; 1 << 16];
    let mut asked = Vec::new();
    while let Ok(length @ 1..) = (&*pty).read(&mut bytes) {
        seen.parser().process(&bytes[..length]);
        seen.changed.notify_all();
        // Questions come before the first picture.
        if asked.len() < 1 << 12 {
            asked.extend_from_slice(&bytes[..length]);
            answer(pty, &mut asked, keyboard);
        }
    }
}

/// Answers which keyboard and which device this is, as xterm and kitty do.
fn answer(mut pty: &Pty, asked: &mut Vec<u8>, keyboard: Keyboard) {
    const KEYBOARD: &[u8] = b"\x1b[?u";
    const DEVICE: &[u8] = b"\x1b[c";
    let find = |question: &[u8], text: &[u8]| text.windows(question.len()).position(|window| window == question);
    if let Some(at) = find(DEVICE, asked) {
        let keyboard = keyboard == Keyboard::TellsReleases && find(KEYBOARD, asked).is_some();
        let answer: &[u8] = if keyboard { b"\x1b[?0u\x1b[?62c" } else { b"\x1b[?62c" };
        // A program that is gone needs no answer.
        let _ = pty.write_all(answer);
        asked.drain(..at + DEVICE.len());
    }
}
