//! `update`: one double-DQN update.

use deepq_agents::{Agent, Dqn};
use serde_json::{Value, json};

use crate::blocks::{Samples, blocks};
use crate::comparison::{Comparison, Contender};
use crate::networks::{self, MadeUp, Network};
use crate::peer::Peers;
use crate::report::{Better, Case};
use crate::{BenchError, Settings};

const DOES: &str = "draws a batch from a replay memory that holds just one, then both networks on the next observations, the online \
     network on the observations, Huber loss, gradients and their norm, Adam: what an agent does in training";
const TORCH: &str =
    "the same from a batch that is ready in NumPy arrays, without the norm; Adam in PyTorch's default form";
const TUNED: &str = "the same with fused Adam, and channels last for the convolutional networks";

/// Measures all networks on each number of threads.
pub(crate) fn run(settings: &Settings, peers: &Peers) -> Result<Vec<Case>, BenchError> {
    networks::cases(settings, |network, threads| match network.is_of_frames() {
        true => case::<u8>(network, threads, settings, peers),
        false => case::<f32>(network, threads, settings, peers),
    })
}

fn case<E: MadeUp>(network: &Network, threads: usize, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
    let agent = network.agent::<E>()?;
    let more = json!({ "batch": network.batch, "double": true, "loss": "huber", "optimizer": "adam" });
    let work = network.work(&agent, &more);
    let mut comparison =
        Comparison::new("update", network.name, threads, "update", Better::Time, Updates { agent, work });
    network.against_torch(&mut comparison, "update.py", [TORCH, TUNED], peers);
    comparison.run(settings)
}

struct Updates<E: MadeUp> {
    agent: Dqn<E>,
    work: Value,
}

impl<E: MadeUp> Contender for Updates<E> {
    fn does(&self) -> &str {
        DOES
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        let before = self.agent.counters().updates;
        let mut calls = 0;
        let samples = blocks(seconds, 1, || {
            calls += 1;
            self.agent.learn()?;
            Ok(())
        })?;
        let updates = self.agent.counters().updates - before;
        if updates == calls {
            return Ok(samples);
        }
        let (ours, theirs) = (format!("{updates} updates"), format!("{calls} calls"));
        Err(BenchError::Work { case: "update".to_owned(), other: "its own count".to_owned(), ours, theirs })
    }
}
