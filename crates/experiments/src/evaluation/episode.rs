//! An episode of an evaluation, as it is played.

use deepq_envs::{BoxedEnv, Element, EnvError, NumpyRng, Reset, Step};

use super::protocol::Protocol;

/// An episode under way. Its number, the protocol and the agent step of the weights decide all of it: whoever plays it, in
/// whatever environment of the kind, sees the same.
pub(crate) struct Episode {
    /// Its number in the evaluation, from 0.
    pub(crate) number: usize,
    /// The undiscounted, unclipped return so far.
    pub(crate) total: f64,
    /// Agent steps so far.
    pub(crate) length: u64,
    epsilon: f64,
    rng: NumpyRng,
}

impl Episode {
    /// Starts an episode of the evaluation at agent step `at_step`, and writes its first observation.
    pub(crate) fn start<E: Element>(
        protocol: &Protocol,
        at_step: u64,
        number: usize,
        env: &mut BoxedEnv<E>,
        observation: &mut [E],
    ) -> Result<Self, EnvError> {
        let Protocol { epsilon, seeds, .. } = *protocol;
        let name = format!("evaluation/{at_step}/episode/{number}");
        env.reset(&Reset::seeded(seeds.seed(&name)), observation)?;
        let rng = seeds.stream(&format!("{name}/exploration"));
        Ok(Self { number, total: 0.0, length: 0, epsilon, rng })
    }

    /// The next of `actions` actions: the one that the agent thinks best, or with the protocol's probability a random one.
    pub(crate) fn choose(&mut self, best: usize, actions: usize) -> usize {
        let explores = self.epsilon > 0.0 && self.rng.random() < self.epsilon;
        if explores { self.rng.index(actions) } else { best }
    }

    /// Takes a step, counts it, and writes the observation it led to.
    pub(crate) fn step<E: Element>(
        &mut self,
        action: usize,
        env: &mut BoxedEnv<E>,
        observation: &mut [E],
    ) -> Result<Step, EnvError> {
        let step = env.step(action, observation)?;
        self.total += step.reward;
        self.length += 1;
        Ok(step)
    }
}
