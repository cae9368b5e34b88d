//! How a game is played.

/// How a game is played.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EmulatorSettings {
    /// Probability that a frame repeats the action of the frame before it instead of taking the new one ("sticky
    /// actions", Machado et al. 2018, section 5). 0 makes the game deterministic.
    pub repeat_action_probability: f32,
    /// The game's mode; `None` for the one it starts in.
    pub mode: Option<u32>,
    /// The game's difficulty; `None` for the one it starts in.
    pub difficulty: Option<u32>,
    /// Frames after which an episode is cut off; 0 for no limit.
    pub max_episode_frames: u32,
}
