//! `deepq export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use deepq_experiments::export::{Export, card};
use deepq_experiments::listeners::Screen;
use deepq_runs::RunFolder;
use serde_json::json;

use super::machine::Roms;
use super::{logging, output};

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
pub(super) struct Arguments {
    /// The run's folder
    run: PathBuf,
    /// The network with its weights as an ONNX model
    #[arg(long, group = "what")]
    onnx: bool,
    /// The weights alone, named as PyTorch names them
    #[arg(long, value_name = "FILE", group = "what")]
    safetensors: Option<PathBuf>,
    /// The model card, the run's README.md
    #[arg(long, group = "what")]
    card: bool,
    /// A folder to upload to the Hugging Face Hub as it is: card, model, weights, experiment, summary and, where there is one,
    /// the picture of an episode
    #[arg(long, value_name = "DIR", group = "what")]
    hub: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    checkpoint: String,
    /// The file for --onnx [default: model.onnx in the run's folder]
    #[arg(long, value_name = "FILE", requires = "onnx")]
    out: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    roms: Roms,
}

/// Exports.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { run, onnx, safetensors, card, hub, checkpoint, out, json, roms } = arguments;
    logging::start(&Screen::new(false));
    let mut files = Vec::new();
    let mut at_step = None;
    if *onnx || safetensors.is_some() || hub.is_some() {
        let export = Export::open(run, &checkpoint.as_str().into(), &roms.registry())?;
        at_step = export.at_step();
        if *onnx {
            let path = out.clone().map_or_else(|| Ok(RunFolder::look_at(run)?.onnx()), anyhow::Ok)?;
            export.write_onnx(&path)?;
            files.push(path);
        }
        if let Some(path) = safetensors {
            export.write_safetensors(path)?;
            files.push(path.clone());
        }
        if let Some(folder) = hub {
            files.extend(export.write_hub(folder)?);
        }
    }
    if *card {
        files.push(card::write(run)?);
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    if *json {
        output::print(&format!("{}\n", json!({ "at_step": at_step, "files": names })))?;
    } else {
        output::print(&format!("{}\n", names.join("\n")))?;
    }
    Ok(ExitCode::SUCCESS)
}
