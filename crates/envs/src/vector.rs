//! Many environments, stepped together.

use std::time::Duration;

use rayon::prelude::*;

use crate::{Discrete, Element, Env, EnvError, ObservationSpace, Reset, Status, Step};

/// What a step of all environments led to. The buffers are kept from call to call.
#[derive(Clone, Debug, Default)]
pub struct VectorStep<E> {
    /// One step an environment.
    pub steps: Vec<Step>,
    /// What to act on next, one row an environment: the step's observation, or where the episode ended the first
    /// observation of the next one.
    pub observations: Vec<E>,
    /// The last observation of the episodes that ended: row `i` is valid where `steps[i].status.is_over()`.
    pub final_observations: Vec<E>,
}

impl<E: Element> VectorStep<E> {
    /// Buffers that fit nothing yet: [`VectorEnv::step`] makes them fit.
    pub fn new() -> Self {
        Self { steps: Vec::new(), observations: Vec::new(), final_observations: Vec::new() }
    }

    fn fit(&mut self, envs: usize, len: usize) {
        self.steps.resize(envs, Step::new(0.0, Status::Running));
        self.observations.resize(envs * len, E::default());
        self.final_observations.resize(envs * len, E::default());
    }
}

/// When a vector environment uses rayon's threads. What comes out is the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// When they pay, by what the environments say that a step costs: see [`Env::step_cost`].
    #[default]
    WhenTheyPay,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Several environments of one kind, each with its own generators, stepped together.
///
/// An episode that ends is followed by the next one, without a seed, in the same call; nothing of that is hidden: the
/// step says how the episode ended, and both its last observation and the next episode's first one are given.
///
/// Results do not depend on the number of threads.
#[derive(Debug)]
pub struct VectorEnv<E: Env> {
    envs: Vec<E>,
    threads: Threads,
    /// What a step of all of them costs on one core.
    cost: Duration,
}

impl<E: Env> VectorEnv<E> {
    /// Joins environments.
    ///
    /// # Errors
    ///
    /// [`EnvError::Batch`] if there is none, or if their observation or action spaces differ.
    pub fn new(envs: Vec<E>) -> Result<Self, EnvError> {
        let Some(first) = envs.first() else { return Err(batch("at least one environment is needed")) };
        let differs = |env: &&E| {
            env.observation_space() != first.observation_space() || env.action_space() != first.action_space()
        };
        if let Some(other) = envs.iter().find(differs) {
            return Err(batch(&format!("the spaces of {} differ from those of {}", other.id(), first.id())));
        }
        let cost = envs.iter().map(Env::step_cost).fold(Duration::ZERO, Duration::saturating_add);
        Ok(Self { envs, threads: Threads::default(), cost })
    }

    /// Says when threads are used.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// How many environments there are.
    pub fn len(&self) -> usize {
        self.envs.len()
    }

    /// Whether there is none: never, kept beside [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.envs.is_empty()
    }

    /// The environments.
    pub fn envs(&self) -> &[E] {
        &self.envs
    }

    /// The environments, to restore one from a capture for example.
    pub fn envs_mut(&mut self) -> &mut [E] {
        &mut self.envs
    }

    /// The observations of each environment.
    pub fn observation_space(&self) -> &ObservationSpace<E::Element> {
        self.envs[0].observation_space()
    }

    /// The actions of each environment.
    pub fn action_space(&self) -> &Discrete {
        self.envs[0].action_space()
    }

    /// Starts an episode in each environment and writes the first observations, one row each.
    ///
    /// # Errors
    ///
    /// [`EnvError::Batch`] if `resets` or `observations` do not fit: nothing changes then. Otherwise the error of the
    /// first environment that has one.
    pub fn reset(&mut self, resets: &[Reset], observations: &mut [E::Element]) -> Result<(), EnvError> {
        let (envs, len) = (self.len(), self.observation_space().len());
        fits("resets", envs, resets.len())?;
        fits("elements of observations", envs * len, observations.len())?;
        match self.envs_a_task() {
            None => {
                let rows = observations.chunks_exact_mut(len);
                let mut work = self.envs.iter_mut().zip(resets).zip(rows);
                work.try_for_each(|((env, reset), row)| env.reset(reset, row))
            }
            Some(envs_a_task) => {
                let results: Vec<Result<(), EnvError>> = self
                    .envs
                    .par_iter_mut()
                    .zip(resets)
                    .zip(observations.par_chunks_exact_mut(len))
                    .with_min_len(envs_a_task)
                    .map(|((env, reset), row)| env.reset(reset, row))
                    .collect();
                results.into_iter().collect()
            }
        }
    }

    /// Takes an action in each environment.
    ///
    /// # Errors
    ///
    /// [`EnvError::Batch`] if there is not one action an environment and [`EnvError::Action`] if one of them does not
    /// exist: nothing changes then. Otherwise the error of the first environment that has one; others may have
    /// stepped, so that all need a reset.
    pub fn step(&mut self, actions: &[usize], into: &mut VectorStep<E::Element>) -> Result<(), EnvError> {
        let (envs, len) = (self.len(), self.observation_space().len());
        fits("actions", envs, actions.len())?;
        let space = self.action_space();
        if let Some(&action) = actions.iter().find(|&&action| !space.contains(action)) {
            return Err(EnvError::Action { env: self.envs[0].id().into(), action, n: space.n() });
        }
        into.fit(envs, len);
        match self.envs_a_task() {
            Some(envs_a_task) => self.step_on_threads(actions, into, len, envs_a_task),
            None => self.step_in_turn(actions, into, len),
        }
    }

    /// How many environments a task on the pool should step at least; none where all are stepped on this thread.
    fn envs_a_task(&self) -> Option<usize> {
        match self.threads {
            Threads::Always => Some(1),
            Threads::Never => None,
            Threads::WhenTheyPay => {
                let several = self.len() > 1 && rayon::current_num_threads() > 1;
                several.then(|| envs_a_task(self.len(), self.cost)).flatten()
            }
        }
    }

    fn step_in_turn(
        &mut self,
        actions: &[usize],
        into: &mut VectorStep<E::Element>,
        len: usize,
    ) -> Result<(), EnvError> {
        let rows = into.observations.chunks_exact_mut(len).zip(into.final_observations.chunks_exact_mut(len));
        for (((env, &action), step), (row, last)) in self.envs.iter_mut().zip(actions).zip(&mut into.steps).zip(rows) {
            *step = step_and_go_on(env, action, row, last)?;
        }
        Ok(())
    }

    fn step_on_threads(
        &mut self,
        actions: &[usize],
        into: &mut VectorStep<E::Element>,
        len: usize,
        envs_a_task: usize,
    ) -> Result<(), EnvError> {
        let failed = (self.envs.par_iter_mut(), actions, &mut into.steps)
            .into_par_iter()
            .zip((into.observations.par_chunks_exact_mut(len), into.final_observations.par_chunks_exact_mut(len)))
            .with_min_len(envs_a_task)
            .enumerate()
            .filter_map(|(i, ((env, &action, step), (row, last)))| {
                step_and_go_on(env, action, row, last).map(|done| *step = done).err().map(|error| (i, error))
            })
            .min_by_key(|(i, _)| *i);
        failed.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// A step, and where it ended the episode the start of the next one.
#[inline]
fn step_and_go_on<E: Env>(
    env: &mut E,
    action: usize,
    row: &mut [E::Element],
    last: &mut [E::Element],
) -> Result<Step, EnvError> {
    let step = env.step(action, row)?;
    if step.status.is_over() {
        last.copy_from_slice(row);
        env.reset(&Reset::default(), row)?;
    }
    Ok(step)
}

/// Waking the pool's threads costs some 10 us: below this much work threads do not pay.
const WORTH_THREADS: Duration = Duration::from_micros(40);
/// What a thread should have to do before another one takes part of it.
const WORTH_A_TASK: Duration = Duration::from_micros(10);

/// Into tasks of how many environments at least a step of all `envs` is cut, if cutting it pays.
fn envs_a_task(envs: usize, cost: Duration) -> Option<usize> {
    (cost >= WORTH_THREADS).then(|| {
        let tasks = cost.as_nanos() / WORTH_A_TASK.as_nanos();
        envs.div_ceil(usize::try_from(tasks).unwrap_or(usize::MAX))
    })
}

fn fits(what: &str, expected: usize, actual: usize) -> Result<(), EnvError> {
    if expected == actual { Ok(()) } else { Err(batch(&format!("{expected} {what} are needed, {actual} are given"))) }
}

#[cold]
fn batch(reason: &str) -> EnvError {
    EnvError::Batch { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_used_where_a_step_of_all_is_worth_it() {
        let of = |envs: u32, nanoseconds: u64| envs_a_task(envs as usize, envs * Duration::from_nanos(nanoseconds));
        assert_eq!(of(64, 100), None, "64 cheap ones are soon done");
        assert_eq!(of(512, 100), Some(103));
        assert_eq!(of(3, 11_000), None);
        assert_eq!(of(20, 11_000), Some(1));
        assert_eq!(of(2, 200_000), Some(1));
        assert_eq!(of(1_000, 50), Some(200));
    }

    #[cfg(feature = "box2d")]
    #[test]
    fn wrappers_cost_what_is_inside() {
        use crate::{EnvOptions, FrameStack, Journal, LunarLander, Registry};

        let made = Registry::standard().make("LunarLander-v3", &EnvOptions::new()).unwrap().into_vector().unwrap();
        let lander = LunarLander::new(crate::LunarLanderOptions::default()).unwrap().step_cost();
        let wrapped = FrameStack::new(Journal::new(made), 2).unwrap();
        assert_eq!((wrapped.step_cost(), wrapped.steps_per_second()), (lander, 50.0));
        let one_hot = EnvOptions::from_iter([("one_hot", true)]);
        let cliff = Registry::standard().make("CliffWalking-v1", &one_hot).unwrap().into_vector().unwrap();
        assert!(cliff.step_cost() < lander);
    }
}
