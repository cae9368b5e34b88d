//! The options of an Atari environment by name.

use std::ops::RangeInclusive;

use deepq_envs::{EnvError, EnvOption, EnvOptions, OptionReader, OptionValues};

use crate::atari_env::{AtariSettings, invalid};
use crate::preprocessing::Preprocessing;
use crate::protocol::{PREPROCESSING_FRAME_SKIP, Protocol};
use crate::resize::Size;

/// What to make of a game.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AtariOptions {
    pub(crate) settings: AtariSettings,
    /// `None` for the game as it is.
    pub(crate) preprocessing: Option<Preprocessing>,
    /// Observations in a stack; `None` for the observation itself.
    pub(crate) frame_stack: Option<usize>,
    /// Agent steps after which an episode is truncated.
    pub(crate) max_episode_steps: Option<u32>,
}

/// The options that ask for preprocessing.
const PREPROCESSING: [&str; 6] =
    ["noop_max", "screen_size", "grayscale", "terminal_on_life_loss", "life_loss_ends_episode", "fire_on_reset"];

impl AtariOptions {
    /// Reads the options of the environment `id`, which has `base` where they say nothing.
    pub(crate) fn read(id: &str, base: AtariSettings, options: &EnvOptions) -> Result<Self, EnvError> {
        let mut reader = options.reader(id);
        let names = Protocol::ALL.map(Protocol::name);
        let protocol = reader.choice("protocol", &names)?.and_then(|position| Protocol::ALL.get(position).copied());

        let asked = PREPROCESSING.into_iter().find(|name| options.get(name).is_some());
        let asked = asked.or(protocol.map(|_| "protocol"));
        let preprocess = reader.bool("preprocess")?;
        if let (Some(false), Some(name)) = (preprocess, asked) {
            return Err(invalid(id, "preprocess", &false, format!("{name} asks for preprocessing")));
        }
        let preprocess = preprocess.unwrap_or(asked.is_some());

        let settings = match protocol {
            Some(protocol) => protocol.settings(),
            None if preprocess => AtariSettings { frame_skip: PREPROCESSING_FRAME_SKIP, ..base },
            None => base,
        };
        let max_episode_steps = number(&mut reader, "max_episode_steps", 0..=u32::MAX)?.filter(|&steps| steps > 0);
        let settings = read_settings(&mut reader, settings, max_episode_steps.is_some())?;
        let preprocessing = protocol.map_or_else(Preprocessing::default, Protocol::preprocessing);
        let preprocessing = read_preprocessing(&mut reader, preprocessing)?;
        let frame_stack = reader.integer("frame_stack", 1..=MAX_FRAME_STACK)?.and_then(|k| usize::try_from(k).ok());
        reader.finish()?;
        Ok(Self {
            settings,
            preprocessing: preprocess.then_some(preprocessing),
            frame_stack: frame_stack.or(protocol.map(Protocol::frame_stack)),
            max_episode_steps,
        })
    }
}

const MAX_FRAME_STACK: i64 = 256;
/// A step or a start that takes longer than this many frames is a mistake.
const MOST_FRAMES: u32 = 10_000;

/// The options of a game that is like `base` where they say nothing.
pub(crate) fn described(base: AtariSettings) -> Vec<EnvOption> {
    let up_to = |most: u32| OptionValues::Integer(0..=i64::from(most));
    let number = |name, from: u32, most: u32, meaning| {
        EnvOption::new(name, OptionValues::Integer(i64::from(from)..=i64::from(most)), meaning)
    };
    let Preprocessing {
        noop_max,
        screen_size,
        grayscale,
        terminal_on_life_loss,
        life_loss_ends_episode,
        fire_on_reset,
    } = Preprocessing::default();
    let protocols = OptionValues::Choice(Protocol::ALL.map(Protocol::name).to_vec());
    vec![
        EnvOption::new("protocol", protocols, "all options of a protocol at once; others override single ones of them"),
        EnvOption::switch(
            "preprocess",
            false,
            "screens as Gymnasium's `AtariPreprocessing` makes them, with actions of 4 frames; `protocol` and the next six ask for it too",
        ),
        number(
            "noop_max",
            0,
            MOST_FRAMES,
            "an episode starts with a random number of frames without action, 1 to this; 0 for none",
        )
        .default(noop_max),
        number("screen_size", 1, u32::MAX, "height and width of the observation, no more than the screen's")
            .default(screen_size.height as i64),
        EnvOption::switch("grayscale", grayscale, "one plane of grey instead of three of red, green and blue"),
        EnvOption::switch(
            "terminal_on_life_loss",
            terminal_on_life_loss,
            "a lost life terminates the episode, and the next reset starts the game anew",
        ),
        EnvOption::switch(
            "life_loss_ends_episode",
            life_loss_ends_episode,
            "bootstrapping stops at a lost life, and the game goes on",
        ),
        EnvOption::switch(
            "fire_on_reset",
            fire_on_reset,
            "where the game has a FIRE action, it is pressed when play starts, and after a lost life",
        ),
        number("frame_skip", 1, MOST_FRAMES, "frames that an action lasts; 4 where the screens are preprocessed")
            .default(base.frame_skip),
        EnvOption::new(
            "repeat_action_probability",
            OptionValues::float(0.0..=1.0),
            "the probability that a frame repeats the action of the frame before it instead (\"sticky actions\")",
        )
        .default(f64::from(base.repeat_action_probability)),
        EnvOption::switch(
            "full_action_space",
            base.full_action_space,
            "all 18 actions instead of those that matter in the game",
        ),
        EnvOption::new("mode", up_to(u32::MAX), "the game's mode, one of those it has; else the one it starts in"),
        EnvOption::new(
            "difficulty",
            up_to(u32::MAX),
            "the game's difficulty, one of those it has; else the one it starts in",
        ),
        EnvOption::new(
            "max_episode_frames",
            up_to(u32::MAX),
            "frames after which an episode is truncated, no-ops at its start included; 0 for no limit",
        )
        .default(base.max_episode_frames),
        EnvOption::new(
            "max_episode_steps",
            up_to(u32::MAX),
            "agent steps after which an episode is truncated, in place of the limit in frames; 0 for no limit",
        )
        .default(0),
        EnvOption::new(
            "frame_stack",
            OptionValues::Integer(1..=MAX_FRAME_STACK),
            "observations are the last so many screens",
        ),
    ]
}

fn read_settings(reader: &mut OptionReader<'_>, base: AtariSettings, limited: bool) -> Result<AtariSettings, EnvError> {
    // A limit in agent steps that somebody gives takes the place of the usual one in frames.
    let max_episode_frames = if limited { 0 } else { base.max_episode_frames };
    Ok(AtariSettings {
        frame_skip: number(reader, "frame_skip", 1..=MOST_FRAMES)?.unwrap_or(base.frame_skip),
        #[allow(clippy::cast_possible_truncation, reason = "ALE compares with a C float too")]
        repeat_action_probability: reader
            .float("repeat_action_probability", 0.0..=1.0)?
            .map_or(base.repeat_action_probability, |probability| probability as f32),
        full_action_space: reader.bool("full_action_space")?.unwrap_or(base.full_action_space),
        mode: number(reader, "mode", 0..=u32::MAX)?.or(base.mode),
        difficulty: number(reader, "difficulty", 0..=u32::MAX)?.or(base.difficulty),
        max_episode_frames: number(reader, "max_episode_frames", 0..=u32::MAX)?.unwrap_or(max_episode_frames),
    })
}

fn read_preprocessing(reader: &mut OptionReader<'_>, base: Preprocessing) -> Result<Preprocessing, EnvError> {
    let size = reader.integer("screen_size", 1..=i64::from(u32::MAX))?.and_then(|pixels| usize::try_from(pixels).ok());
    let terminal_on_life_loss = reader.bool("terminal_on_life_loss")?;
    Ok(Preprocessing {
        noop_max: number(reader, "noop_max", 0..=MOST_FRAMES)?.unwrap_or(base.noop_max),
        screen_size: size.map_or(base.screen_size, |pixels| Size { height: pixels, width: pixels }),
        grayscale: reader.bool("grayscale")?.unwrap_or(base.grayscale),
        // Whoever wants the one kind of end, does not want the other one of a protocol.
        life_loss_ends_episode: reader
            .bool("life_loss_ends_episode")?
            .unwrap_or(base.life_loss_ends_episode && terminal_on_life_loss != Some(true)),
        terminal_on_life_loss: terminal_on_life_loss.unwrap_or(base.terminal_on_life_loss),
        fire_on_reset: reader.bool("fire_on_reset")?.unwrap_or(base.fire_on_reset),
    })
}

fn number<'a>(
    reader: &mut OptionReader<'a>,
    name: &'a str,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, EnvError> {
    let number = reader.integer(name, i64::from(*range.start())..=i64::from(*range.end()))?;
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{GYMNASIUM_V4, GYMNASIUM_V5};

    fn read(options: &EnvOptions) -> Result<AtariOptions, String> {
        AtariOptions::read("ALE/Pong-v5", GYMNASIUM_V5, options).map_err(|error| error.to_string())
    }

    #[test]
    fn without_options_the_game_is_as_gymnasium_registers_it() {
        let options = read(&EnvOptions::new()).unwrap();
        assert_eq!(options.settings, GYMNASIUM_V5);
        assert_eq!((options.preprocessing, options.frame_stack, options.max_episode_steps), (None, None, None));
        let limited = read(&EnvOptions::new().with("max_episode_steps", 100)).unwrap();
        assert_eq!((limited.max_episode_steps, limited.settings.max_episode_frames), (Some(100), 0));
    }

    #[test]
    fn what_is_said_of_options_is_what_they_do() {
        for base in [GYMNASIUM_V5, GYMNASIUM_V4] {
            let read = |options: &EnvOptions| AtariOptions::read("a game", base, options);
            let plain = EnvOptions::new();
            let preprocessed = EnvOptions::new().with("preprocess", true);
            for EnvOption { name, default, .. } in described(base) {
                let Some(default) = default else { continue };
                let beside = if PREPROCESSING.contains(&name) { &preprocessed } else { &plain };
                assert_eq!(read(&beside.clone().with(name, default)).unwrap(), read(beside).unwrap(), "{name}");
            }
        }
        let mut known: Vec<&str> = described(GYMNASIUM_V5).into_iter().map(|option| option.name).collect();
        known.sort_unstable();
        let error = read(&EnvOptions::new().with("unknown", true)).unwrap_err();
        assert!(error.ends_with(&known.join(", ")), "{error}");
    }

    #[test]
    fn an_option_of_preprocessing_asks_for_it() {
        let options = EnvOptions::new().with("noop_max", 0);
        let options = AtariOptions::read("PongNoFrameskip-v4", GYMNASIUM_V4, &options).unwrap();
        assert_eq!(options.settings, AtariSettings { frame_skip: 4, ..GYMNASIUM_V4 });
        assert_eq!(options.preprocessing, Some(Preprocessing { noop_max: 0, ..Preprocessing::default() }));
    }

    #[test]
    fn single_options_override_a_protocol() {
        let nature = read(&EnvOptions::new().with("protocol", "nature")).unwrap();
        assert_eq!(nature.settings.repeat_action_probability, 0.0);
        assert_eq!(nature.preprocessing, Some(Protocol::Nature.preprocessing()));
        assert_eq!(nature.frame_stack, Some(4));

        let options = EnvOptions::new().with("protocol", "nature").with("life_loss_ends_episode", false);
        let evaluation = read(&options.with("frame_stack", 2).with("repeat_action_probability", 0.5)).unwrap();
        assert_eq!(evaluation.settings.repeat_action_probability, 0.5);
        assert_eq!(evaluation.frame_stack, Some(2));
        let preprocessing = evaluation.preprocessing.unwrap();
        assert!(!preprocessing.life_loss_ends_episode);
        assert_eq!(preprocessing.noop_max, 30);
    }

    #[test]
    fn each_wrong_option_says_what_is_allowed() {
        for (options, parts) in [
            (EnvOptions::new().with("protocol", "natur"), ["protocol", "nature, machado, baselines"]),
            (EnvOptions::new().with("frame_skip", 0), ["frame_skip", "from 1"]),
            (EnvOptions::new().with("screen_size", -84), ["screen_size", "from 1"]),
            (EnvOptions::new().with("repeat_action_probability", 1.5), ["repeat_action_probability", "from 0 to 1"]),
            (EnvOptions::new().with("preprocess", false).with("noop_max", 3), ["preprocess", "noop_max"]),
            (EnvOptions::new().with("frameskip", 4), ["frameskip", "frame_skip"]),
            (EnvOptions::new().with("mode", "hard"), ["mode", "whole number"]),
        ] {
            let error = read(&options).unwrap_err();
            assert!(error.starts_with("ALE/Pong-v5"), "{error}");
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
