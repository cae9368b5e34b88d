//! `deepq-envs` alone: a Gymnasium for Rust. Several landers at once, a policy by hand, and a picture of one of them.
//!
//! ```text
//! cargo run --package deepq-envs --example gymnasium_for_rust [picture.png]
//! ```

use std::error::Error;

use deepq_envs::{Env, EnvOptions, Registry, Reset, Seeds, VectorEnv, VectorStep};
use tiny_skia::{ColorU8, Pixmap};

const LANDERS: usize = 4;
const EPISODES: usize = 20;

/// The rule by which Gymnasium's own demonstration lands, for discrete actions: 0 nothing, 1 left, 2 main, 3 right engine.
fn land(observation: &[f32]) -> usize {
    let &[x, y, speed_x, speed_y, angle, turning, left_leg, right_leg] = observation else { return 0 };
    let wanted_angle = (0.5 * x + speed_x).clamp(-0.4, 0.4);
    let wanted_height = 0.55 * x.abs();
    let (mut turn, mut lift) = (0.5 * (wanted_angle - angle) - turning, 0.5 * (wanted_height - y) - 0.5 * speed_y);
    if left_leg + right_leg > 0.0 {
        (turn, lift) = (0.0, -0.5 * speed_y);
    }
    match () {
        () if lift > turn.abs() && lift > 0.05 => 2,
        () if turn < -0.05 => 3,
        () if turn > 0.05 => 1,
        () => 0,
    }
}

/// A picture as a PNG file holds it.
fn png(picture: &image::RgbImage) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut pixmap = Pixmap::new(picture.width(), picture.height()).ok_or("the picture is empty")?;
    for (to, from) in pixmap.pixels_mut().iter_mut().zip(picture.pixels()) {
        let [red, green, blue] = from.0;
        *to = ColorU8::from_rgba(red, green, blue, u8::MAX).premultiply();
    }
    Ok(pixmap.encode_png()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: vector
    let (registry, seeds) = (Registry::standard(), Seeds::new(1));
    let mut landers = Vec::new();
    for _ in 0..LANDERS {
        let env = registry.make("LunarLander-v3", &EnvOptions::new())?;
        landers.push(env.into_vector().ok_or("a lander has no frames")?);
    }
    let mut envs = VectorEnv::new(landers)?;
    let len = envs.observation_space().len();

    let resets: Vec<Reset> = (0..LANDERS).map(|i| Reset::seeded(seeds.seed(&format!("lander/{i}")))).collect();
    let mut step = VectorStep::new();
    step.observations = vec![0.0; LANDERS * len];
    envs.reset(&resets, &mut step.observations)?;

    let (mut running, mut returns) = ([0.0; LANDERS], Vec::new());
    while returns.len() < EPISODES {
        let actions: Vec<usize> = step.observations.chunks(len).map(land).collect();
        envs.step(&actions, &mut step)?; // an episode that ended has already been followed by the next one
        for (total, step) in running.iter_mut().zip(&step.steps) {
            *total += step.reward;
            if step.status.is_over() {
                returns.push(std::mem::take(total));
            }
        }
    }
    // ANCHOR_END: vector
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    println!("{} episodes, mean return {mean:.0}", returns.len());

    let picture = png(&envs.envs()[0].render()?)?;
    match std::env::args().nth(1) {
        Some(file) => std::fs::write(&file, picture).map_err(|error| format!("{file}: {error}"))?,
        None => println!("a picture of it has {} bytes; name a file to keep it", picture.len()),
    }
    Ok(())
}
