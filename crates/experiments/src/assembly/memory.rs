//! How much memory what an experiment names will take.

use deepq_envs::{BoxedEnv, Element};
use deepq_replay::Layout;

use super::Assembly;
use super::environments::Observed;
use crate::RunError;
use crate::config::Algorithm;
use crate::memory::MemoryPlan;

impl Assembly<'_> {
    /// What the replay is made for.
    pub(super) fn layout<E: Element>(&self, env: &BoxedEnv<E>) -> Layout {
        let space = env.observation_space();
        let streams = self.experiment.training.environments;
        Layout { observation_len: space.len(), stack: space.stack(), streams }
    }

    /// What a run will hold in memory, before it is allocated.
    ///
    /// # Errors
    ///
    /// If the replay or the network is impossible; the message names the key.
    pub fn memory<E: Observed>(&self, env: &BoxedEnv<E>) -> Result<MemoryPlan, RunError> {
        let (replay, replay_at_worst) = match self.algorithm()? {
            Algorithm::Dqn { replay, .. } => {
                let layout = self.layout(env);
                let bytes = (replay.expected_bytes::<E>(&layout), replay.planned_bytes::<E>(&layout));
                (bytes.0.map_err(|error| self.of_replay(error))?, bytes.1.map_err(|error| self.of_replay(error))?)
            }
            Algorithm::Reinforce { .. } => (0, 0),
            // Its rollout.
            Algorithm::Pqn { spec, .. } => {
                let rows = spec.rollout_steps * self.experiment.training.environments;
                let bytes = (rows * env.observation_space().len() * size_of::<E>()) as u64;
                (bytes, bytes)
            }
        };
        let network = self.network(env)?;
        // Online and target weights, gradients, two moments.
        const COPIES: u64 = 5;
        Ok(MemoryPlan { runs: 1, replay, replay_at_worst, networks: network.parameters().count() as u64 * 4 * COPIES })
    }
}
