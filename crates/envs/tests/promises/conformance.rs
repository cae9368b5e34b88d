//! Every environment keeps what `Env` promises, and `check_env` finds those that do not.

use std::sync::atomic::{AtomicU32, Ordering};

use deepq_envs::{
    AnyEnv, BoxedEnv, BrokenPromise, CartPole, Discrete, Env, EnvError, EnvOptions, FrameStack, Journal,
    ObservationSpace, OptionValue, Promise, Registry, Reset, Status, Step, TimeLimit, check_env,
};
use image::RgbImage;

fn check(id: &str, options: &EnvOptions) -> Result<(), BrokenPromise> {
    let registry = Registry::standard();
    let make = || registry.make(id, options);
    match make().unwrap() {
        AnyEnv::Vector(_) => check_env(|| make().map(|env| env.into_vector().unwrap())),
        AnyEnv::Frames(_) => check_env(|| make().map(|env| env.into_frames().unwrap())),
    }
}

#[test]
fn every_environment_conforms() {
    for (id, _) in Registry::standard().entries() {
        check(id, &EnvOptions::new()).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn every_environment_conforms_with_a_stack_and_a_time_limit() {
    for (id, _) in Registry::standard().entries() {
        let options = EnvOptions::new().with("frame_stack", 3).with("max_episode_steps", 5);
        check(id, &options).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// `metadata["render_fps"]` of Gymnasium 1.4.0.
#[test]
fn wrappers_leave_the_pace_of_gymnasium() {
    let registry = Registry::standard();
    let stacked = EnvOptions::new().with("frame_stack", 2).with("max_episode_steps", 5);
    for (id, options, pace) in [
        ("CartPole-v1", &stacked, (false, 50.0)),
        ("MountainCar-v0", &stacked, (false, 30.0)),
        ("Acrobot-v1", &stacked, (false, 15.0)),
        ("Pendulum-v1", &stacked, (false, 30.0)),
        #[cfg(feature = "box2d")]
        ("LunarLander-v3", &stacked, (false, 50.0)),
        ("FrozenLake-v1", &EnvOptions::new().with("one_hot", true), (true, 4.0)),
        ("CliffWalking-v1", &stacked, (true, 4.0)),
    ] {
        let env = Journal::new(registry.make(id, options).unwrap().into_vector().unwrap());
        assert_eq!((env.turn_based(), env.steps_per_second()), pace, "{id}");
    }
}

#[test]
fn a_journal_in_a_stack_in_a_limit_conforms() {
    check_env(|| Ok(TimeLimit::new(FrameStack::new(Journal::new(CartPole::new()), 2)?, 7))).unwrap();
}

#[test]
fn a_stack_repeats_the_first_frame_and_moves_on() {
    let mut env = FrameStack::new(CartPole::new(), 3).unwrap();
    let (mut plain, mut observation) = (CartPole::new(), [0.0; 4]);
    let mut stack = [0.0; 12];
    env.reset(&Reset::seeded(1), &mut stack).unwrap();
    plain.reset(&Reset::seeded(1), &mut observation).unwrap();
    assert_eq!(env.observation_space().shape(), [3, 4]);
    let first = observation;
    assert_eq!(stack, [first; 3].concat()[..]);
    env.step(1, &mut stack).unwrap();
    plain.step(1, &mut observation).unwrap();
    let second = observation;
    assert_eq!(stack, [first, first, second].concat()[..]);
    env.step(0, &mut stack).unwrap();
    plain.step(0, &mut observation).unwrap();
    assert_eq!(stack, [first, second, observation].concat()[..]);
}

#[test]
fn a_time_limit_truncates_and_then_refuses() {
    let options = EnvOptions::new().with("max_episode_steps", 3);
    let mut env = Registry::standard().make("CartPole-v1", &options).unwrap().into_vector().unwrap();
    let mut observation = [0.0; 4];
    env.reset(&Reset::seeded(1), &mut observation).unwrap();
    let statuses = [0, 1, 0].map(|action| env.step(action, &mut observation).unwrap().status);
    assert_eq!(statuses, [Status::Running, Status::Running, Status::Truncated]);
    assert!(matches!(env.step(0, &mut observation), Err(EnvError::NoEpisode { .. })));
    env.reset(&Reset::default(), &mut observation).unwrap();
    env.step(0, &mut observation).unwrap();
}

/// The shortest way to the goal takes 13 steps: up, eleven times right, down. Gymnasium sets both flags there where it has only
/// 13; the task has ended.
#[test]
fn a_time_limit_does_not_overrule_a_termination_in_the_same_step() {
    let walk = |limit: i64| {
        let options = EnvOptions::new().with("max_episode_steps", limit);
        let mut env = Registry::standard().make("CliffWalking-v1", &options).unwrap().into_vector().unwrap();
        let mut state = [0.0];
        env.reset(&Reset::seeded(1), &mut state).unwrap();
        let mut statuses = vec![];
        for action in std::iter::once(0).chain([1; 11]).chain([2]) {
            if statuses.last().is_none_or(|status: &Status| !status.is_over()) {
                statuses.push(env.step(action, &mut state).unwrap().status);
            }
        }
        (statuses.len(), statuses.pop().unwrap())
    };
    assert_eq!(walk(14), (13, Status::Terminated));
    assert_eq!(walk(13), (13, Status::Terminated));
    assert_eq!(walk(12), (12, Status::Truncated));
}

#[test]
fn options_are_checked_by_name_type_and_range() {
    let registry = Registry::standard();
    let message = |name: &str, value: OptionValue| {
        registry.make("CartPole-v1", &EnvOptions::new().with(name, value)).unwrap_err().to_string()
    };
    assert_eq!(
        message("frame_skip", 4.into()),
        r#"CartPole-v1 has no option "frame_skip"; it has sutton_barto_reward, max_episode_steps, frame_stack, one_hot"#
    );
    assert_eq!(
        message("sutton_barto_reward", 1.into()),
        "CartPole-v1: option sutton_barto_reward = 1 is not allowed: it is true or false"
    );
    assert_eq!(
        message("max_episode_steps", (-1).into()),
        "CartPole-v1: option max_episode_steps = -1 is not allowed: it is a whole number from 0 to 4294967295"
    );
    assert!(message("frame_stack", 0.into()).contains("a whole number from 1 to"));
    assert!(message("one_hot", true.into()).contains("states"));
    for (id, nearest) in [("cartpole-v1", "CartPole-v1"), ("Cach-v0", "Catch-v0")] {
        let Err(EnvError::UnknownId { nearest: Some(found), .. }) = registry.make(id, &EnvOptions::new()) else {
            panic!("{id} is known")
        };
        assert_eq!(found, nearest);
    }
    let unlike = registry.make("x", &EnvOptions::new()).unwrap_err();
    assert_eq!(unlike.to_string(), r#"there is no environment "x""#);
}

#[test]
fn options_are_what_a_file_says() {
    let text = r#"{"max_episode_steps": 7, "sutton_barto_reward": true}"#;
    let options: EnvOptions = serde_json::from_str(text).unwrap();
    assert_eq!(options, EnvOptions::new().with("max_episode_steps", 7).with("sutton_barto_reward", true));
    assert_eq!(serde_json::to_string(&options).unwrap().replace(' ', ""), text.replace(' ', ""));
}

/// CartPole with one promise broken.
struct Faulty {
    env: CartPole,
    fault: Promise,
    space: ObservationSpace<f32>,
    started: bool,
    steps: u32,
}

impl Faulty {
    fn new(fault: Promise) -> Self {
        let env = CartPole::new();
        let space = match fault {
            Promise::Bounds => ObservationSpace::uniform(&[4], -0.01, 0.01),
            Promise::Spaces => ObservationSpace::uniform(&[4], 1.0, -1.0),
            _ => env.observation_space().clone(),
        };
        Self { env, fault, space, started: false, steps: 0 }
    }
}

impl Env for Faulty {
    type Element = f32;

    fn id(&self) -> &str {
        "Faulty-v0"
    }

    fn observation_space(&self) -> &ObservationSpace<f32> {
        &self.space
    }

    fn action_space(&self) -> &Discrete {
        self.env.action_space()
    }

    fn reset(&mut self, reset: &Reset, observation: &mut [f32]) -> Result<(), EnvError> {
        self.started = true;
        match self.fault {
            Promise::ResetWrites if observation.len() == 4 => {
                let kept = observation[3];
                self.env.reset(reset, observation)?;
                observation[3] = kept;
                Ok(())
            }
            Promise::ErrorsChangeNothing => {
                if let Some(seed) = reset.seed {
                    // Seeds before it looks at the buffer.
                    self.env.reset(&Reset::seeded(seed), &mut [0.0; 4])?;
                }
                self.env.reset(&Reset { seed: None, ..*reset }, observation)
            }
            Promise::StartBounds => self.env.reset(&Reset { bounds: None, ..*reset }, observation),
            _ => self.env.reset(reset, observation),
        }
    }

    fn step(&mut self, action: usize, observation: &mut [f32]) -> Result<Step, EnvError> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        match self.fault {
            Promise::ResetFirst if !self.started => Ok(Step::new(0.0, Status::Running)),
            Promise::StepWrites if observation.len() == 4 => {
                let kept = observation[0];
                let step = self.env.step(action, observation)?;
                observation[0] = kept;
                Ok(step)
            }
            Promise::Rewards => Ok(Step { reward: f64::NAN, ..self.env.step(action, observation)? }),
            Promise::Determinism => {
                let reward = f64::from(CALLS.fetch_add(1, Ordering::Relaxed));
                Ok(Step { reward, ..self.env.step(action, observation)? })
            }
            Promise::EndIsEnd => match self.env.step(action, observation) {
                Err(EnvError::NoEpisode { .. }) if self.started => Ok(Step::new(0.0, Status::Terminated)),
                other => other,
            },
            Promise::Actions => self.env.step(action.min(1), observation),
            Promise::Buffers => {
                let mut own = [0.0; 4];
                let step = self.env.step(action, &mut own)?;
                observation.iter_mut().zip(own).for_each(|(to, from)| *to = from);
                Ok(step)
            }
            Promise::CaptureAndRestore => {
                // Something that no reset and no generator sets back.
                let step = self.env.step(action, observation)?;
                self.steps += 1;
                Ok(Step { reward: f64::from(self.steps), ..step })
            }
            _ => self.env.step(action, observation),
        }
    }

    fn render(&self) -> Result<RgbImage, EnvError> {
        match self.fault {
            Promise::Rendering if self.started => Ok(RgbImage::new(0, 0)),
            _ => self.env.render(),
        }
    }

    fn generators(&self) -> Result<Vec<u8>, EnvError> {
        match self.fault {
            Promise::Generators => CartPole::new().generators(),
            _ => self.env.generators(),
        }
    }

    fn set_generators(&mut self, state: &[u8]) -> Result<(), EnvError> {
        match self.fault {
            Promise::GeneratorsRefuse => self.env.set_generators(&state[..40]),
            _ => self.env.set_generators(state),
        }
    }
}

#[test]
fn check_env_names_the_broken_promise() {
    for fault in [
        Promise::Spaces,
        Promise::ResetFirst,
        Promise::ResetWrites,
        Promise::StepWrites,
        Promise::Bounds,
        Promise::Rewards,
        Promise::Determinism,
        Promise::EndIsEnd,
        Promise::Actions,
        Promise::Buffers,
        Promise::StartBounds,
        Promise::ErrorsChangeNothing,
        Promise::Generators,
        Promise::GeneratorsRefuse,
        Promise::CaptureAndRestore,
        Promise::Rendering,
    ] {
        let error = check_env(|| Ok(Faulty::new(fault))).unwrap_err();
        assert_eq!(error.promise, fault, "{error}");
        assert!(error.to_string().starts_with("Faulty-v0 breaks a promise: "), "{error}");
    }
    let none = || Err::<BoxedEnv<f32>, _>(EnvError::Backend { env: "x".into(), reason: "gone".into() });
    assert_eq!(check_env(none).unwrap_err().promise, Promise::Made);
}
