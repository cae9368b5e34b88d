//! The joystick: what a player can do in one frame.

/// One of the 18 positions of joystick and button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Action(u8);

impl Action {
    /// Hands off.
    pub const NOOP: Self = Self(0);
    /// The button alone.
    pub const FIRE: Self = Self(1);

    /// How many there are.
    pub const COUNT: usize = Self::MEANINGS.len();

    /// Gymnasium's names, in ALE's order.
    const MEANINGS: [&str; 18] = [
        "NOOP",
        "FIRE",
        "UP",
        "RIGHT",
        "LEFT",
        "DOWN",
        "UPRIGHT",
        "UPLEFT",
        "DOWNRIGHT",
        "DOWNLEFT",
        "UPFIRE",
        "RIGHTFIRE",
        "LEFTFIRE",
        "DOWNFIRE",
        "UPRIGHTFIRE",
        "UPLEFTFIRE",
        "DOWNRIGHTFIRE",
        "DOWNLEFTFIRE",
    ];

    /// The action with ALE's number, 0 to 17.
    pub fn new(number: usize) -> Option<Self> {
        u8::try_from(number).ok().map(Self).filter(|action| usize::from(action.0) < Self::COUNT)
    }

    /// ALE's number, 0 to 17.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its name in Gymnasium: `"NOOP"`, `"UPFIRE"`.
    pub fn meaning(self) -> &'static str {
        Self::MEANINGS[usize::from(self.0)]
    }
}
