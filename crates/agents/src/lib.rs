//! Value-based agents: what joins environments, replay and networks and learns to act.
//!
//! This crate must not know files, screens or command lines: an agent's state is a value, and whoever drives it decides
//! where that goes. It takes from `deepq-envs` the element type of observations and the streams of randomness, never an
//! environment.
//!
//! 1. [`targets`] says what a Q-value is moved towards: pure functions over slices, with rlax's names.
//! 2. A [`Schedule`] is a value that changes over a run; [`EpsilonGreedy`] explores with the probability that it says,
//!    from a stream of randomness of its own.
//! 3. [`QLearning`] learns with a table: the algorithm at its plainest, and what the deep agents are compared with.
//! 4. A [`DqnSpec`] is an experiment's `[agent]` section; [`TargetUpdate`], [`ClipReward`], [`ClipGradient`] and
//!    [`LearningStarts`] are its parts.
//! 5. [`Dqn`] is DQN and its variants, to be read from top to bottom like the paper.
//! 6. [`Reinforce`] learns a policy instead of values, from whole episodes: [`discounted_returns`] and
//!    [`policy_gradient_loss`] are its pure functions.
//! 7. [`Pqn`] learns values without replay and target network, from what many environments played last;
//!    [`lambda_returns`] are its targets.
//! 8. Whatever it learns by, an [`Agent`] is driven in the same way: act, observe, learn; where it can, in two [`Halves`]
//!    at the same time. Its [`AgentState`] and its replay are all that its future depends on.
//!
//! ```
//! use deepq_agents::{Agent, Clock, Dqn, DqnParts, DqnSpec, LearningStarts, Schedule, TargetUpdate};
//! use deepq_envs::{CartPole, Env, Reset, Seeds, TimeLimit};
//! use deepq_nets::{Device, Head, Loss, NetworkSpec, OptimizerSpec, Torso};
//! use deepq_replay::{Layout, ReplaySpec, Transition};
//!
//! let spec = DqnSpec {
//!     discount: 0.99,
//!     double: true,
//!     target_update: TargetUpdate::Updates(50),
//!     loss: Loss::Huber,
//!     clip_gradient: Default::default(),
//!     clip_reward: Default::default(),
//!     terminal_target: None,
//!     batch_size: 32,
//!     learning_starts: LearningStarts::Steps(100),
//!     update_every: 1,
//!     gradient_steps: 1,
//! };
//! let seeds = Seeds::new(1);
//! let mut env = TimeLimit::new(CartPole::new(), 500);
//! let mut agent = Dqn::new(DqnParts {
//!     spec: &spec,
//!     exploration: &Schedule::Linear { start: 1.0, end: 0.1, from: 100, to: 300, hold_until: 0, by: Clock::Step },
//!     network: &NetworkSpec::new(Torso::Mlp { hidden: vec![16] }, Head::Single { hidden: vec![] }),
//!     optimizer: &OptimizerSpec::adam(1e-3),
//!     replay: ReplaySpec::uniform(1_000).build(&Layout::single(4), spec.discount)?,
//!     observation_shape: &[4],
//!     actions: 2,
//!     seeds: &seeds,
//!     device: &Device::Cpu,
//! })?;
//!
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

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod agent;
mod dqn;
mod dqn_learning;
mod dqn_spec;
mod dqn_state;
mod episode;
mod epsilon_greedy;
mod error;
mod lambda_returns;
mod policy_gradient;
mod pqn;
mod pqn_spec;
mod pqn_state;
mod q_learning;
mod reinforce;
mod reinforce_state;
mod rollout;
mod rows;
mod schedule;
mod target_update;
pub mod targets;
mod tensor_state;
mod trained;
mod updates_due;

pub use agent::{Actor, Agent, AgentState, Counters, Halves, Learner, UpdateReport};
pub use dqn::{Dqn, DqnParts};
pub use dqn_spec::{ClipGradient, ClipReward, DqnSpec, LearningStarts};
pub use epsilon_greedy::EpsilonGreedy;
pub use error::{AgentError, SpecError};
pub use lambda_returns::lambda_returns;
pub use policy_gradient::{discounted_returns, normalise, policy_gradient_loss};
pub use pqn::{Pqn, PqnParts};
pub use pqn_spec::PqnSpec;
pub use q_learning::{QLearning, QLearningSpec};
pub use reinforce::{Reinforce, ReinforceParts, ReinforceSpec};
pub use schedule::{Clock, Schedule};
pub use target_update::TargetUpdate;
