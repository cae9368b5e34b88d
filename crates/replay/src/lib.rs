//! Replay memories for reinforcement learning: transitions go in one by one, batches come out.
//!
//! **Invariant:** this crate knows nothing of environments, networks, files or command lines. Observations are plain slices,
//! so it goes with any framework. How transitions are kept knows nothing of how they are drawn.
//!
//! # Concepts
//!
//! 1. A [`Transition`] is one step of an episode: an action, the reward, the next observation, and its [`End`], which says what
//!    follows. Termination and the loss of a life stop bootstrapping, truncation does not; after termination and truncation a
//!    new episode begins, after the loss of a life the same one goes on.
//! 2. A [`Store`] keeps transitions. They come in *streams*, one for each environment, and it only ever appends; what is full
//!    overwrites its oldest. A [`TransitionStore`] keeps whole transitions: for vectors of measurements. A [`FrameStore`] keeps
//!    each frame of a stack once and puts stacks together when they are drawn: for Atari an eighth of the memory, with
//!    [`Compression::Lz4`] a two-hundredth to a seven-hundredth (79 to 289 bytes a transition with six games).
//! 3. With [`NStep`] a transition spans several steps, exact at every end. A batch says it all in the two numbers that an update
//!    needs: the target of a row is `reward + discount * value(next observation)`, whatever `n` is and however it ended.
//! 4. A transition that can be drawn has an *id* ([`Ids`]), its own for as long as it is there, and a store tells of each that
//!    comes or goes ([`Change`]).
//! 5. A [`Sampler`] chooses the ids of a batch and says with what probability each was drawn. [`Uniform`] gives all the same. One
//!    that learns from [priorities](Replay::reprioritise), and what its rows then count in a loss ([`importance_weights`]), is a type
//!    of your own: the page of [`Sampler`] has one whole, in sixty lines.
//! 6. A [`Replay`] is a store and a sampler. It gives its rows in a [`Batch`], decided by the caller's generator alone.
//! 7. A [`ReplaySpec`] is a replay as data, for experiment files; it says how many bytes the replay will take before any is
//!    allocated. What is impossible is a [`ReplayError`], never an abort.
//! 8. [`Replay::save`] and [`Replay::load`] write and read a replay exactly, with all that its sampler remembers; [`increment`]
//!    saves one of gigabytes bit by bit.
//!
//! # Example
//!
//! Q-learning of a corridor of five cells, with a reward at its right end and a table for a network. Nothing but this crate
//! (and a generator) is used; an agent in any framework does the same with its tensors.
//!
//! ```
//! use deepq_replay::rand_core::Rng;
//! use deepq_replay::{Batch, End, Layout, NStep, Replay, Transition, TransitionStore, Uniform};
//!
//! const CELLS: usize = 5;
//! let mut rng = rand_pcg::Pcg64::new(1, 0);
//!
//! // Room for 1,000 transitions whose observation is one number, with 3-step returns, drawn uniformly.
//! let (layout, n_step) = (Layout::single(1), NStep::new(3, 0.9)?);
//! let mut replay = Replay::new(TransitionStore::<f32>::new(1000, &layout, n_step.clone())?, Uniform);
//! println!("takes {} bytes, {} when full", replay.size_in_bytes(),
//!     TransitionStore::<f32>::planned_bytes(1000, &layout, &n_step)?);
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
//! let mut errors = Vec::new();
//! for _update in 0..2000 {
//!     replay.sample(32, &mut rng, &mut batch)?;
//!     errors.clear();
//!     for row in 0..batch.len() {
//!         let [left, right] = q[batch.next_observations[row] as usize];
//!         let target = batch.rewards[row] + batch.discounts[row] * left.max(right);
//!         let value = &mut q[batch.observations[row] as usize][batch.actions[row] as usize];
//!         let error = target - *value;
//!         *value += 0.1 * batch.weights[row] * error;
//!         errors.push(error.abs());
//!     }
//!     // The uniform sampler takes no note of it.
//!     replay.reprioritise(&batch.ids, &errors)?;
//! }
//! assert!(q[..CELLS - 1].iter().all(|[left, right]| right > left), "the way to the reward is right: {q:?}");
//!
//! // A saved replay goes on where it was.
//! let mut file = Vec::new();
//! replay.save(&mut file)?;
//! let mut loaded = Replay::new(TransitionStore::<f32>::new(1000, &layout, n_step)?, Uniform);
//! loaded.load(&mut file.as_slice())?;
//! assert_eq!(loaded.len(), replay.len());
//! # Ok::<(), deepq_replay::ReplayError>(())
//! ```
//!
//! # Generators
//!
//! [`Replay::sample`] takes any generator with the traits of [`rand_core`] 0.10, which is re-exported: `rand` 0.10 and `rand_pcg`
//! 0.10 have such generators. Those of `rand` 0.9 and older have other traits of the same names, and the compiler then speaks of
//! something else: ``the trait bound `StdRng: DerefMut` is not satisfied``.
//!
//! # Speed
//!
//! An unoptimised build takes some twelve times as long for a batch of vectors (128 rows of four numbers: 0.19 ms and 0.015 ms), and
//! some seventeen times as long for one of compressed Atari frames (32 rows: 9 ms and 0.5 ms). Two lines in your `Cargo.toml`
//! optimise what you depend on, which makes up for the latter, while your own code stays easy to debug:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! What is generic over the elements is compiled together with your own code: for vectors it takes `opt-level = 3` below
//! `[profile.dev]`, or `--release`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

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
mod restoring;
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
