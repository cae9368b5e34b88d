//! Value-based agents: what joins environments, replay and networks. It must not know files, screens or command lines.

mod agent;
mod dqn;
mod dqn_spec;
mod dqn_state;
mod epsilon_greedy;
mod error;
mod q_learning;
mod schedule;
mod target_update;
pub mod targets;
mod updates_due;

pub use agent::{Agent, AgentState, Counters, UpdateReport};
pub use dqn::{Dqn, DqnParts};
pub use dqn_spec::{ClipGradient, ClipReward, DqnSpec, LearningStarts};
pub use epsilon_greedy::EpsilonGreedy;
pub use error::{AgentError, SpecError};
pub use q_learning::{QLearning, QLearningSpec};
pub use schedule::{Clock, Schedule};
pub use target_update::TargetUpdate;
