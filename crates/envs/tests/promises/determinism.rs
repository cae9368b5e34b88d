//! The same seeds and actions give the same bits, whatever the number of threads.

use deepq_envs::{
    BoxedEnv, Catch, Env, EnvOptions, FrameStack, Journal, NumpyRng, Registry, Reset, Status, Threads, VectorEnv,
    VectorStep,
};

const ENVS: usize = 64;
const STEPS: usize = 300;

fn cartpoles() -> VectorEnv<Journal<BoxedEnv<f32>>> {
    let registry = Registry::standard();
    let make = || registry.make("CartPole-v1", &EnvOptions::new()).unwrap().into_vector().unwrap();
    VectorEnv::new((0..ENVS).map(|_| Journal::new(make())).collect()).unwrap()
}

/// All that came out of a run, as bits.
fn run(threads: Threads) -> Vec<u64> {
    let mut envs = cartpoles().threads(threads);
    let mut observations = vec![0.0; ENVS * 4];
    let resets: Vec<Reset> = (0..ENVS as u64).map(Reset::seeded).collect();
    envs.reset(&resets, &mut observations).unwrap();
    let mut rng = NumpyRng::new(9);
    let mut into = VectorStep::new();
    let mut bits = Vec::new();
    for _ in 0..STEPS {
        let actions: Vec<usize> = (0..ENVS).map(|_| rng.index(2)).collect();
        envs.step(&actions, &mut into).unwrap();
        bits.extend(into.observations.iter().map(|x| u64::from(x.to_bits())));
        for (i, step) in into.steps.iter().enumerate() {
            bits.extend([step.reward.to_bits(), step.status as u64]);
            if step.status.is_over() {
                bits.extend(into.final_observations[i * 4..][..4].iter().map(|x| u64::from(x.to_bits())));
            }
        }
    }
    bits
}

#[test]
fn threads_do_not_change_a_bit() {
    let alone = run(Threads::Never);
    assert_eq!(alone, run(Threads::WhenTheyPay));
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(alone == pool.install(|| run(Threads::Always)), "{threads} threads");
    }
}

#[test]
fn a_batch_is_its_environments_one_by_one() {
    let mut batch = cartpoles();
    let mut observations = vec![0.0; ENVS * 4];
    let resets: Vec<Reset> = (0..ENVS as u64).map(Reset::seeded).collect();
    batch.reset(&resets, &mut observations).unwrap();
    let mut single = Registry::standard().make("CartPole-v1", &EnvOptions::new()).unwrap().into_vector().unwrap();
    let mut observation = [0.0; 4];
    single.reset(&resets[5], &mut observation).unwrap();
    let mut into = VectorStep::new();
    for t in 0..STEPS {
        let action = t / 3 % 2;
        batch.step(&[action; ENVS], &mut into).unwrap();
        let step = single.step(action, &mut observation).unwrap();
        assert_eq!(step, into.steps[5]);
        if step.status == Status::Running {
            assert_eq!(observation, into.observations[20..24]);
        } else {
            assert_eq!(observation, into.final_observations[20..24]);
            single.reset(&Reset::default(), &mut observation).unwrap();
            assert_eq!(observation, into.observations[20..24]);
        }
    }
}

#[test]
fn a_batch_refuses_what_does_not_fit_and_goes_on() {
    let mut envs = cartpoles();
    let mut observations = vec![0.0; ENVS * 4];
    assert!(envs.reset(&[Reset::default(); ENVS - 1], &mut observations).is_err());
    assert!(envs.reset(&[Reset::default(); ENVS], &mut observations[1..]).is_err());
    envs.reset(&[Reset::seeded(3); ENVS], &mut observations).unwrap();
    let mut into = VectorStep::new();
    assert!(envs.step(&[0; ENVS - 1], &mut into).is_err());
    let mut actions = [0; ENVS];
    actions[ENVS - 1] = 2;
    let error = envs.step(&actions, &mut into).unwrap_err();
    assert_eq!(error.to_string(), "CartPole-v1: action 2 does not exist; the actions are 0 to 1");
    envs.step(&[0; ENVS], &mut into).unwrap();
    assert_eq!(into.observations[..4], into.observations[4 * (ENVS - 1)..], "none of them had stepped before");
    assert!(VectorEnv::<BoxedEnv<f32>>::new(Vec::new()).is_err());
}

/// With a stack of frames Catch can be played perfectly, with one frame it cannot.
#[test]
fn catch_can_be_caught_from_its_frames() {
    let caught_of_1000 = |frames: usize| {
        let mut env = FrameStack::new(Catch::new(), frames).unwrap();
        let mut stack = vec![0; frames * 50];
        let mut caught = 0;
        env.reset(&Reset::seeded(1), &mut stack).unwrap();
        for _ in 0..1000 {
            let mut paddle = 2_isize;
            let last = loop {
                // Column of the ball in each frame; the row of the newest one.
                let ball = |frame: &[u8]| frame[..45].iter().position(|&cell| cell > 0).unwrap();
                let balls: Vec<usize> = stack.chunks(50).map(ball).collect();
                let (row, column) = (balls[frames - 1] / 5, (balls[frames - 1] % 5) as isize);
                let mut drift: isize =
                    balls.windows(2).map(|pair| (pair[1] % 5) as isize - (pair[0] % 5) as isize).sum();
                if !(0..5).contains(&(column + drift)) {
                    drift = -drift;
                }
                let goal = if row == 8 { column + drift } else { column };
                let action = (goal - paddle).signum() + 1;
                paddle = (paddle + action - 1).clamp(0, 4);
                let step = env.step(action as usize, &mut stack).unwrap();
                if step.status.is_over() {
                    break step;
                }
            };
            caught += usize::from(last.reward > 0.0);
            env.reset(&Reset::default(), &mut stack).unwrap();
        }
        caught
    };
    assert_eq!(caught_of_1000(3), 1000);
    assert!(caught_of_1000(1) < 600);
}
