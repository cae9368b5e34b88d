//! To be written.
mod element;
mod env;
mod error;
mod rng;
mod space;
pub use element::{Element, ElementKind};
pub use env::{BoxedEnv, Env, Reset, Status, Step};
pub use error::EnvError;
pub use rng::{NotAGenerator, NumpyRng, SeedSequence, Seeds};
pub use space::{Discrete, ObservationSpace};
