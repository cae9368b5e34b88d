//! `act`: from one observation to its greedy action.

use deepq_agents::{Agent, Dqn};
use serde_json::{Value, json};

use crate::blocks::{Samples, blocks};
use crate::comparison::{Comparison, Contender};
use crate::networks::{self, MadeUp, Network};
use crate::peer::Peers;
use crate::report::{Better, Case};
use crate::{BenchError, Settings};

const DOES: &str = "a slice of numbers to the index of the largest Q-value, with weights that do not change in between";
const TORCH: &str = "a NumPy array to a Python integer, without gradients";
const TUNED: &str = "the same in inference mode, and channels last for the convolutional networks";

/// Measures all networks on each number of threads.
pub(crate) fn run(settings: &Settings, peers: &Peers) -> Result<Vec<Case>, BenchError> {
    networks::cases(settings, |network, threads| match network.is_of_frames() {
        true => case::<u8>(network, threads, settings, peers),
        false => case::<f32>(network, threads, settings, peers),
    })
}

fn case<E: MadeUp>(network: &Network, threads: usize, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
    let agent = network.agent::<E>()?;
    let work = network.work(&agent, &json!({ "observations": 1 }));
    let deepq = Actions { agent, observation: network.observation(), work };
    let mut comparison = Comparison::new("act", network.name, threads, "action", Better::Time, deepq);
    network.against_torch(&mut comparison, "act.py", [TORCH, TUNED], peers);
    comparison.run(settings)
}

struct Actions<E: MadeUp> {
    agent: Dqn<E>,
    observation: Vec<E>,
    work: Value,
}

impl<E: MadeUp> Contender for Actions<E> {
    fn does(&self) -> &str {
        DOES
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        let mut action = [0];
        blocks(seconds, 1, || {
            self.agent.greedy(&self.observation, &mut action)?;
            std::hint::black_box(&action);
            Ok(())
        })
    }
}
