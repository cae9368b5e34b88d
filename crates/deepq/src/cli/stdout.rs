//! What a command says on standard output.

use std::io::{self, IsTerminal as _, Write};

use deepq_experiments::terminal::wrap_line;
use terminal_size::{Width, terminal_size_of};

/// Writes a text. A reader that has seen enough and went away, as `head` does, is no error.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A line for people: in a terminal it is broken between words, and goes on `hang` columns from the left.
pub(super) fn fitting(line: &str, hang: usize) -> String {
    let stdout = io::stdout();
    match terminal_size_of(&stdout).filter(|_| stdout.is_terminal()) {
        Some((Width(width @ 1..), _)) => wrap_line(line, width.into(), hang),
        _ => line.to_owned(),
    }
}
