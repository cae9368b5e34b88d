//! `deepq-atari` alone: a game of Atari with random actions, as agents see it.
//!
//! ```text
//! cargo run --package deepq-atari --example random_game [game] [agent steps]
//! ```
//!
//! The game's ROM is looked for where the program looks for it; `cargo xtask roms pong` fetches it.

use std::error::Error;

use deepq_atari::{Game, RomLibrary, register};
use deepq_envs::{Env, EnvOptions, NumpyRng, Registry, Reset};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "pong".into());
    let limit: u32 = arguments.next().map_or(Ok(500), |steps| steps.parse())?;
    // ANCHOR: play
    let game = Game::by_name(&name).ok_or_else(|| format!("there is no game {name:?}"))?;
    let mut registry = Registry::empty();
    register(&mut registry, RomLibrary::standard());
    let nature = EnvOptions::new().with("protocol", "nature");
    let env = registry.make(&format!("{}NoFrameskip-v4", game.name()), &nature)?;
    let mut env = env.into_frames().ok_or("a game has frames")?;

    let mut stack = vec![0; env.observation_space().len()];
    env.reset(&Reset::seeded(1), &mut stack)?;
    let (mut rng, mut score, mut frames, mut steps) = (NumpyRng::new(1), 0.0, 0, 0);
    while steps < limit {
        let step = env.step(rng.index(env.action_space().n()), &mut stack)?;
        score += step.reward;
        frames += step.frames;
        steps += 1;
        if step.status.is_over() {
            break;
        }
    }
    // ANCHOR_END: play
    println!(
        "{}: score {score} after {steps} agent steps, {frames} frames; observations {:?}",
        game.name(),
        env.observation_space().shape()
    );
    Ok(())
}
