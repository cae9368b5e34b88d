//! Box2D 2.3, built from its own C++, as safe worlds of rigid bodies.
//!
//! The engine is the one under Gymnasium's LunarLander: Box2D 2.3.0 as pybox2d carries it. Built here, it gives the same
//! bits as there, on any x86-64 and under any compiler flags of the environment (`build/compile.rs` says how). The crate
//! offers what its users in this workspace need: static and dynamic bodies, edges, boxes and convex polygons, revolute
//! joints with limit and motor, forces, and which bodies touched in a step.
//!
//! **Architecture invariant:** this crate knows nothing of environments, rewards or observations. It is the only one
//! that calls Box2D, and all `unsafe` of that is here, under types that cannot be misused: a [`World`] owns its bodies,
//! can be sent to another thread but not shared, checks what it is given, and no C++ exception or assertion of Box2D
//! leaves it other than as an [`Error`].
//!
//! The C++ is not in this repository: the build takes it from the published package `wrapped2d` 0.4.2, which `Cargo.lock`
//! locks, and verifies its checksum (`build/source.rs`). It needs a C++17 compiler and no other tool.
//!
//! ```
//! use deepq_box2d_sys::{BodyDef, Fixture, Shape, World};
//!
//! let mut world = World::new([0.0, -10.0])?;
//! let ground = world.add_body(&BodyDef::fixed([0.0, 0.0]))?;
//! world.add_fixture(ground, &Shape::Edge([[-5.0, 0.0], [5.0, 0.0]]), &Fixture::default())?;
//! let crate_ = world.add_body(&BodyDef::dynamic([0.0, 2.0]))?;
//! world.add_fixture(crate_, &Shape::Box { half_width: 0.5, half_height: 0.5 }, &Fixture { density: 1.0, ..Default::default() })?;
//!
//! let mut steps = 0;
//! while world.state(crate_)?.awake {
//!     world.step(1.0 / 50.0, 8, 3)?;
//!     steps += 1;
//! }
//! assert!(steps > 20, "it falls, lands and comes to rest");
//! assert!((world.state(crate_)?.position[1] - 0.5).abs() < 0.05);
//! # Ok::<(), deepq_box2d_sys::Error>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

// Anew for each checkout: see .cargo/config.toml.
const _: Option<&str> = option_env!("DEEPQ_CHECKOUT");

mod error;
mod ffi;
mod shape;
mod world;

pub use error::Error;
pub use shape::{Fixture, Shape};
pub use world::{Body, BodyDef, BodyState, Contact, RevoluteJoint, World};
