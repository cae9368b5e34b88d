//! Value-based agents: what joins environments, replay and networks and learns to act.
//!
//! This crate must not know files, screens or command lines: an agent's state is a value, and whoever drives it decides
//! where that goes. Nor does it know an environment: it is told what was seen and what followed.
//!
//! 1. [`targets`] says what a Q-value is moved towards: pure functions over slices, with rlax's names.
//! 2. A [`Schedule`] is a value that changes over a run; [`EpsilonGreedy`] explores with the probability that it says,
//!    from a stream of randomness of its own.
//! 3. [`QLearning`] learns with a table: the algorithm at its plainest, and what the deep agents are compared with.
//! 4. [`Dqn`] is DQN and its variants, to be read from top to bottom like the paper. A [`DqnSpec`] says which; an
//!    [`UpdateSpec`] when updates are due. Specs have constructors named after their paper and year, as
//!    [`DqnSpec::nature_2015`].
//! 5. [`Reinforce`] learns a policy instead of values, from whole episodes: [`discounted_returns`] and
//!    [`policy_gradient_loss`] are its pure functions.
//! 6. [`Pqn`] learns values without replay and target network, from what many environments played last;
//!    [`lambda_returns`] are its targets.
//! 7. Whatever it learns by, an [`Agent`] is driven in the same way: act, observe, learn; where it can, in two [`Halves`]
//!    at the same time. Its [`AgentState`] and its replay are all that its future depends on.
//! 8. An [`AgentSpec`] is any of them as data, an experiment's `[agent]`; it is the one list of algorithms.
//! 9. [`check_agent`](check_agent()) tells whether an agent of your own keeps what [`Agent`] promises; [`preconditions`] are
//!    the checks that it begins with.
//!
//! # What it needs beside itself
//!
//! Nothing: [`core`] (elements, how steps end, generators, seeds), [`nets`] with Candle's device and
//! tensor, and [`replay`] are the crates of the same version. The example plays CartPole of `deepq-envs`, the one
//! more dependency.
//!
//! # How fast it is
//!
//! Kernels and Candle are Rust, and a build without optimisation is some hundred times slower: 9.6 s where an optimised one
//! takes 0.1 s. `cargo build --release` is optimised; for all other builds write into your Cargo.toml
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! which optimises dependencies, and leaves your own code as quick to build and as easy to debug as it was.
//!
//! # Example
//!
//! ```
//! use deepq_agents::core::Seeds;
//! use deepq_agents::nets::{Device, Head, NetworkSpec, OptimizerSpec, Torso};
//! use deepq_agents::replay::{Layout, ReplaySpec, Transition};
//! use deepq_agents::{Agent, AgentParts, Clock, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec};
//! use deepq_envs::{CartPole, Env, Reset, TimeLimit};
//!
//! let spec = DqnSpec { double: true, target_update: TargetUpdate::Updates(50), ..DqnSpec::nature_2015() };
//! let learning_starts = LearningStarts::Steps(100);
//! let updates = UpdateSpec { learning_starts, update_every: 1, ..UpdateSpec::nature_2015() };
//! let exploration = Schedule::Linear { start: 1.0, end: 0.1, from: 100, to: 300, hold_until: 0, by: Clock::Step };
//! let replay = ReplaySpec::uniform(1_000).build(&Layout::single(4), spec.discount)?;
//! let seeds = Seeds::new(1);
//! let parts = AgentParts {
//!     network: &NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, Head::Single { hidden: vec![] }),
//!     optimizer: &OptimizerSpec::adam(1e-3),
//!     observation_shape: &[4],
//!     actions: 2,
//!     streams: 1,
//!     seeds: &seeds,
//!     device: &Device::Cpu,
//! };
//! let mut agent = Dqn::new(&spec, &updates, &exploration, replay, &parts)?;
//!
//! let mut env = TimeLimit::new(CartPole::new(), 500);
//! let (mut observation, mut next_observation) = ([0.0; 4], [0.0; 4]);
//! env.reset(&Reset::seeded(seeds.seed("train/env/0")), &mut observation)?;
//! agent.begin_episode(0, &observation)?;
//! for _ in 0..400 {
//!     let mut actions = [0];
//!     agent.act(&observation, &mut actions)?;
//!     let step = env.step(actions[0], &mut next_observation)?;
//!     let end = step.end();
//!     let (action, reward) = (actions[0] as u32, step.reward as f32);
//!     agent.observe(0, &Transition { action, reward, next_observation: &next_observation, end })?;
//!     observation = next_observation;
//!     if end.is_over() {
//!         env.reset(&Reset::default(), &mut observation)?;
//!         agent.begin_episode(0, &observation)?;
//!     }
//!     while let Some(update) = agent.learn()? {
//!         assert!(update.loss.is_finite());
//!     }
//! }
//! assert_eq!(agent.counters().updates, 300);
//!
//! // All of it is a value: weights, optimizer, streams of randomness, counters.
//! let state = agent.state()?;
//! agent.restore(&state)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod agent;
mod algorithm;
mod bootstrap;
mod check_agent;
mod clipping;
mod counters;
mod dqn;
mod error;
mod explore;
mod lambda_returns;
mod pqn;
pub mod preconditions;
mod q_learning;
mod reinforce;
mod rows;
mod shared_settings;
mod spec;
mod state;
pub mod targets;
mod trained;
mod updates;

pub use agent::{Actor, Agent, Halves, Learner, Preferences, UpdateReport};
pub use algorithm::AgentParts;
pub use check_agent::{BrokenPromise, Promise, check_agent};
pub use clipping::{ClipGradient, ClipReward};
pub use counters::Counters;
pub use dqn::{Dqn, DqnSpec, TargetUpdate};
pub use error::{AgentError, SettingError, SpecError};
pub use explore::{Clock, EpsilonGreedy, Schedule};
pub use lambda_returns::lambda_returns;
pub use pqn::{Pqn, PqnSpec};
pub use q_learning::{QLearning, QLearningSpec};
pub use reinforce::{Reinforce, ReinforceSpec, discounted_returns, normalise, policy_gradient_loss};
pub use shared_settings::{Need, Setting, SharedSettings};
pub use spec::AgentSpec;
pub use state::AgentState;
pub use trained::{Descent, Trained};
pub use updates::{LearningStarts, UpdateSpec};
pub use {deepq_core as core, deepq_nets as nets, deepq_replay as replay};
