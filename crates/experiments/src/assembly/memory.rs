//! How much memory what an experiment names will take.

use deepq_envs::{BoxedEnv, Element};
use deepq_replay::Layout;

use super::Assembly;
use super::environments::Observed;
use crate::RunError;
use crate::config::Experiment;
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
        let Experiment { agent, replay, training, .. } = self.experiment;
        let (mut expected, mut at_worst) = (0, 0);
        if let Some(replay) = replay {
            let layout = self.layout(env);
            expected = replay.expected_bytes::<E>(&layout).map_err(|error| self.of_replay(error))?;
            at_worst = replay.planned_bytes::<E>(&layout).map_err(|error| self.of_replay(error))?;
        }
        let rollout = agent.rollout_bytes(training.environments, env.observation_space().len() * size_of::<E>());
        let (replay, replay_at_worst) = (expected + rollout, at_worst + rollout);
        let network = self.network(env)?;
        // Online and target weights, gradients, two moments.
        const COPIES: u64 = 5;
        Ok(MemoryPlan { runs: 1, replay, replay_at_worst, networks: network.parameters().count() as u64 * 4 * COPIES })
    }
}
