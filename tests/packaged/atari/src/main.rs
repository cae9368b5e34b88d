//! A hundred steps of Pong, with `deepq-atari` alone beside the words of `deepq-envs`.

use deepq_atari::envs::{Env, EnvOptions, Registry, Reset};
use deepq_atari::{RomLibrary, register};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut registry = Registry::standard();
    register(&mut registry, RomLibrary::standard());
    let options = EnvOptions::new().with("protocol", "nature");
    let mut pong = registry.make("ALE/Pong-v5", &options)?.into_frames().ok_or("frames")?;
    let mut screens = vec![0; pong.observation_space().len()];
    pong.reset(&Reset::seeded(1), &mut screens)?;
    let mut points = 0.0;
    for _ in 0..100 {
        points += pong.step(2, &mut screens)?.reward;
    }
    assert!(points < 0.0, "who only moves up does not win");
    Ok(())
}
