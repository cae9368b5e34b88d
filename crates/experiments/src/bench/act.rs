//! `act`: from one observation to its greedy action.

use deepq_agents::{Agent, Dqn};
use serde_json::{Value, json};

use super::blocks::{Samples, blocks};
use super::comparison::{Comparison, Contender};
use super::networks::{MadeUp, NETWORKS, Network};
use super::peer::{Peers, Program};
use super::report::{Better, Case};
use super::{BenchError, Settings};

const DOES: &str = "a slice of numbers to the index of the largest Q-value, with weights that do not change in between";
const TORCH: &str = "a NumPy array to a Python integer, without gradients";
const TUNED: &str = "the same in inference mode, and channels last for the convolutional networks";

/// Measures all networks on each number of threads.
pub(super) fn run(settings: &Settings, peers: &Peers) -> Result<Vec<Case>, BenchError> {
    let mut cases = Vec::new();
    for &threads in &settings.threads {
        for network in NETWORKS.iter().filter(|network| settings.wants(network.name)) {
            cases.push(settings.on_threads(threads, || match network.is_of_frames() {
                true => case::<u8>(network, threads, settings, peers),
                false => case::<f32>(network, threads, settings, peers),
            })?);
        }
    }
    Ok(cases)
}

fn case<E: MadeUp>(network: &Network, threads: usize, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
    let agent = network.agent::<E>()?;
    let work = network.work(&agent, &json!({ "observations": 1 }));
    let deepq = Actions { agent, observation: network.observation(), work };
    let mut comparison = Comparison::new("act", network.name, threads, "action", Better::Time, deepq);
    for (name, does, tuned) in [("torch", TORCH, None), ("torch tuned", TUNED, Some("--tuned"))] {
        let arguments: Vec<String> =
            [network.name, "--threads", &threads.to_string()].into_iter().chain(tuned).map(str::to_owned).collect();
        let needs = &["torch", "numpy"];
        let program = Program { name, does, file: "act.py", arguments: &arguments, needs, threads };
        if let Some(peer) = peers.start(&program) {
            comparison.against(peer);
        }
    }
    comparison.run(settings)
}

struct Actions<E: MadeUp> {
    agent: Dqn<E>,
    observation: Vec<E>,
    work: Value,
}

impl<E: MadeUp> Contender for Actions<E> {
    fn name(&self) -> &str {
        "deepq"
    }

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
