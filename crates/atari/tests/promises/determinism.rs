//! The same seed and actions give the same bits: on any thread, in any emulator, after a capture and a restore.

use std::thread;

use deepq_atari::{Emulator, EmulatorSettings, Game, Rom, RomLibrary, register};
use deepq_envs::{BoxedEnv, Env, EnvError, EnvOptions, Journal, NumpyRng, Registry, Reset, Threads};
use deepq_envs::{VectorEnv, VectorStep, check_env};

fn rom(game: &str) -> Rom {
    RomLibrary::standard().find(Game::by_name(game).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn make(id: &str, options: &EnvOptions) -> Result<BoxedEnv<u8>, EnvError> {
    let mut registry = Registry::empty();
    register(&mut registry, RomLibrary::standard());
    Ok(registry.make(id, options)?.into_frames().unwrap())
}

/// Repeated actions and no-ops: every generator is in use.
fn random() -> EnvOptions {
    EnvOptions::new().with("protocol", "baselines").with("repeat_action_probability", 0.25)
}

/// Plays at random and gives a checksum of all that was seen, resets after ends included.
fn play(env: &mut impl Env<Element = u8>, observation: &mut [u8], seed: u64, steps: usize) -> u32 {
    let (mut rng, mut seen) = (NumpyRng::new(seed), crc32fast::Hasher::new());
    for _ in 0..steps {
        let step = env.step(rng.index(env.action_space().n()), observation).unwrap();
        seen.update(observation);
        seen.update(format!("{step:?}").as_bytes());
        if step.status.is_over() {
            env.reset(&Reset::default(), observation).unwrap();
            seen.update(observation);
        }
    }
    seen.finalize()
}

fn play_from_seed(env: &mut impl Env<Element = u8>, seed: u64) -> u32 {
    let mut observation = vec![0; env.observation_space().len()];
    env.reset(&Reset::seeded(seed), &mut observation).unwrap();
    play(env, &mut observation, seed, 400)
}

#[test]
fn emulators_on_several_threads_do_what_one_does() {
    let games = ["ALE/Pong-v5", "ALE/Breakout-v5", "ALE/Qbert-v5", "ALE/Pong-v5"];
    let alone = games.map(|id| play_from_seed(&mut make(id, &random()).unwrap(), 3));
    // They are also made on their threads, at the same time.
    let threads = games.map(|id| thread::spawn(move || play_from_seed(&mut make(id, &random()).unwrap(), 3)));
    assert_eq!(threads.map(|thread| thread.join().unwrap()), alone);
    assert_ne!(alone[0], play_from_seed(&mut make("ALE/Pong-v5", &random()).unwrap(), 4), "the seed matters");
}

#[test]
fn a_vector_of_games_does_not_depend_on_threads() {
    let run = |threads: Threads| {
        let envs = (0..4).map(|_| make("ALE/Breakout-v5", &random()).unwrap()).collect();
        let mut envs = VectorEnv::new(envs).unwrap().threads(threads);
        let len = envs.observation_space().len();
        let (mut observations, mut result) = (vec![0; 4 * len], VectorStep::new());
        envs.reset(&[1, 2, 3, 4].map(Reset::seeded), &mut observations).unwrap();
        let mut seen = crc32fast::hash(&observations);
        for t in 0..200 {
            envs.step(&[t % 4, t / 4 % 4, 3, 2], &mut result).unwrap();
            seen = seen.rotate_left(1) ^ crc32fast::hash(&result.observations);
        }
        seen
    };
    assert_eq!(run(Threads::Always), run(Threads::Never));
}

#[test]
fn a_capture_in_the_middle_of_an_episode_restores_exactly() {
    for id in ["ALE/Breakout-v5", "ALE/SpaceInvaders-v5", "PongNoFrameskip-v0"] {
        let mut env = Journal::new(make(id, &random()).unwrap());
        let mut observation = vec![0; env.observation_space().len()];
        env.reset(&Reset::seeded(5), &mut observation).unwrap();
        // Into the second episode or later: its reset had no seed, so that the generators had moved on.
        play(&mut env, &mut observation, 5, 150);
        env.reset(&Reset::default(), &mut observation).unwrap();
        play(&mut env, &mut observation, 6, 150);

        let capture = env.capture().unwrap();
        let mut other = Journal::new(make(id, &random()).unwrap());
        let mut restored = vec![0; observation.len()];
        other.restore(&capture, &mut restored).unwrap();
        assert_eq!(restored, observation, "{id}");
        let goes_on = play(&mut env, &mut observation, 7, 300);
        assert_eq!(play(&mut other, &mut restored, 7, 300), goes_on, "{id}");
    }
}

/// Of every game: what ALE does not save must not matter after a reset.
#[test]
fn a_snapshot_of_any_game_restores_exactly() {
    let settings = EmulatorSettings { repeat_action_probability: 0.25, ..EmulatorSettings::default() };
    for game in Game::all() {
        let mut emulator = Emulator::new(&rom(game.key()), settings).unwrap();
        let play = |emulator: &mut Emulator, stride: usize| {
            emulator.reset().unwrap();
            let actions = emulator.minimal_actions().to_vec();
            let (height, width) = emulator.screen_size();
            let mut screen = vec![0; height * width];
            let mut seen = crc32fast::Hasher::new();
            for i in 0..120 {
                let points = emulator.act(actions[i / 5 * stride % actions.len()]);
                seen.update(&points.to_le_bytes());
            }
            emulator.grayscale(&mut screen);
            seen.update(&screen);
            seen.update(&emulator.ram());
            seen.finalize()
        };
        let first = play(&mut emulator, 1);
        let snapshot = emulator.snapshot();
        let then = play(&mut emulator, 2);
        play(&mut emulator, 3);
        emulator.restore(&snapshot).unwrap();
        assert_eq!(play(&mut emulator, 2), then, "{}", game.key());
        emulator.seed(0);
        assert_eq!(play(&mut emulator, 1), first, "{}: a seed takes it back to power-on", game.key());
    }
}

#[test]
fn games_keep_what_every_environment_promises() {
    for options in [random(), EnvOptions::new(), EnvOptions::new().with("grayscale", false).with("noop_max", 3)] {
        check_env(|| make("ALE/Breakout-v5", &options)).unwrap_or_else(|error| panic!("{error}"));
    }
}
