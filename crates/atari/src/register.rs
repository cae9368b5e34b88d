//! Atari games in the registry.

use std::sync::Arc;

use deepq_envs::{AnyEnv, BoxedEnv, EnvError, EnvOptions, FrameStack, Registry, TimeLimit};

use crate::atari_env::{AtariEnv, AtariSettings};
use crate::options::{AtariOptions, described};
use crate::preprocessing::AtariPreprocessing;
use crate::protocol::{GYMNASIUM_V0, GYMNASIUM_V4, GYMNASIUM_V5};
use crate::roms::{Game, RomLibrary};

/// Adds every game under the ids `ALE/Pong-v5`, `PongNoFrameskip-v4` and `PongNoFrameskip-v0`.
///
/// Without options they are what Gymnasium makes of these ids: the screen in colour, `[height, width, 3]` bytes. The
/// options, all of them optional:
///
/// - `protocol`: `"nature"`, `"machado"` or `"baselines"`, all settings of a [`Protocol`](crate::Protocol). The options
///   below override single ones of them.
/// - `preprocess`: small grey screens as Gymnasium's `AtariPreprocessing` makes them, with an action that lasts four
///   frames. A protocol implies it, and so does each of the next ones.
/// - `noop_max`, `screen_size`, `grayscale`, `terminal_on_life_loss`, `life_loss_ends_episode`, `fire_on_reset`: the
///   fields of [`Preprocessing`](crate::Preprocessing); `screen_size` is both height and width.
/// - `frame_skip`, `repeat_action_probability`, `full_action_space`, `mode`, `difficulty`, `max_episode_frames`: the
///   fields of [`AtariSettings`].
/// - `max_episode_steps`: agent steps after which an episode is truncated. It takes the place of the usual limit in
///   frames.
/// - `frame_stack`: observations are the last so many screens.
///
/// [`Registry::options`] gives them with their values.
///
/// A game's ROM is looked for when the game is made, not before.
pub fn register(registry: &mut Registry, roms: RomLibrary) {
    let roms = Arc::new(roms);
    for game in Game::all() {
        let name = game.name();
        for (id, base, what) in [
            (format!("ALE/{name}-v5"), GYMNASIUM_V5, "an action lasts 4 frames, repeated actions"),
            (format!("{name}NoFrameskip-v4"), GYMNASIUM_V4, "an action lasts a frame"),
            (format!("{name}NoFrameskip-v0"), GYMNASIUM_V0, "an action lasts a frame, repeated actions"),
        ] {
            let roms = Arc::clone(&roms);
            let own_id = id.clone();
            let make = move |options: &EnvOptions| make(&own_id, game, base, &roms, options);
            let registration = registry.register(&id, &format!("{name} on the Atari 2600; {what}"), make);
            registration.handles(&["max_episode_steps", "frame_stack"]).options(described(base));
        }
    }
}

fn make(
    id: &str,
    game: Game,
    base: AtariSettings,
    roms: &RomLibrary,
    options: &EnvOptions,
) -> Result<AnyEnv, EnvError> {
    let options = AtariOptions::read(id, base, options)?;
    let missing = |error: &dyn ToString| EnvError::Backend { env: id.into(), reason: error.to_string() };
    let rom = roms.find(game).map_err(|error| missing(&error))?;
    let mut env: BoxedEnv<u8> = match options.preprocessing {
        Some(preprocessing) => Box::new(AtariPreprocessing::new(id, &rom, &options.settings, &preprocessing)?),
        None => Box::new(AtariEnv::new(id, &rom, &options.settings)?),
    };
    if let Some(limit) = options.max_episode_steps {
        env = Box::new(TimeLimit::new(env, limit));
    }
    if let Some(frames) = options.frame_stack {
        env = Box::new(FrameStack::new(env, frames)?);
    }
    Ok(AnyEnv::Frames(env))
}
