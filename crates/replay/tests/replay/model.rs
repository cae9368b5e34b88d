//! The naive model: whole transitions in a list, nothing shared, everything searched for.

use std::collections::BTreeMap;

use deepq_replay::{End, Layout, Status};

/// A transition as an agent sees it.
#[derive(Clone, Debug)]
struct Step {
    observation: Vec<u8>,
    action: u32,
    reward: f32,
    next_observation: Vec<u8>,
    end: End,
    /// Number, in its stream, of the oldest frame that the observation shows.
    first_frame: usize,
}

/// What sampling should give.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) observation: Vec<u8>,
    pub(crate) reward: f32,
    pub(crate) discount: f32,
    pub(crate) next_observation: Vec<u8>,
}

/// Every step of one stream since the beginning.
#[derive(Clone, Debug, Default)]
struct History {
    steps: Vec<Step>,
    observation: Vec<u8>,
    running: bool,
    /// Different frames seen so far, and the number of the episode's first.
    frames: usize,
    first_of_episode: usize,
}

impl History {
    /// The transition from step `index` on, if enough is known.
    fn row(&self, index: usize, n: usize, discount: f32) -> Option<Row> {
        let first = &self.steps[index];
        let mut row =
            Row { observation: first.observation.clone(), reward: 0.0, discount: 1.0, next_observation: Vec::new() };
        for taken in 0..n {
            let step = self.steps.get(index + taken)?;
            row.reward += row.discount * step.reward;
            row.discount *= discount;
            row.next_observation.clone_from(&step.next_observation);
            match (step.end.status, step.end.life_lost) {
                (Status::Running, false) => {}
                (Status::Truncated, false) => break,
                (Status::Terminated, _) | (_, true) => {
                    row.discount = 0.0;
                    break;
                }
            }
        }
        Some(row)
    }
}

/// Everything that happened, in whole transitions. Actions are unique, and so name the transitions.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) capacity: usize,
    pub(crate) layout: Layout,
    pub(crate) n: usize,
    pub(crate) discount: f32,
    histories: Vec<History>,
    /// Actions of the transitions in the order in which they became complete.
    completed: Vec<u32>,
    actions: u32,
}

impl Model {
    pub(crate) fn new(capacity: usize, layout: Layout, n: usize, discount: f32) -> Self {
        let histories = vec![History::default(); layout.streams];
        Self { capacity, layout, n, discount, histories, completed: Vec::new(), actions: 0 }
    }

    pub(crate) fn running(&self, stream: usize) -> bool {
        self.histories[stream].running
    }

    pub(crate) fn begin(&mut self, stream: usize, observation: &[u8]) {
        let history = &mut self.histories[stream];
        let frames: Vec<_> = observation.chunks(self.layout.observation_len / self.layout.stack).collect();
        let different = frames.iter().skip_while(|&frame| frame == &frames[0]).count();
        history.first_of_episode = history.frames;
        history.frames += different + 1;
        history.observation = observation.to_vec();
        history.running = true;
    }

    /// Adds a step with a new frame; gives its action and the observation that it leads to.
    pub(crate) fn push(&mut self, stream: usize, frame: &[u8], reward: f32, end: End) -> (u32, Vec<u8>) {
        let history = &mut self.histories[stream];
        let mut next_observation = history.observation[frame.len()..].to_vec();
        next_observation.extend_from_slice(frame);
        let newest = history.frames - 1;
        history.steps.push(Step {
            observation: history.observation.clone(),
            action: self.actions,
            reward,
            next_observation: next_observation.clone(),
            end,
            first_frame: newest.saturating_sub(self.layout.stack - 1).max(history.first_of_episode),
        });
        history.frames += 1;
        history.observation.clone_from(&next_observation);
        history.running = !end.is_over();
        self.actions += 1;

        let before = history.steps.len().saturating_sub(self.n + 1);
        for index in before..history.steps.len() {
            let action = history.steps[index].action;
            if !self.completed.contains(&action) && history.row(index, self.n, self.discount).is_some() {
                self.completed.push(action);
            }
        }
        (self.actions - 1, next_observation)
    }

    /// The transitions that a uniform replay should hold: the newest `capacity` complete ones.
    pub(crate) fn uniform(&self) -> BTreeMap<u32, Row> {
        let newest = &self.completed[self.completed.len().saturating_sub(self.capacity)..];
        self.complete(|_, step| newest.contains(&step.action))
    }

    /// The transitions that a replay of frames should hold: the complete ones whose frames are among the newest ones of
    /// the stream's share.
    pub(crate) fn frames(&self) -> BTreeMap<u32, Row> {
        let streams = self.layout.streams;
        self.complete(|stream, step| {
            let share = self.capacity / streams + usize::from(stream < self.capacity % streams);
            step.first_frame + share >= self.histories[stream].frames
        })
    }

    fn complete(&self, held: impl Fn(usize, &Step) -> bool) -> BTreeMap<u32, Row> {
        let mut rows = BTreeMap::new();
        for (stream, history) in self.histories.iter().enumerate() {
            for (index, step) in history.steps.iter().enumerate().filter(|(_, step)| held(stream, step)) {
                if let Some(row) = history.row(index, self.n, self.discount) {
                    rows.insert(step.action, row);
                }
            }
        }
        rows
    }
}
