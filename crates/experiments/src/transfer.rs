//! `[transfer]`: an agent that starts from parts of another run's weights, or keeps parts as they are.

use deepq_agents::Agent;
use deepq_envs::Element;
use deepq_runs::{Document, KeyProblem, Problem, Weights};

use crate::RunError;
use crate::config::TransferSection;

/// Does to a new agent what `[transfer]` says; `weights` are those of `init_from`, and absent for a run that goes on from
/// a checkpoint of its own.
///
/// # Errors
///
/// A part that the network does not have, with its key; weights that do not fit, with their file.
pub(crate) fn transfer<E: Element>(
    agent: &mut dyn Agent<E>,
    section: &TransferSection,
    weights: Option<&Weights>,
    document: &Document,
) -> Result<(), RunError> {
    let names: Vec<String> = agent.parameters().iter().map(|(name, _)| name.to_owned()).collect();
    let refuse = |key: &str, message: String| document.locate(KeyProblem::new(key, Problem::Other(message)));
    let mut whole: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
    whole.dedup();
    let check = |key: &str, parts: &[&str]| {
        let belongs = |name: &String, part: &str| name.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
        match parts.iter().find(|part| !names.iter().any(|name| belongs(name, part))) {
            Some(part) => Err(refuse(key, format!("the network has no part {part:?}; it has {}", whole.join(", ")))),
            None => Ok(()),
        }
    };
    if let Some(weights) = weights {
        let parts = section.parts.as_ref().map_or_else(|| whole.clone(), |parts| texts(parts));
        check("transfer.parts", &parts)?;
        let loaded = agent
            .load_parts(&weights.bytes, &parts)
            .map_err(|error| RunError::Checkpoint { path: weights.path.clone(), reason: error.to_string() })?;
        tracing::info!("took over {} from {}", loaded.join(", "), weights.path.display());
    }
    let parts = texts(&section.freeze);
    check("transfer.freeze", &parts)?;
    if !parts.is_empty() {
        let frozen = agent.freeze(&parts)?;
        if frozen.len() == names.len() {
            return Err(refuse("transfer.freeze", "this leaves nothing to train".to_owned()).into());
        }
        tracing::info!("{} stay as they are", frozen.join(", "));
    }
    Ok(())
}

fn texts(parts: &[String]) -> Vec<&str> {
    parts.iter().map(String::as_str).collect()
}
