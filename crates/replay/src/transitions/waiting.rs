//! Steps that wait for those after them.

use bytemuck::Pod;

use crate::checked::{CheckedReader, CheckedWriter};
use crate::{End, ReplayError, memory};

/// The steps of one stream that are not complete transitions yet: a ring of `n + 1` observations, oldest first, each but
/// the newest with the step that followed it.
#[derive(Clone, Debug)]
pub(crate) struct Waiting<T> {
    observations: Vec<T>,
    observation_len: usize,
    steps: Vec<Step>,
    /// Slot of the oldest step.
    oldest: usize,
    /// Steps waiting: 0 to n - 1 between two transitions.
    waiting: usize,
    /// Whether an episode is running, so that there is a newest observation.
    running: bool,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    action: u32,
    reward: f32,
    end: End,
}

impl<T: Pod> Waiting<T> {
    pub(crate) fn new(observation_len: usize, n: usize) -> Result<Self, ReplayError> {
        let mut observations = Vec::new();
        memory::resize(&mut observations, (n + 1) * observation_len)?;
        let steps = vec![Step { action: 0, reward: 0.0, end: End::RUNNING }; n + 1];
        Ok(Self { observations, observation_len, steps, oldest: 0, waiting: 0, running: false })
    }

    pub(crate) fn planned_bytes(observation_len: usize, n: usize) -> u64 {
        let slot = memory::bytes::<T>(observation_len).saturating_add(size_of::<Step>() as u64);
        slot.saturating_mul(n as u64 + 1).saturating_add(size_of::<Self>() as u64)
    }

    pub(crate) fn size_in_bytes(&self) -> u64 {
        memory::bytes::<T>(self.observations.len()) + memory::bytes::<Step>(self.steps.len()) + size_of::<Self>() as u64
    }

    /// Where the observation and the step lie that come `later` steps after the oldest.
    fn slot(&self, later: usize) -> usize {
        (self.oldest + later) % self.steps.len()
    }

    fn row(&self, later: usize) -> &[T] {
        &self.observations[self.slot(later) * self.observation_len..][..self.observation_len]
    }

    fn row_mut(&mut self, later: usize) -> &mut [T] {
        let start = self.slot(later) * self.observation_len;
        &mut self.observations[start..start + self.observation_len]
    }

    /// Whether an episode is running.
    pub(crate) fn running(&self) -> bool {
        self.running
    }

    /// Starts an episode.
    pub(crate) fn begin(&mut self, observation: &[T]) {
        self.running = true;
        self.row_mut(0).copy_from_slice(observation);
    }

    /// Adds the step that was taken from the newest observation.
    pub(crate) fn push(&mut self, action: u32, reward: f32, end: End) {
        let slot = self.slot(self.waiting);
        self.steps[slot] = Step { action, reward, end };
        self.waiting += 1;
    }

    /// Adds the observation that the newest step led to; its end tells whether the episode goes on from there.
    pub(crate) fn arrive(&mut self, observation: &[T], end: End) {
        self.running = !end.is_over();
        self.row_mut(self.waiting).copy_from_slice(observation);
    }

    /// Rewards and ends of the waiting steps, oldest first.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (f32, End)> {
        (0..self.waiting).map(|later| {
            let Step { reward, end, .. } = self.steps[self.slot(later)];
            (reward, end)
        })
    }

    /// The observation of the oldest waiting step.
    pub(crate) fn observation(&self) -> &[T] {
        self.row(0)
    }

    /// The action of the oldest waiting step.
    pub(crate) fn action(&self) -> u32 {
        self.steps[self.oldest].action
    }

    /// Forgets the oldest step, whose transition is stored.
    pub(crate) fn leave(&mut self) {
        self.oldest = self.slot(1);
        self.waiting -= 1;
    }

    /// Whether the oldest waiting step has all the steps that it needs, the newest being one with this end.
    pub(crate) fn complete(&self, n: usize, newest: End) -> bool {
        self.waiting >= if newest == End::RUNNING { n } else { 1 }
    }

    pub(crate) fn save(&self, to: &mut CheckedWriter<'_>) -> Result<(), ReplayError> {
        to.u8(u8::from(self.running))?;
        to.u64(self.waiting as u64)?;
        for later in 0..self.waiting {
            let Step { action, reward, .. } = self.steps[self.slot(later)];
            to.u32(action)?;
            to.f32(reward)?;
            to.slice(self.row(later))?;
        }
        if self.running { to.slice(self.row(self.waiting)) } else { Ok(()) }
    }

    pub(crate) fn load(&mut self, from: &mut CheckedReader<'_>) -> Result<(), ReplayError> {
        let running = from.u8()?;
        let waiting = from.u64()?;
        // Ends send all steps on, so the waiting ones are those of a running episode, fewer than n.
        if running > 1 || waiting > u64::from(running) * (self.steps.len() as u64 - 2) {
            return Err(ReplayError::damaged("it holds an impossible number of waiting steps"));
        }
        self.running = running == 1;
        self.waiting = waiting as usize;
        self.oldest = 0;
        for later in 0..self.waiting {
            self.steps[later] = Step { action: from.u32()?, reward: from.f32()?, end: End::RUNNING };
            from.slice(self.row_mut(later))?;
        }
        if self.running { from.slice(self.row_mut(self.waiting)) } else { Ok(()) }
    }
}
