//! Lives, FIRE and limits: what ends, what goes on, and what the agent is told.

use deepq_atari::{AtariPreprocessing, AtariSettings, Game, Preprocessing, Protocol, RomLibrary, Size};
use deepq_envs::{Env, EnvError, Reset, Status, Step};

const NOOP: usize = 0;

fn make(game: &str, settings: &AtariSettings, preprocessing: &Preprocessing) -> (AtariPreprocessing, Vec<u8>) {
    let rom = RomLibrary::standard().find(Game::by_name(game).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let mut env = AtariPreprocessing::new(game, &rom, settings, preprocessing).unwrap();
    let mut observation = vec![0; env.observation_space().len()];
    env.reset(&Reset::seeded(1), &mut observation).unwrap();
    (env, observation)
}

/// Does nothing until the game is over or so many steps were taken.
fn wait(env: &mut AtariPreprocessing, observation: &mut [u8], most: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    while steps.len() < most && steps.last().is_none_or(|step| !step.status.is_over()) {
        steps.push(env.step(NOOP, observation).unwrap());
    }
    steps
}

#[test]
fn a_step_takes_as_long_as_its_frames() {
    let (env, _) = make("pong", &AtariSettings::default(), &Preprocessing::default());
    assert_eq!((env.steps_per_second(), env.turn_based()), (15.0, false));
}

#[test]
fn a_lost_life_is_told_and_the_game_goes_on() {
    let baselines = Protocol::Baselines;
    let (mut env, mut observation) = make("breakout", &baselines.settings(), &baselines.preprocessing());
    assert_eq!(env.lives(), 5);
    let steps = wait(&mut env, &mut observation, 2000);
    // Who does nothing in Breakout loses five lives; the last one ends the game. FIRE throws a new ball each time.
    assert_eq!(steps.iter().filter(|step| step.life_lost).count(), 4);
    assert_eq!(steps.last().unwrap().status, Status::Terminated);
    assert!(!steps.last().unwrap().life_lost);
    assert!(steps.iter().all(|step| step.frames <= if step.life_lost { 12 } else { 4 }));
}

#[test]
fn a_game_that_goes_on_with_0_lives_has_lost_none() {
    let settings = AtariSettings { repeat_action_probability: 0.25, ..Protocol::Nature.settings() };
    let preprocessing = Preprocessing { life_loss_ends_episode: true, ..Preprocessing::default() };
    let (mut env, mut observation) = make("donkey_kong", &settings, &preprocessing);
    let n = env.action_space().n();
    let (mut falls, mut over, mut t) = (Vec::new(), false, 0);
    while !over && t < 4000 {
        let before = env.lives();
        let step = env.step(t % n, &mut observation).unwrap();
        if env.lives() < before {
            falls.push((before, env.lives(), step.status, step.life_lost));
        }
        (over, t) = (step.status.is_over(), t + 1);
    }
    // With the last of its lives the game goes on for hundreds of steps.
    assert_eq!(falls, [(2, 1, Status::Running, true), (1, 0, Status::Running, false)]);
    assert!(over);
}

#[test]
fn a_life_lost_in_the_step_that_a_limit_cuts_off_is_told() {
    const FIRE: usize = 1;
    let preprocessing = Preprocessing { noop_max: 0, life_loss_ends_episode: true, ..Preprocessing::default() };
    let play = |max_episode_frames| {
        let settings = AtariSettings { max_episode_frames, ..Protocol::Nature.settings() };
        let (mut env, mut observation) = make("breakout", &settings, &preprocessing);
        let mut steps = vec![env.step(FIRE, &mut observation).unwrap()];
        while steps.len() < 200 && steps.last().is_none_or(|step| !step.life_lost && !step.status.is_over()) {
            steps.push(env.step(NOOP, &mut observation).unwrap());
        }
        steps
    };
    let whole = play(108_000);
    let (last, frames) = (whole.last().unwrap(), whole.iter().map(|step| step.frames).sum());
    assert_eq!((last.status, last.life_lost), (Status::Running, true));
    let cut = play(frames);
    let last = cut.last().unwrap();
    assert_eq!((cut.len(), last.status, last.life_lost), (whole.len(), Status::Truncated, true));
}

#[test]
fn without_the_option_a_lost_life_is_not_told() {
    let baselines = Protocol::Baselines;
    let preprocessing = Preprocessing { life_loss_ends_episode: false, ..baselines.preprocessing() };
    let (mut env, mut observation) = make("breakout", &baselines.settings(), &preprocessing);
    let steps = wait(&mut env, &mut observation, 2000);
    assert_eq!((steps.last().unwrap().status, steps.iter().any(|step| step.life_lost)), (Status::Terminated, false));
}

#[test]
fn without_fire_nothing_happens_in_breakout() {
    let (mut env, mut observation) = make("breakout", &Protocol::Nature.settings(), &Protocol::Nature.preprocessing());
    let steps = wait(&mut env, &mut observation, 300);
    assert_eq!((steps.len(), env.lives()), (300, 5));
}

#[test]
fn terminal_on_life_loss_ends_the_episode_and_starts_the_game_anew() {
    let preprocessing = Preprocessing { terminal_on_life_loss: true, fire_on_reset: true, ..Preprocessing::default() };
    let (mut env, mut observation) = make("breakout", &Protocol::Nature.settings(), &preprocessing);
    let steps = wait(&mut env, &mut observation, 500);
    assert_eq!((steps.last().unwrap().status, env.lives()), (Status::Terminated, 4));
    assert!(matches!(env.step(NOOP, &mut observation), Err(EnvError::NoEpisode { .. })));
    env.reset(&Reset::default(), &mut observation).unwrap();
    assert_eq!(env.lives(), 5);
}

#[test]
fn a_limit_on_frames_truncates() {
    let settings = AtariSettings { max_episode_frames: 102, ..Protocol::Nature.settings() };
    let preprocessing = Preprocessing { noop_max: 0, ..Preprocessing::default() };
    let (mut env, mut observation) = make("pong", &settings, &preprocessing);
    let steps = wait(&mut env, &mut observation, 100);
    assert_eq!(steps.last().unwrap().status, Status::Truncated);
    assert_eq!(steps.iter().map(|step| step.frames).sum::<u32>(), 102, "the last skip was cut off");
}

#[test]
fn a_limit_on_frames_does_not_overrule_the_end_of_the_game_in_the_same_frame() {
    let baselines = Protocol::Baselines;
    let play = |max_episode_frames| {
        let settings = AtariSettings { max_episode_frames, ..baselines.settings() };
        let (mut env, mut observation) = make("breakout", &settings, &baselines.preprocessing());
        let steps = wait(&mut env, &mut observation, 2000);
        (steps.last().unwrap().status, env.game().emulator().episode_frames())
    };
    let (status, frames) = play(108_000);
    assert_eq!(status, Status::Terminated);
    assert_eq!(play(frames), (Status::Terminated, frames));
    assert_eq!(play(frames - 1), (Status::Truncated, frames - 1));
}

#[test]
fn a_colour_observation_is_three_planes() {
    let size = Size { height: 70, width: 50 };
    let preprocessing = Preprocessing { grayscale: false, screen_size: size, ..Preprocessing::default() };
    let (env, observation) = make("breakout", &Protocol::Nature.settings(), &preprocessing);
    assert_eq!(env.observation_space().shape(), [3, 70, 50]);
    // The bricks of the top row are red.
    let brick = 20 * size.width + size.width / 2;
    let [red, green, blue] = [0, 1, 2].map(|plane| observation[plane * size.pixels() + brick]);
    assert!(red > green && red > blue, "{red} {green} {blue}");

    let picture = env.render().unwrap();
    assert_eq!(picture.dimensions(), (160, 210));
}

#[test]
fn protocols_are_what_they_cite() {
    let [nature, machado, baselines] = Protocol::ALL.map(|protocol| (protocol.settings(), protocol.preprocessing()));
    for protocol in Protocol::ALL {
        assert_eq!(protocol.frame_stack(), 4);
        assert_eq!(protocol.preprocessing().screen_size, Size { height: 84, width: 84 });
        assert_eq!((protocol.settings().frame_skip, protocol.settings().max_episode_frames), (4, 108_000));
        assert!(protocol.preprocessing().grayscale && !protocol.preprocessing().terminal_on_life_loss);
    }
    assert_eq!((nature.1.noop_max, nature.1.life_loss_ends_episode, nature.1.fire_on_reset), (30, true, false));
    assert_eq!((machado.1.noop_max, machado.1.life_loss_ends_episode, machado.1.fire_on_reset), (0, false, false));
    assert_eq!((baselines.1.noop_max, baselines.1.life_loss_ends_episode, baselines.1.fire_on_reset), (30, true, true));
    assert_eq!((nature.0.repeat_action_probability, nature.0.full_action_space), (0.0, false));
    assert_eq!((machado.0.repeat_action_probability, machado.0.full_action_space), (0.25, true));
    assert_eq!(baselines.0, nature.0);
}
