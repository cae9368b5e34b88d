//! LunarLander's options, its capture in mid-air, its end and its picture. That its numbers are Gymnasium's is `parity`'s.

use deepq_envs::{
    BoxedEnv, Env, EnvError, EnvOptions, Journal, LunarLander, LunarLanderOptions, NumpyRng, Registry, Reset, Status,
    Step, check_env,
};

fn make(id: &str, options: &EnvOptions) -> Result<BoxedEnv<f32>, EnvError> {
    Registry::standard().make(id, options).map(|env| env.into_vector().unwrap())
}

fn windy() -> LunarLanderOptions {
    LunarLanderOptions { enable_wind: true, ..LunarLanderOptions::default() }
}

/// Observations and steps, as bits.
type Bits = Vec<([u32; 8], u64, Status)>;

/// Takes random steps, starts new episodes without a seed.
fn run(env: &mut impl Env<Element = f32>, rng: &mut NumpyRng, steps: usize) -> Bits {
    let mut observation = [0.0; 8];
    let mut bits = Vec::new();
    for _ in 0..steps {
        let Step { reward, status, .. } = env.step(rng.index(4), &mut observation).unwrap();
        bits.push((observation.map(f32::to_bits), reward.to_bits(), status));
        if status.is_over() {
            env.reset(&Reset::default(), &mut observation).unwrap();
            bits.push((observation.map(f32::to_bits), 0, Status::Running));
        }
    }
    bits
}

#[test]
fn a_lander_in_the_wind_is_restored_at_any_step() {
    let new = || Journal::new(LunarLander::new(windy()).unwrap());
    let (mut env, mut rng) = (new(), NumpyRng::new(4));
    let mut observation = [0.0; 8];
    env.reset(&Reset::seeded((1 << 33) + 2), &mut observation).unwrap();
    for steps in [0, 1, 40, 200, 3] {
        run(&mut env, &mut rng, steps);
        let capture = env.capture().unwrap();
        let mut other = new();
        let mut restored = [0.0; 8];
        // What the other one did before must not matter.
        other.reset(&Reset::seeded(9), &mut restored).unwrap();
        run(&mut other, &mut NumpyRng::new(5), 50);
        other.restore(&capture, &mut restored).unwrap();
        let expected = run(&mut env, &mut rng.clone(), 300);
        assert!(run(&mut other, &mut rng.clone(), 300) == expected, "captured after {steps} more steps");
    }
}

#[test]
fn it_conforms_with_wind_and_other_gravity() {
    check_env(|| LunarLander::new(windy())).unwrap();
    check_env(|| LunarLander::new(LunarLanderOptions { gravity: -2.0, ..windy() })).unwrap();
}

#[test]
fn the_old_id_is_the_same_environment() {
    let bits = |id: &str| {
        let mut env = make(id, &EnvOptions::new()).unwrap();
        assert_eq!(env.id(), id);
        env.reset(&Reset::seeded(8), &mut [0.0; 8]).unwrap();
        run(&mut env, &mut NumpyRng::new(1), 300)
    };
    assert!(bits("LunarLander-v2") == bits("LunarLander-v3"));
}

#[test]
fn options_are_gymnasiums_and_checked_as_there() {
    let with = |name: &str, value: f64| make("LunarLander-v3", &EnvOptions::new().with(name, value));
    let message = |name: &str, value: f64| with(name, value).err().unwrap().to_string();
    let gravity = "LunarLander-v3: option gravity = -12 is not allowed: it lies between -12 and 0, both excluded";
    assert_eq!(message("gravity", -12.0), gravity);
    assert!(message("gravity", 0.0).contains("gravity"));
    assert!(with("gravity", f64::NAN).is_err());
    assert!(with("gravity", -11.99).is_ok());
    assert!(with("wind_power", 1e39).is_err(), "infinite in single precision");
    assert!(with("wind_power", -3.0).is_ok(), "Gymnasium warns only");
    assert!(make("LunarLander-v3", &EnvOptions::new().with("gravity", -9)).is_ok(), "whole numbers are numbers");
    let continuous = |on: bool| make("LunarLander-v3", &EnvOptions::new().with("continuous", on));
    assert!(continuous(false).is_ok());
    let error = continuous(true).err().unwrap().to_string();
    assert!(error.starts_with("LunarLander-v3: option continuous = true is not allowed: "), "{error}");
    let bounds = Reset { bounds: Some((0.0, 1.0)), ..Reset::default() };
    assert!(make("LunarLander-v3", &EnvOptions::new()).unwrap().reset(&bounds, &mut [0.0; 8]).is_err());
}

#[test]
fn an_episode_is_cut_off_after_a_thousand_steps() {
    // In weak gravity, hovering: the main engine against the fall, nothing else.
    let mut env = make("LunarLander-v3", &EnvOptions::new().with("gravity", -0.2)).unwrap();
    let mut observation = [0.0; 8];
    let mut longest = 0;
    for seed in 0..20 {
        env.reset(&Reset::seeded(seed), &mut observation).unwrap();
        for t in 1.. {
            let [x, y, vx, vy, angle, spin, ..] = observation;
            let turn = (0.5 * x + vx).clamp(-0.4, 0.4) - angle - spin;
            let action = if vy + (y - 1.0) < -0.05 {
                2
            } else {
                [1, 0, 3][usize::from(turn < 0.05) + usize::from(turn < -0.05)]
            };
            let step = env.step(action, &mut observation).unwrap();
            if step.status.is_over() {
                longest = longest.max(t);
                assert_eq!(step.status == Status::Truncated, t == 1000);
                break;
            }
        }
    }
    assert_eq!(longest, 1000);
}

#[test]
fn its_picture_has_sky_ground_flags_and_the_lander() {
    let mut env = LunarLander::new(LunarLanderOptions::default()).unwrap();
    assert!(matches!(env.render(), Err(EnvError::NoEpisode { .. })));
    let mut observation = [0.0; 8];
    env.reset(&Reset::seeded(3), &mut observation).unwrap();
    let picture = |env: &LunarLander| {
        let image = env.render().unwrap();
        assert_eq!(image.dimensions(), (600, 400));
        image
    };
    for _ in 0..30 {
        env.step(0, &mut observation).unwrap();
    }
    let falling = picture(&env);
    assert_eq!(falling.get_pixel(5, 5).0, [0, 0, 0], "sky");
    assert_eq!(falling.get_pixel(300, 398).0, [255, 255, 255], "ground");
    assert_eq!(falling.get_pixel(243, 254).0, [204, 204, 0], "the left flag");
    let (x, y) = (300.0 + observation[0] * 300.0, 300.0 - 18.0 - observation[1] * 200.0);
    assert_eq!(falling.get_pixel(x as u32, y as u32).0, [128, 102, 230], "the lander where it is");
    assert!(picture(&env) == falling, "a picture changes nothing");
    env.step(2, &mut observation).unwrap();
    let burning = |image: &image::RgbImage| image.pixels().filter(|pixel| pixel.0 == [255, 108, 108]).count();
    assert_eq!(burning(&falling), 0);
    assert!(burning(&picture(&env)) > 4, "exhaust");
}
