//! Environments for reinforcement learning, equal to Gymnasium's to the bit.
//!
//! **This crate does not know** networks, replay memories, agents, or files.
//!
//! The concepts, in order:
//!
//! 1. An [`Env`] is a task. Its observations are slices of `f32` (measurements) or `u8` (frames), see [`Element`] and
//!    [`ObservationSpace`]; its actions are numbers below [`Discrete::n`]. The caller owns the memory: `reset` and `step`
//!    write into the slice that they are given.
//! 2. A [`Step`] says what an action led to, and its [`Status`] whether and why the episode ended.
//! 3. Every random draw has an owner: each environment has a [`NumpyRng`], which draws what NumPy would draw, and [`Seeds`]
//!    derives the seeds of a run by name from one root.
//! 4. The [`Registry`] makes environments by Gymnasium's ids, with [`EnvOptions`]; what it makes is an [`AnyEnv`].
//! 5. Wrappers are environments around environments: [`TimeLimit`], [`OneHot`], [`FrameStack`], and [`Journal`], which
//!    captures and restores any environment exactly.
//! 6. A [`VectorEnv`] steps many environments together, on threads where that pays.
//! 7. [`check_env`] tells whether an environment of your own keeps what [`Env`] promises; [`preconditions`] are the checks
//!    that it begins with.
//!
//! Generators implement the traits of [`rand_core`] 0.10, re-exported: those of other versions have the same names and are
//! other traits. Unoptimised, a step of classic control takes two to three times as long (of LunarLander, whose physics is C++,
//! a tenth longer): `[profile.dev.package."*"] opt-level = 3` in a program's `Cargo.toml` optimises them in its debug builds.
//!
//! LunarLander needs Box2D, which a C++ compiler builds: it is the feature `box2d`, one of the default ones. Without it
//! (`default-features = false`) this crate needs no C++ compiler.
//!
//! | id | environment | observation | options |
//! |---|---|---|---|
//! | `CartPole-v1`, `-v0` | [`CartPole`] | `[4]` | `sutton_barto_reward` |
//! | `MountainCar-v0` | [`MountainCar`] | `[2]` | `goal_velocity` |
//! | `Acrobot-v1` | [`Acrobot`] | `[6]` | |
//! | `Pendulum-v1` | [`Pendulum`] | `[3]` | `g`, `torques` |
//! | `LunarLander-v3` | [`LunarLander`] | `[8]` | see [`LunarLanderOptions`] |
//! | `CliffWalking-v1`, `-v0`, `CliffWalkingSlippery-v1`, `-v0` | [`CliffWalking`] | state of 48 | `is_slippery` |
//! | `FrozenLake-v1`, `FrozenLake8x8-v1` | [`FrozenLake`] | state of 16 or 64 | `is_slippery`, `map_name`, `desc`, `success_rate`, `reward_schedule` |
//! | `Catch-v0` | [`Catch`] | `[10, 5]`, bytes | `drift` |
//! | `gym:` and an id of Gymnasium | [`GymEnv`] | its own | `python`, and those of the environment |
//!
//! ```
//! use deepq_envs::{EnvOptions, Journal, Registry, Reset, Seeds, VectorEnv, VectorStep};
//!
//! // Four poles on four carts, each with its own stream of random numbers.
//! let (registry, seeds) = (Registry::standard(), Seeds::new(1));
//! let mut envs = Vec::new();
//! for _ in 0..4 {
//!     let env = registry.make("CartPole-v1", &EnvOptions::new())?;
//!     envs.extend(env.into_vector().map(Journal::new));
//! }
//! let mut envs = VectorEnv::new(envs)?;
//! let resets = [0, 1, 2, 3].map(|i| Reset::seeded(seeds.seed(&format!("train/env/{i}"))));
//! let mut observations = [0.0; 4 * 4];
//! envs.reset(&resets, &mut observations)?;
//!
//! // Push against the side that each pole leans to; the angle is the third of four measurements.
//! let mut result = VectorStep::new();
//! let mut ended = 0;
//! for _ in 0..200 {
//!     let actions: Vec<usize> = observations.chunks(4).map(|row| usize::from(row[2] > 0.0)).collect();
//!     envs.step(&actions, &mut result)?;
//!     ended += result.steps.iter().filter(|step| step.status.is_over()).count();
//!     observations.copy_from_slice(&result.observations);
//! }
//! assert!(ended > 0, "that policy is not good enough");
//!
//! // An environment is captured as where its generators stood, and what happened since.
//! let capture = envs.envs()[2].capture()?;
//! let mut again = [0.0; 4];
//! envs.envs_mut()[2].restore(&capture, &mut again)?;
//! assert_eq!(again, observations[8..12]);
//! # Ok::<(), deepq_envs::EnvError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod acrobot;
mod canvas;
mod cartpole;
mod catch;
mod check_env;
mod cliff_walking;
mod env;
mod env_option;
mod error;
mod frame_stack;
mod frozen_lake;
mod gymnasium;
mod journal;
#[cfg(feature = "box2d")]
mod lunar_lander;
mod mountain_car;
mod numpy_math;
mod one_hot;
mod options;
mod pendulum;
pub mod preconditions;
mod registry;
mod space;
mod sprite;
mod standard;
mod tabular;
mod time_limit;
mod vector;

pub use acrobot::Acrobot;
pub use cartpole::CartPole;
pub use catch::Catch;
pub use check_env::{BrokenPromise, Promise, check_env};
pub use cliff_walking::CliffWalking;
pub use deepq_core::rand_core;
pub use deepq_core::{Element, ElementKind, End, NotAGenerator, NumpyRng, SeedSequence, Seeds, Status, life_is_lost};
pub use env::{BoxedEnv, Env, Reset, Step};
pub use env_option::{EnvOption, OptionValues};
pub use error::EnvError;
pub use frame_stack::FrameStack;
pub use frozen_lake::{FrozenLake, LakeMap, NotAMap};
pub use gymnasium::GymEnv;
pub use journal::{Capture, Journal};
#[cfg(feature = "box2d")]
pub use lunar_lander::{LunarLander, LunarLanderOptions};
pub use mountain_car::MountainCar;
pub use one_hot::OneHot;
pub use options::{EnvOptions, OptionReader, OptionValue};
pub use pendulum::Pendulum;
pub use registry::{AnyEnv, Registration, Registry};
pub use space::{Discrete, ObservationSpace};
pub use tabular::{Model, Outcome, Tabular};
pub use time_limit::TimeLimit;
pub use vector::{Threads, VectorEnv, VectorStep};
