//! A run for others: its weights as an ONNX model or as safetensors, a card that says what it is, and all of it in a folder
//! for the Hugging Face Hub.
//!
//! ```no_run
//! use std::path::Path;
//! use deepq_envs::Registry;
//! use deepq_experiments::export::{Export, card};
//! use deepq_runs::WhichCheckpoint;
//!
//! let run = Path::new("runs/mine");
//! let export = Export::open(run, &WhichCheckpoint::Best, &Registry::standard())?;
//! export.write_onnx(Path::new("mine.onnx"))?;
//! card::write(run)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod card;
mod front_matter;
mod hub;

use std::path::Path;

use deepq_envs::{ElementKind, Registry};
use deepq_nets::{Device, Network, ObservationType, OnnxModel};
use deepq_runs::{RunFolder, Summary, Weights, WhichCheckpoint, atomic};

use crate::RunError;
use crate::assembly::Assembly;
use crate::config::{self, Document, Experiment, Overrides};
use crate::weights;

/// A run's network with weights of it.
pub struct Export {
    folder: RunFolder,
    experiment: Experiment,
    document: Document,
    summary: Option<Summary>,
    network: Network,
    observation: ObservationType,
    /// The agent step at which the weights were saved; `None` for a file that does not say.
    at_step: Option<u64>,
}

impl Export {
    /// Reads weights of a run. The environment is made once, as it says what an observation is.
    ///
    /// # Errors
    ///
    /// If the run or its weights cannot be read, or the environment cannot be made.
    pub fn open(run: &Path, which: &WhichCheckpoint, registry: &Registry) -> Result<Self, RunError> {
        let folder = RunFolder::look_at(run)?;
        let (experiment, document) = config::of_run(&folder, &Overrides::default())?;
        let summary = Summary::read(&folder)?;
        let weights = Weights::of_run(&folder, which)?;
        let (network, kind) = Assembly::new(&experiment, &document, registry, &Device::Cpu).fresh_network()?;
        weights::load(&weights, network.parameters())?;
        let observation = match kind {
            ElementKind::F32 => ObservationType::Floats,
            ElementKind::U8 => ObservationType::Bytes,
        };
        let at_step = (weights.at_step > 0).then_some(weights.at_step);
        Ok(Self { folder, experiment, document, summary, network, observation, at_step })
    }

    /// The agent step at which the weights were saved; `None` for a file that does not say.
    pub fn at_step(&self) -> Option<u64> {
        self.at_step
    }

    /// The network, with these weights.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Writes the network as an ONNX model. Its metadata say which run it is of.
    ///
    /// # Errors
    ///
    /// If it is too large for one, or cannot be written.
    pub fn write_onnx(&self, path: &Path) -> Result<(), RunError> {
        let mut metadata = vec![
            ("experiment", self.experiment.name.clone()),
            ("environment", self.experiment.environment.id.clone()),
            ("seed", self.experiment.training.seed.to_string()),
        ];
        metadata.extend(self.at_step.map(|step| ("agent_step", step.to_string())));
        metadata.extend(self.summary.as_ref().map(|summary| ("digest", summary.digest.clone())));
        metadata.push(("weights_sha256", deepq_runs::sha256(&self.network.parameters().to_safetensors()?)));
        let model = OnnxModel {
            name: &self.experiment.name,
            observation: self.observation,
            output: self.output(),
            metadata: &metadata,
        };
        Ok(atomic::write(path, &self.network.to_onnx(&model)?)?)
    }

    /// Writes the weights alone, as safetensors by PyTorch's names. Its metadata say the agent step.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn write_safetensors(&self, path: &Path) -> Result<(), RunError> {
        let bytes = match self.at_step {
            Some(step) => weights::save(self.network.parameters(), step)?,
            None => self.network.parameters().to_safetensors()?,
        };
        Ok(atomic::write(path, &bytes)?)
    }

    /// NumPy's name of what observations consist of.
    fn numpy_type(&self) -> &'static str {
        match self.observation {
            ObservationType::Bytes => "uint8",
            ObservationType::Floats => "float32",
        }
    }

    /// What the network's outputs are.
    fn output(&self) -> &'static str {
        self.experiment.agent.preferences().name()
    }
}
