//! `deepq export`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::RomFolder;

const EXAMPLES: &str = "\
Examples:
  deepq export runs/first-pong --onnx
  deepq export runs/first-pong --onnx --out pong.onnx --checkpoint last
  deepq export runs/first-pong --safetensors pong.safetensors
  deepq export runs/first-pong --card
  deepq export runs/first-pong --hub pong  then: hf upload NAME/pong pong

The model's input is `observation`, [batch, ...], bytes for frames; its output
`q_values` (`logits` of a policy), [batch, actions]. docs/export.md shows how
it is run, and how PyTorch takes the weights. What was written is printed.";

/// Arguments of `deepq export`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("what").required(true).multiple(true))]
pub struct Export {
    /// The run's folder
    pub run: PathBuf,
    /// The network with its weights as an ONNX model
    #[arg(long, group = "what")]
    pub onnx: bool,
    /// The weights alone, named as PyTorch names them
    #[arg(long, value_name = "FILE", group = "what")]
    pub safetensors: Option<PathBuf>,
    /// The model card, the run's README.md
    #[arg(long, group = "what")]
    pub card: bool,
    /// A folder to upload to the Hugging Face Hub as it is: card, model, weights, experiment, summary and, where there is one,
    /// the picture of an episode
    #[arg(long, value_name = "DIR", group = "what")]
    pub hub: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    pub checkpoint: String,
    /// The file for --onnx [default: model.onnx in the run's folder]
    #[arg(long, value_name = "FILE", requires = "onnx")]
    pub out: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
    /// Where ROMs are.
    #[command(flatten)]
    pub roms: RomFolder,
}
