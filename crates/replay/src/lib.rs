//! Replay memories for reinforcement learning: transitions go in one by one, batches come out.
//!
//! **Invariant:** this crate knows nothing of environments, networks, files or command lines. Observations are plain slices,
//! so it goes with any framework.
//!
//! # Concepts
//!
//! A [`Transition`] is one step of an episode: an action, the reward, the next observation, and its [`End`], which says what
//! follows. Termination and the loss of a life stop bootstrapping, truncation does not; after termination and truncation a
//! new episode begins, after the loss of a life the same one goes on.
//!
//! A [`Replay`] takes transitions in *streams*, one for each environment, and gives them back in a [`Batch`], drawn
//! uniformly and decided by the caller's generator alone. There are two:
//!
//! - [`UniformReplay`] stores whole transitions: for vectors of measurements.
//! - [`FrameReplay`] stores each frame of a stack once and puts stacks together when they are sampled: for Atari an eighth of
//!   the memory, with [`Compression::Lz4`] a two-hundredth to a seven-hundredth (79 to 289 bytes a transition with six games).
//!
//! With [`NStep`] a sampled transition spans several steps, exact at every end. The batch says it all in the two numbers
//! that an update needs: the target of a row is `reward + discount * value(next observation)`, whatever `n` is and however
//! the transition ended.
//!
//! A [`ReplaySpec`] is a replay as data, for experiment files; it says how many bytes the replay will take before any is
//! allocated. What is impossible is a [`ReplayError`], never an abort.
//!
//! [`Replay::save`] and [`Replay::load`] write and read a replay exactly; [`increment`] saves one of gigabytes bit by bit.
//!
//! # Example
//!
//! Q-learning of a corridor of five cells, with a reward at its right end and a table for a network. Nothing but this crate
//! (and a generator) is used; an agent in any framework does the same with its tensors.
//!
//! ```
//! use deepq_replay::{Batch, End, Layout, NStep, Replay, Transition, UniformReplay};
//! use rand_core::Rng;
//!
//! const CELLS: usize = 5;
//! let mut rng = rand_pcg::Pcg64::new(1, 0);
//!
//! // Room for 1,000 transitions whose observation is one number, with 3-step returns.
//! let mut replay = UniformReplay::<f32>::new(1000, &Layout::single(1), NStep::new(3, 0.9)?)?;
//! println!("takes {} bytes, {} when full", replay.size_in_bytes(),
//!     UniformReplay::<f32>::planned_bytes(1000, &Layout::single(1), &NStep::new(3, 0.9)?)?);
//!
//! // Random play. An episode ends at the right end, or is cut off after 20 steps.
//! for _episode in 0..100 {
//!     let mut cell = 0_usize;
//!     replay.begin(0, &[cell as f32])?;
//!     for step in 1..=20 {
//!         let action = rng.next_u32() % 2; // 0 left, 1 right
//!         cell = if action == 1 { cell + 1 } else { cell.saturating_sub(1) };
//!         let end = match (cell == CELLS - 1, step) {
//!             (true, _) => End::TERMINATED,
//!             (false, 20) => End::TRUNCATED,
//!             _ => End::RUNNING,
//!         };
//!         let reward = if end == End::TERMINATED { 1.0 } else { 0.0 };
//!         replay.push(0, &Transition { action, reward, next_observation: &[cell as f32], end })?;
//!         if end.is_over() {
//!             break;
//!         }
//!     }
//! }
//!
//! // Learning from batches of 32, whose memory is used again and again.
//! let mut q = [[0.0f32; 2]; CELLS];
//! let mut batch = Batch::new();
//! for _update in 0..2000 {
//!     replay.sample(32, &mut rng, &mut batch)?;
//!     for row in 0..batch.len() {
//!         let [left, right] = q[batch.next_observations[row] as usize];
//!         let target = batch.rewards[row] + batch.discounts[row] * left.max(right);
//!         let value = &mut q[batch.observations[row] as usize][batch.actions[row] as usize];
//!         *value += 0.1 * (target - *value);
//!     }
//! }
//! assert!(q[..CELLS - 1].iter().all(|[left, right]| right > left), "the way to the reward is right: {q:?}");
//!
//! // A saved replay goes on where it was.
//! let mut file = Vec::new();
//! replay.save(&mut file)?;
//! let mut loaded = UniformReplay::<f32>::new(1000, &Layout::single(1), NStep::new(3, 0.9)?)?;
//! loaded.load(&mut file.as_slice())?;
//! assert_eq!(loaded.len(), replay.len());
//! # Ok::<(), deepq_replay::ReplayError>(())
//! ```

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod batch;
mod chain;
mod checked;
mod draw;
mod error;
mod frames;
mod importance;
pub mod increment;
mod layout;
mod memory;
mod n_step;
mod replay;
mod sampler;
mod saved_sampler;
mod scratch;
mod settings;
mod spec;
mod storage;
mod store;
mod transition;
mod transitions;
mod uniform;

pub use batch::Batch;
pub use chain::Chain;
pub use deepq_core::{End, Status};
pub use error::ReplayError;
pub use frames::FrameStore;
pub use importance::importance_weights;
pub use increment::{Increment, Mark};
pub use layout::Layout;
pub use n_step::NStep;
pub use rand_core;
pub use replay::{Increments, Replay, SampleHook};
pub use sampler::Sampler;
pub use spec::ReplaySpec;
pub use storage::{Compression, ReplayKind};
pub use store::{Change, Ids, Store};
pub use transition::Transition;
pub use transitions::TransitionStore;
pub use uniform::Uniform;
