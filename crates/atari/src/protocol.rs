//! Protocols: the settings under which results on Atari games are published.

use crate::atari_env::AtariSettings;
use crate::preprocessing::Preprocessing;
use crate::resize::Size;

/// A set of settings with a name.
///
/// | | `nature` | `machado` | `baselines` |
/// |---|---|---|---|
/// | no-ops at the start | up to 30 | none | up to 30 |
/// | repeated actions | none | 0.25 | none |
/// | actions | minimal set | all 18 | minimal set |
/// | a lost life | ends bootstrapping | means nothing | ends bootstrapping |
/// | FIRE when play starts | no | no | yes |
///
/// All of them: an action lasts four frames, of which the last two are joined, grey, 84 x 84, four of them stacked; an
/// episode has at most 108,000 frames. Rewards are left as they are: clipping them is the agent's matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Mnih et al. 2015, "Human-level control through deep reinforcement learning", as DeepMind's own DQN Zoo has it
    /// (`zero_discount_on_life_loss`, 108,000 frames).
    Nature,
    /// Machado et al. 2018, "Revisiting the Arcade Learning Environment", section 3: repeated actions as the only
    /// randomness, all 18 actions, and no word about lives. Frame skip and frames as in the environments `ALE/..-v5`,
    /// which cite it.
    Machado,
    /// OpenAI's baselines, `make_atari` and `wrap_deepmind(episode_life=True, frame_stack=True)`. The greys of the
    /// screen are ALE's here, as in Gymnasium, and OpenCV's there.
    Baselines,
}

/// Frames that an action lasts: "action repeat" in Extended Data Table 1 of Mnih et al. 2015.
const FRAME_SKIP: u32 = 4;
/// Observations in a stack: "agent history length" of the same table.
const FRAME_STACK: usize = 4;
/// Height and width of a frame, from the Methods of the same paper.
const SCREEN_SIZE: Size = Size { height: 84, width: 84 };
/// Largest number of no-ops at an episode's start: "no-op max" of the same table.
const NOOP_MAX: u32 = 30;
/// Probability of a repeated action: Machado et al. 2018, section 5.
const REPEAT_ACTION_PROBABILITY: f32 = 0.25;
/// Half an hour at 60 frames a second: `max_num_frames_per_episode` of Gymnasium's registered Atari environments, and
/// the limit of DQN Zoo and (as 27,000 steps) of Dopamine.
const MAX_EPISODE_FRAMES: u32 = 108_000;

impl Protocol {
    /// All protocols.
    pub const ALL: [Self; 3] = [Self::Nature, Self::Machado, Self::Baselines];

    /// The name, as options have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nature => "nature",
            Self::Machado => "machado",
            Self::Baselines => "baselines",
        }
    }

    /// How the game is played.
    pub fn settings(self) -> AtariSettings {
        let machado = self == Self::Machado;
        AtariSettings {
            repeat_action_probability: if machado { REPEAT_ACTION_PROBABILITY } else { 0.0 },
            full_action_space: machado,
            ..GYMNASIUM_V5
        }
    }

    /// What is done to it before the agent sees it.
    pub fn preprocessing(self) -> Preprocessing {
        let machado = self == Self::Machado;
        Preprocessing {
            noop_max: if machado { 0 } else { NOOP_MAX },
            life_loss_ends_episode: !machado,
            fire_on_reset: self == Self::Baselines,
            ..GYMNASIUM_PREPROCESSING
        }
    }

    /// How many observations are stacked.
    pub fn frame_stack(self) -> usize {
        FRAME_STACK
    }
}

/// Gymnasium's `ALE/..-v5`.
pub(crate) const GYMNASIUM_V5: AtariSettings = AtariSettings {
    frame_skip: FRAME_SKIP,
    repeat_action_probability: REPEAT_ACTION_PROBABILITY,
    full_action_space: false,
    mode: None,
    difficulty: None,
    max_episode_frames: MAX_EPISODE_FRAMES,
};

/// Gymnasium's `..NoFrameskip-v0`.
pub(crate) const GYMNASIUM_V0: AtariSettings = AtariSettings { frame_skip: 1, ..GYMNASIUM_V5 };

/// Gymnasium's `..NoFrameskip-v4`.
pub(crate) const GYMNASIUM_V4: AtariSettings = AtariSettings { repeat_action_probability: 0.0, ..GYMNASIUM_V0 };

/// Gymnasium's `AtariPreprocessing` as it is without arguments; it sets [`AtariSettings::frame_skip`] to
/// [`PREPROCESSING_FRAME_SKIP`].
pub(crate) const GYMNASIUM_PREPROCESSING: Preprocessing = Preprocessing {
    noop_max: NOOP_MAX,
    screen_size: SCREEN_SIZE,
    grayscale: true,
    terminal_on_life_loss: false,
    life_loss_ends_episode: false,
    fire_on_reset: false,
};

/// The frame skip of Gymnasium's `AtariPreprocessing`.
pub(crate) const PREPROCESSING_FRAME_SKIP: u32 = FRAME_SKIP;

impl Default for AtariSettings {
    /// Gymnasium's `ALE/..-v5`.
    fn default() -> Self {
        GYMNASIUM_V5
    }
}

impl Default for Preprocessing {
    /// Gymnasium's `AtariPreprocessing` without arguments.
    fn default() -> Self {
        GYMNASIUM_PREPROCESSING
    }
}
