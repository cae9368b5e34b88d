//! Made-up experience, and an agent's whole state as a value that can be compared.

use std::collections::BTreeMap;

use deepq_core::{Element, ElementKind, End, NumpyRng, Status};
use deepq_replay::Transition;

use crate::{Agent, AgentError, AgentState, UpdateReport};

/// Of episodes' steps, the share that ends one.
const ENDS: f64 = 0.1;

/// What is called next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `begin_episode` of all streams.
    Begin,
    /// `act`.
    Act,
    /// `observe` of this stream, and `begin_episode` where its episode is over.
    Observe(usize),
    /// `learn`, until there is nothing to learn.
    Learn,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gave {
    Nothing,
    Actions(Vec<usize>),
    Update(Option<UpdateReport>),
}

/// Plays made-up episodes of noise, one call at a time. A clone plays on with the same numbers.
#[derive(Clone)]
pub(super) struct Player<E> {
    rng: NumpyRng,
    pub(super) streams: usize,
    pub(super) observation_len: usize,
    /// One row a stream.
    pub(super) observations: Vec<E>,
    actions: Vec<usize>,
    pub(super) next: Call,
    /// Calls of `act`.
    pub(super) acted: u64,
    /// Episodes that ended.
    pub(super) episodes: u64,
}

impl<E: Element> Player<E> {
    pub(super) fn new(seed: u64, streams: usize, observation_len: usize) -> Self {
        let mut rng = NumpyRng::new(seed);
        let observations = noise(&mut rng, streams * observation_len);
        let actions = vec![0; streams];
        Self { rng, streams, observation_len, observations, actions, next: Call::Begin, acted: 0, episodes: 0 }
    }

    /// An observation, or more of them.
    pub(super) fn noise(&mut self, elements: usize) -> Vec<E> {
        noise(&mut self.rng, elements)
    }

    /// The observation of a stream.
    pub(super) fn observation(&self, stream: usize) -> &[E] {
        &self.observations[stream * self.observation_len..][..self.observation_len]
    }

    /// Makes the next call.
    pub(super) fn call(&mut self, agent: &mut dyn Agent<E>) -> Result<Gave, AgentError> {
        match self.next {
            Call::Begin => {
                (0..self.streams).try_for_each(|stream| agent.begin_episode(stream, self.observation(stream)))?;
                self.next = Call::Act;
                Ok(Gave::Nothing)
            }
            Call::Act => {
                agent.act(&self.observations, &mut self.actions)?;
                self.acted += 1;
                self.next = Call::Observe(0);
                Ok(Gave::Actions(self.actions.clone()))
            }
            Call::Observe(stream) => {
                self.observe(agent, stream)?;
                self.next = if stream + 1 < self.streams { Call::Observe(stream + 1) } else { Call::Learn };
                Ok(Gave::Nothing)
            }
            Call::Learn => {
                let report = agent.learn()?;
                if report.is_none() {
                    self.next = Call::Act;
                }
                Ok(Gave::Update(report))
            }
        }
    }

    fn observe(&mut self, agent: &mut dyn Agent<E>, stream: usize) -> Result<(), AgentError> {
        let next_observation = self.noise(self.observation_len);
        let end = self.end();
        let (action, reward) = (self.actions[stream] as u32, self.rng.uniform(-1.0, 1.0) as f32);
        agent.observe(stream, &Transition { action, reward, next_observation: &next_observation, end })?;
        let now = if end.is_over() { self.noise(self.observation_len) } else { next_observation };
        self.observations[stream * self.observation_len..][..self.observation_len].copy_from_slice(&now);
        if end.is_over() {
            self.episodes += 1;
            agent.begin_episode(stream, self.observation(stream))?;
        }
        Ok(())
    }

    fn end(&mut self) -> End {
        let drawn = self.rng.random();
        let status = match drawn {
            _ if drawn >= ENDS => Status::Running,
            _ if drawn >= ENDS / 2.0 => Status::Truncated,
            _ => Status::Terminated,
        };
        End { status, life_lost: self.rng.random() < ENDS }
    }

    /// Plays until a call of this kind comes next, after at least one other.
    pub(super) fn until(&mut self, agent: &mut dyn Agent<E>, call: Call) -> Result<(), AgentError> {
        self.call(agent)?;
        while self.next != call {
            self.call(agent)?;
        }
        Ok(())
    }
}

fn noise<E: Element>(rng: &mut NumpyRng, elements: usize) -> Vec<E> {
    let element = |_| match E::KIND {
        ElementKind::F32 => bytemuck::cast(rng.uniform(-1.0, 1.0) as f32),
        ElementKind::U8 => bytemuck::cast(rng.index(256) as u8),
    };
    (0..elements).map(element).collect()
}

/// Everything that an agent's future depends on, as bits.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    document: String,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u32>)>,
    replay: Vec<u8>,
}

impl Whole {
    pub(super) fn of<E: Element>(agent: &dyn Agent<E>) -> Result<Self, AgentError> {
        let mut replay = Vec::new();
        agent.save_replay(&mut replay)?;
        Self::from_parts(&agent.state()?, replay)
    }

    pub(super) fn from_parts(state: &AgentState, replay: Vec<u8>) -> Result<Self, AgentError> {
        let AgentState { document, tensors } = state;
        let bits = |(name, tensor): (&String, &candle_core::Tensor)| {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            Ok((name.clone(), (tensor.dims().to_vec(), values.into_iter().map(f32::to_bits).collect())))
        };
        let tensors = tensors.iter().map(bits).collect::<Result<_, AgentError>>()?;
        Ok(Self { document: document.clone(), tensors, replay })
    }

    /// The first thing in which they differ, in words.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.document != other.document {
            return Some(format!("the documents are {} and {}", self.document, other.document));
        }
        if self.replay != other.replay {
            return Some("the replays differ".to_owned());
        }
        let names = self.tensors.keys().chain(other.tensors.keys());
        let mut differ = names.filter(|name| self.tensors.get(*name) != other.tensors.get(*name));
        differ.next().map(|name| format!("the tensors {name} differ"))
    }
}
