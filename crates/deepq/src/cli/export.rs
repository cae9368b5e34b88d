//! `deepq export`.

use std::process::ExitCode;

use deepq_experiments::export::{Export, card};
use deepq_experiments::listeners::Screen;
use deepq_runs::RunFolder;
use serde_json::json;

use super::{logging, roms, stdout};

/// Exports.
pub(super) fn run(arguments: &deepq_commands::Export) -> anyhow::Result<ExitCode> {
    let deepq_commands::Export { run, onnx, safetensors, card, hub, checkpoint, out, json, roms } = arguments;
    logging::start(&Screen::new(false));
    let mut files = Vec::new();
    let mut at_step = None;
    if *onnx || safetensors.is_some() || hub.is_some() {
        let export = Export::open(run, &checkpoint.as_str().into(), &roms::registry(roms))?;
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
        stdout::print(&format!("{}\n", json!({ "at_step": at_step, "files": names })))?;
    } else {
        stdout::print(&format!("{}\n", names.join("\n")))?;
    }
    Ok(ExitCode::SUCCESS)
}
