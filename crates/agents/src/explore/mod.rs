//! How an agent explores, and values that change over a run.

mod epsilon_greedy;
mod schedule;

pub use epsilon_greedy::EpsilonGreedy;
pub use schedule::{Clock, Schedule};
