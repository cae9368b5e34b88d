//! What stands in a run's checkpoints.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use deepq_agents::{Agent, AgentError, AgentState};
use deepq_envs::{Capture, Element};
use deepq_nets::{Isa, NetError};
use deepq_replay::Chain;
use deepq_runs::{Checkpoint, CheckpointWriter, StorageError, WEIGHTS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::replay::{self, Increments};
use super::timing::TimingState;
use crate::RunError;
use crate::config::{Document, Experiment};
use crate::evaluation::Evaluation;
use crate::listeners::MetricsState;
use crate::training::{Training, TrainingState};
use crate::weights;

/// Raised when a file of a checkpoint changes its meaning, or what comes out of going on from it.
const FORMAT: u64 = 4;
/// The same with the replay in increments, of which programs that know the former alone know nothing.
const FORMAT_OF_INCREMENTS: u64 = 5;
/// Both as they were when each instruction set summed in an order of its own: read as well.
const OF_SEVERAL_ORDERS: [u64; 2] = [2, 3];
/// The instruction set whose order then became that of all.
const FIRST_IN_ORDER: &str = "avx2";

pub(super) const STATE: &str = "state.json";
const ENVIRONMENTS: &str = "environments.json";
const AGENT: &str = "agent.safetensors";
/// The experiment as it was run.
const EXPERIMENT: &str = "experiment.toml";

/// The names of the acting network's tensors in an agent's state.
const ONLINE: &str = "online.";

/// `state.json` of a checkpoint to go on from.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedRun {
    format: u64,
    experiment: String,
    seed: u64,
    /// The instructions that the CPU computed with.
    isa: String,
    /// The run's digest. Where the replay was written in increments, the hash of these stands in it for the hash of all.
    pub(super) digest: String,
    /// Where the replay was written in increments, how to read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) increments: Option<Chain>,
    pub(super) training: TrainingState,
    /// The agent's own document.
    agent: String,
    pub(super) metrics: MetricsState,
    pub(super) timing: TimingState,
}

/// `state.json` of the best evaluation's weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedBest {
    format: u64,
    experiment: String,
    seed: u64,
    evaluation: Evaluation,
}

/// The checkpoint that was written last, or gone on from.
pub(super) struct Newest {
    pub(super) agent_step: u64,
    /// The run's digest, where the checkpoint has it.
    pub(super) digest: Option<String>,
    pub(super) increments: Option<Increments>,
}

/// When a replay is written in increments, and what they go on from.
pub(super) struct Incremental<'a> {
    /// The replay's size in bytes from which on it is.
    pub(super) from_bytes: u64,
    /// The increments of the checkpoint before.
    pub(super) previous: Option<&'a Increments>,
}

/// Writes a checkpoint to go on from.
pub(super) fn write<E: Element>(
    mut writer: CheckpointWriter,
    incremental: &Incremental<'_>,
    experiment: &Experiment,
    document: &Document,
    training: &Training<E>,
    metrics: MetricsState,
    timing: TimingState,
) -> Result<Newest, RunError> {
    let agent = training.agent();
    let state = agent.state()?;
    let captures = training.captures()?;
    let replay = replay::write(&mut writer, agent, incremental.previous, incremental.from_bytes)?;
    let digest = training.digest_of(&state, &captures, &replay.sum)?;
    let AgentState { document: agent_document, mut tensors } = state;
    // These stand in a file of their own, in the types that PyTorch gives them.
    tensors.retain(|name, _| !name.starts_with(ONLINE));
    writer.add(WEIGHTS, &weights::save(agent.parameters(), training.counters().agent_steps)?)?;
    writer.add(AGENT, &to_safetensors(&tensors)?)?;
    writer.add(ENVIRONMENTS, &to_json(&captures))?;
    writer.add(EXPERIMENT, document.text().as_bytes())?;
    let saved = SavedRun {
        format: if replay.chain.is_some() { FORMAT_OF_INCREMENTS } else { FORMAT },
        experiment: experiment.name.clone(),
        seed: experiment.training.seed,
        isa: Isa::best().to_string(),
        digest: digest.clone(),
        increments: replay.chain.clone(),
        training: training.state(),
        agent: agent_document,
        metrics,
        timing,
    };
    writer.add(STATE, &to_json(&saved))?;
    let checkpoint = writer.commit()?;
    let agent_step = training.counters().agent_steps;
    Ok(Newest::new(agent_step, digest, replay.chain, checkpoint))
}

impl Newest {
    pub(super) fn new(agent_step: u64, digest: String, chain: Option<Chain>, checkpoint: PathBuf) -> Self {
        match chain {
            None => Self { agent_step, digest: Some(digest), increments: None },
            Some(chain) => Self { agent_step, digest: None, increments: Some(Increments { checkpoint, chain }) },
        }
    }
}

impl SavedRun {
    /// The instruction set that the run was computed with, if its sums had another order than they have now.
    pub(super) fn other_order(&self) -> Option<&str> {
        let isa = self.isa.as_str();
        (OF_SEVERAL_ORDERS.contains(&self.format) && isa != FIRST_IN_ORDER).then_some(isa)
    }

    /// Reads `state.json`.
    pub(super) fn read(checkpoint: &Checkpoint) -> Result<Self, RunError> {
        read_state(checkpoint)
    }

    /// The experiment as it was when the checkpoint was written.
    pub(super) fn document(checkpoint: &Checkpoint) -> Result<Document, RunError> {
        let path = checkpoint.path().join(EXPERIMENT);
        let text = str::from_utf8(checkpoint.file(EXPERIMENT)?);
        let text = text.map_err(|error| StorageError::damaged(&path, error))?;
        Ok(Document::parse(&path.display().to_string(), text)?)
    }

    /// Puts the agent into the saved state, its replay included; gives the environments' states, and what stands for the
    /// replay in the digest.
    pub(super) fn restore<E: Element>(
        &self,
        checkpoint: &Checkpoint,
        agent: &mut dyn Agent<E>,
    ) -> Result<(Vec<Capture>, String), RunError> {
        let weights = from_safetensors(checkpoint, WEIGHTS)?;
        let mut tensors = from_safetensors(checkpoint, AGENT)?;
        for (name, tensor) in weights {
            let tensor = tensor.to_dtype(DType::F32).map_err(NetError::from)?;
            tensors.insert(format!("{ONLINE}{name}"), tensor);
        }
        agent.restore(&AgentState { document: self.agent.clone(), tensors })?;
        let replay = replay::read(checkpoint, agent, self.increments.as_ref())?;
        Ok((from_json(checkpoint, ENVIRONMENTS)?, replay))
    }
}

impl SavedBest {
    pub(super) fn new(experiment: &Experiment, evaluation: Evaluation) -> Self {
        Self { format: FORMAT, experiment: experiment.name.clone(), seed: experiment.training.seed, evaluation }
    }

    /// Writes a checkpoint of the weights alone.
    pub(super) fn write<E: Element>(&self, mut writer: CheckpointWriter, agent: &dyn Agent<E>) -> Result<(), RunError> {
        writer.add(WEIGHTS, &weights::save(agent.parameters(), self.evaluation.at_step)?)?;
        writer.add(STATE, &to_json(self))?;
        writer.commit()?;
        Ok(())
    }
}

/// Reads a state of this format; another one is said to be so, and not taken for damage.
fn read_state<T: DeserializeOwned>(checkpoint: &Checkpoint) -> Result<T, RunError> {
    #[derive(Deserialize)]
    struct Format {
        format: u64,
    }
    let Format { format } = from_json(checkpoint, STATE)?;
    if ![FORMAT, FORMAT_OF_INCREMENTS].contains(&format) && !OF_SEVERAL_ORDERS.contains(&format) {
        let path = checkpoint.path().to_owned();
        return Err(StorageError::Version { path, found: format, expected: FORMAT_OF_INCREMENTS }.into());
    }
    from_json(checkpoint, STATE)
}

fn to_safetensors(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>, RunError> {
    safetensors::serialize(tensors, None).map_err(|error| AgentError::State(error.to_string()).into())
}

fn from_safetensors(checkpoint: &Checkpoint, name: &str) -> Result<BTreeMap<String, Tensor>, RunError> {
    let tensors = candle_core::safetensors::load_buffer(checkpoint.file(name)?, &Device::Cpu);
    let tensors = tensors.map_err(|error| StorageError::damaged(&checkpoint.path().join(name), error))?;
    Ok(tensors.into_iter().collect())
}

/// Everything here is numbers, text and lists of them: writing it as JSON cannot fail.
fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text
}

fn from_json<T: DeserializeOwned>(checkpoint: &Checkpoint, name: &str) -> Result<T, RunError> {
    let value = serde_json::from_slice(checkpoint.file(name)?);
    Ok(value.map_err(|error| StorageError::damaged(&checkpoint.path().join(name), error))?)
}
