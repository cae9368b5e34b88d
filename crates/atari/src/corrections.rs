//! What ale-py 0.12 knows better about a game than ALE 0.6.0.

use crate::roms::Game;

/// The corrections of one game; of most games, none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corrections {
    None,
    /// The game is over when no helicopter is left after play has begun. 0.6.0 takes "the helicopter looks right" for
    /// "play has begun", and never ends a game whose last helicopter was lost looking left.
    ChopperCommand {
        begun: bool,
    },
    /// 0.12 does nothing for 20 frames before it chooses the mode, and draws repeated actions meanwhile.
    Berzerk,
}

/// Where in its memory Chopper Command has the helicopters left (the low half), and 1 where the helicopter looks right.
const HELICOPTERS: usize = 0x64;
const LOOKS_RIGHT: usize = 0x42;

impl Corrections {
    pub(crate) fn new(game: Game) -> Self {
        match game.key() {
            "chopper_command" => Self::ChopperCommand { begun: false },
            "berzerk" => Self::Berzerk,
            _ => Self::None,
        }
    }

    /// Whether `watch` and `game_over` want to see the memory.
    pub(crate) fn watches_memory(&self) -> bool {
        matches!(self, Self::ChopperCommand { .. })
    }

    /// After a reset.
    pub(crate) fn begin(&mut self, memory: &[u8; 128]) {
        if let Self::ChopperCommand { begun } = self {
            *begun = memory[LOOKS_RIGHT] & 1 == 1;
        }
    }

    /// After a frame.
    pub(crate) fn watch(&mut self, memory: &[u8; 128]) {
        if let Self::ChopperCommand { begun } = self {
            *begun |= memory[LOOKS_RIGHT] & 1 == 1;
        }
    }

    /// Whether the game is over, though 0.6.0 does not say so.
    pub(crate) fn game_over(&self, memory: &[u8; 128]) -> bool {
        matches!(self, Self::ChopperCommand { begun: true }) && memory[HELICOPTERS] & 0xf == 0
    }

    /// Numbers that are drawn while the mode is set.
    pub(crate) fn draws_for_the_mode(&self) -> usize {
        if *self == Self::Berzerk { 2 * 20 } else { 0 }
    }
}
