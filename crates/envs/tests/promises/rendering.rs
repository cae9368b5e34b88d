//! Pictures look like Gymnasium's: compared with its `rgb_array` of the same states.

use deepq_envs::{Env, EnvOptions, Registry, Reset};
use image::RgbImage;
use tiny_skia::Pixmap;

/// The picture after these actions, after a reset with this seed.
fn ours(id: &str, options: &EnvOptions, seed: u64, actions: &[usize]) -> RgbImage {
    let mut env = Registry::standard().make(id, options).unwrap().into_vector().unwrap();
    let mut observation = vec![0.0; env.observation_space().len()];
    env.reset(&Reset::seeded(seed), &mut observation).unwrap();
    for &action in actions {
        env.step(action, &mut observation).unwrap();
    }
    env.render().unwrap()
}

/// How many pixels differ visibly from Gymnasium's picture: by more than a quarter of the range in a colour.
fn differing(ours: &RgbImage, png: &[u8]) -> usize {
    let theirs = Pixmap::decode_png(png).unwrap();
    assert_eq!((ours.width(), ours.height()), (theirs.width(), theirs.height()));
    let differs = |(x, y, pixel): &(u32, u32, &image::Rgb<u8>)| {
        let theirs = theirs.pixel(*x, *y).unwrap().demultiply();
        let theirs = [theirs.red(), theirs.green(), theirs.blue()];
        pixel.0.iter().zip(theirs).any(|(ours, theirs)| ours.abs_diff(theirs) > 64)
    };
    ours.enumerate_pixels().filter(differs).count()
}

macro_rules! picture {
    ($file:literal) => {
        include_bytes!(concat!("../pictures/", $file, ".png"))
    };
}

/// Edges are smoothed differently: a few pixels of 200,000 may differ.
#[test]
fn classic_control() {
    let plain = EnvOptions::new();
    let swing = [vec![0; 14], vec![2; 20]].concat();
    for (id, seed, actions, theirs, most) in [
        ("CartPole-v1", 1, &[0, 0, 0, 1, 0, 0, 0][..], &picture!("cartpole")[..], 40),
        ("MountainCar-v0", 1, &swing, picture!("mountain_car"), 40),
        ("Acrobot-v1", 1, &[0, 0, 0, 0, 2, 2, 2, 2, 2, 0], picture!("acrobot"), 150),
        ("Pendulum-v1", 1, &[4; 7], picture!("pendulum"), 150),
    ] {
        let differing = differing(&ours(id, &plain, seed, actions), theirs);
        assert!(differing <= most, "{id}: {differing} pixels differ");
    }
}

/// Pixel art, exactly.
#[test]
fn toy_text() {
    let (plain, dry) = (EnvOptions::new(), EnvOptions::new().with("is_slippery", false));
    for (id, options, actions, theirs) in [
        ("CliffWalking-v1", &plain, &[0, 1, 1, 1, 1][..], &picture!("cliff_walking")[..]),
        ("FrozenLake-v1", &dry, &[2, 1], picture!("frozen_lake_hole")),
        ("FrozenLake8x8-v1", &dry, &[2, 1, 2], picture!("frozen_lake_8x8")),
    ] {
        assert_eq!(differing(&ours(id, options, 1, actions), theirs), 0, "{id}");
    }
}
