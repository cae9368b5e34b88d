//! Every environment is restored exactly from where its generators stood and what happened since.

use deepq_envs::{AnyEnv, BoxedEnv, Capture, Element, Env, EnvError, EnvOptions, Journal, Registry, Reset, Step};
use proptest::prelude::*;

fn ids() -> Vec<String> {
    Registry::standard().entries().map(|(id, _)| id.to_owned()).collect()
}

/// A reset where an episode is over, a step elsewhere; and the bits of the observation.
fn advance<E: Env>(env: &mut E, action: usize, observation: &mut [E::Element]) -> (Option<Step>, Vec<u8>) {
    let step = match env.step(action % env.action_space().n(), observation) {
        Ok(step) => Some(step),
        Err(EnvError::NoEpisode { .. }) => {
            env.reset(&Reset::default(), observation).unwrap();
            None
        }
        Err(error) => panic!("{error}"),
    };
    (step, bytemuck::cast_slice(observation).to_vec())
}

/// Plays `before`, captures, restores elsewhere, and plays `after` in both.
fn goes_on<T: Element>(make: impl Fn() -> BoxedEnv<T>, seed: u64, before: &[usize], after: &[usize]) {
    let mut env = Journal::new(make());
    let mut observation = vec![T::default(); env.observation_space().len()];
    env.reset(&Reset::seeded(seed), &mut observation).unwrap();
    for &action in before {
        advance(&mut env, action, &mut observation);
    }
    let text = serde_json::to_string(&env.capture().unwrap()).unwrap();
    let capture: Capture = serde_json::from_str(&text).unwrap();

    let mut other = Journal::new(make());
    let mut restored = vec![T::default(); observation.len()];
    other.restore(&capture, &mut restored).unwrap();
    assert_eq!(restored, observation);
    assert_eq!(other.capture().unwrap(), capture);
    for &action in after {
        let (one, two) = (advance(&mut env, action, &mut observation), advance(&mut other, action, &mut restored));
        assert_eq!(one, two);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restored_environment_goes_on_to_the_bit(
        id in proptest::sample::select(ids()),
        seed in any::<u64>(),
        before in proptest::collection::vec(0_usize..4, 0..120),
        after in proptest::collection::vec(0_usize..4, 1..60),
    ) {
        let registry = Registry::standard();
        let make = || registry.make(&id, &EnvOptions::new().with("max_episode_steps", 70)).unwrap();
        match make() {
            AnyEnv::Vector(_) => goes_on(|| make().into_vector().unwrap(), seed, &before, &after),
            AnyEnv::Frames(_) => goes_on(|| make().into_frames().unwrap(), seed, &before, &after),
        }
    }

    #[test]
    fn a_damaged_capture_is_an_error(
        id in proptest::sample::select(ids()),
        generators in proptest::collection::vec(any::<u8>(), 0..60),
        actions in proptest::collection::vec(any::<u32>(), 1..5),
        bounds in proptest::option::of(any::<(f64, f64)>()),
    ) {
        let env = Registry::standard().make(&id, &EnvOptions::new()).unwrap();
        if let Some(env) = env.into_vector() {
            let mut env = Journal::new(env);
            let mut observation = vec![0.0; env.observation_space().len()];
            env.reset(&Reset::seeded(1), &mut observation).unwrap();
            let mut capture = env.capture().unwrap();
            let good = capture.clone();
            capture.actions = actions.iter().map(|action| action | 1 << 16).collect();
            capture.reset.bounds = bounds;
            prop_assert!(env.restore(&capture, &mut observation).is_err());
            prop_assert!(env.step(0, &mut observation).is_err(), "it needs a reset now");
            if generators.len() != 40 {
                capture.generators = generators;
                prop_assert!(env.restore(&capture, &mut observation).is_err());
            }
            env.restore(&good, &mut observation).unwrap();
            env.step(0, &mut observation).unwrap();
        }
    }
}

#[test]
fn there_is_nothing_to_capture_before_the_first_reset() {
    let env = Journal::new(deepq_envs::CartPole::new());
    assert!(matches!(env.capture(), Err(EnvError::NoEpisode { .. })));
}
