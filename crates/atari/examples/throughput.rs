//! How many frames of a game one core plays in a second.
//!
//! `cargo run -p deepq-atari --example throughput [game] [frames]`
//!
//! Four things are timed in turn, each over the same actions, five times: the emulator alone, with the screen as in the
//! Nature paper, the same with a stack of four, and as Gymnasium's plain environment in colour. The median is printed.

use std::error::Error;
use std::time::Instant;

use deepq_atari::{Emulator, EmulatorSettings, Game, RomLibrary, register};
use deepq_envs::{BoxedEnv, Env, EnvOptions, NumpyRng, Registry, Reset};

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "pong".into());
    let frames: u32 = arguments.next().map_or(Ok(20_000), |frames| frames.parse())?;
    let game = Game::by_name(&name).ok_or_else(|| format!("there is no game {name:?}"))?;

    let mut registry = Registry::empty();
    register(&mut registry, RomLibrary::standard());
    let make = |options: EnvOptions| {
        let env = registry.make(&format!("ALE/{}-v5", game.name()), &options)?;
        env.into_frames().ok_or_else(|| Box::<dyn Error>::from("a game has frames"))
    };
    let mut emulator = Emulator::new(&RomLibrary::standard().find(game)?, EmulatorSettings::default())?;
    let mut frame = make(EnvOptions::new().with("protocol", "nature").with("frame_stack", 1))?;
    let mut stack = make(EnvOptions::new().with("protocol", "nature"))?;
    let mut colour = make(EnvOptions::new())?;

    let mut rates = [(); 4].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        rates[0].push(rate(|| play_emulator(&mut emulator, frames))?);
        rates[1].push(rate(|| play(&mut frame, frames))?);
        rates[2].push(rate(|| play(&mut stack, frames))?);
        rates[3].push(rate(|| play(&mut colour, frames))?);
    }
    println!("{}, frames a second on one core, median of {ROUNDS} rounds of {frames} frames:", game.name());
    let names = ["the emulator alone", "84 x 84, grey", "the same, stack of 4", "in colour, every fourth frame"];
    for (what, rates) in names.into_iter().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        println!("{:>9.0}  {what}", rates[ROUNDS / 2]);
    }
    Ok(())
}

/// Frames a second of something that plays and says how many frames it played.
fn rate(mut play: impl FnMut() -> Result<u32, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let frames = play()?;
    Ok(f64::from(frames) / begun.elapsed().as_secs_f64())
}

fn play_emulator(emulator: &mut Emulator, frames: u32) -> Result<u32, Box<dyn Error>> {
    let actions = emulator.minimal_actions().to_vec();
    let mut rng = NumpyRng::new(1);
    emulator.seed(1);
    emulator.reset()?;
    for _ in 0..frames / 4 {
        let action = actions[rng.index(actions.len())];
        for _ in 0..4 {
            emulator.act(action);
        }
        if emulator.game_over() {
            emulator.reset()?;
        }
    }
    Ok(frames)
}

fn play(env: &mut BoxedEnv<u8>, frames: u32) -> Result<u32, Box<dyn Error>> {
    let mut observation = vec![0; env.observation_space().len()];
    let (mut rng, mut played) = (NumpyRng::new(1), 0);
    env.reset(&Reset::seeded(1), &mut observation)?;
    while played < frames {
        let step = env.step(rng.index(env.action_space().n()), &mut observation)?;
        played += step.frames;
        if step.status.is_over() {
            env.reset(&Reset::default(), &mut observation)?;
        }
    }
    Ok(played)
}
