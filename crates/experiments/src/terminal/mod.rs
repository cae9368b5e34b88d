//! Pictures and text in a terminal.
//!
//! 1. A [`Grid`] of [`Cell`]s is all that a terminal shows.
//! 2. [`half_blocks`] draws a picture into it, two pixels a cell, and [`Panel`] lines of text below.
//! 3. [`changes`] says what must be written to turn one grid into the next.
//! 4. A [`Terminal`] shows grids and gives what is typed; it is put back as it was when it is dropped, and by [`restore`]
//!    where a program ends otherwise.
//!
//! Beside them [`wrap`] breaks what is only said into lines that fit. All but the [`Terminal`] are functions of their arguments alone.

mod cell;
mod changes;
mod colour;
pub mod half_blocks;
mod panel;
mod screen;
mod wrap;

pub use cell::{Cell, Grid};
pub use changes::changes;
pub use colour::{Colour, ColourDepth};
pub use panel::{Panel, Words};
pub use screen::{Input, Key, Terminal, TerminalError, restore};
pub(crate) use wrap::columns;
pub use wrap::{wrap, wrap_line};
