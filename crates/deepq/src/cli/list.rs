//! `deepq list`.

use std::process::ExitCode;

use deepq_agents::AgentSpec;
use deepq_commands::List;
use deepq_experiments::config::{self, Overrides};
use serde_json::json;

use crate::invocation;

use super::{roms, stdout};

/// The networks that `[network]` can name.
const NETWORKS: [(&str, &str); 5] = [
    ("torso mlp", "dense layers of any width, for vectors"),
    ("torso nature", "the three convolutions of Mnih et al. 2015, for 84 by 84 frames"),
    ("torso conv", "convolutions of any shape, for frames"),
    ("head single", "one value an action"),
    ("head dueling", "value and advantages, Wang et al. 2016"),
];

/// Lists what there is.
pub(super) fn run(arguments: &List) -> anyhow::Result<ExitCode> {
    let experiments = config::names().map(|name| config::load(name, &Overrides::default()));
    let experiments: Vec<_> = experiments.collect::<Result<_, _>>()?;
    let registry = roms::registry(&arguments.roms);
    if arguments.json {
        let experiment = |(experiment, _): &(config::Experiment, _)| {
            let config::Experiment { name, summary, environment, agent, .. } = experiment;
            json!({ "name": name, "summary": summary, "environment": environment.id, "agent": agent.kind() })
        };
        let all = json!({
            "experiments": experiments.iter().map(experiment).collect::<Vec<_>>(),
            "environments": registry.entries().map(|(id, summary)| json!({ "id": id, "summary": summary })).collect::<Vec<_>>(),
            "agents": AgentSpec::KINDS.iter().map(|(kind, summary)| json!({ "kind": kind, "summary": summary })).collect::<Vec<_>>(),
            "networks": NETWORKS.map(|(name, summary)| json!({ "name": name, "summary": summary })),
        });
        stdout::print(&format!("{all}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = vec![format!("Experiments ({} train <name>):", invocation::program_name())];
    lines.extend(experiments.iter().map(|(experiment, _)| line(&experiment.name, &experiment.summary)));
    lines.push("\nEnvironments (environment.id):".to_owned());
    let atari = |id: &str| id.starts_with("ALE/") || id.contains("NoFrameskip-");
    lines.extend(registry.entries().filter(|(id, _)| !atari(id)).map(|(id, summary)| line(id, summary)));
    lines.extend(registry.families().map(|(prefix, summary)| line(&format!("{prefix}<id>"), summary)));
    let kinds = "v5 with sticky actions, NoFrameskip-v4 as most papers have it";
    lines.push(format!("\nAtari games (environment.id; {kinds}):"));
    for id in registry.entries().map(|(id, _)| id).filter(|id| id.starts_with("ALE/")) {
        let game = id.trim_start_matches("ALE/").trim_end_matches("-v5");
        lines.push(line(id, &format!("{game}NoFrameskip-v4  {game}NoFrameskip-v0")));
    }
    lines.push("\nAgents (agent.kind):".to_owned());
    lines.extend(AgentSpec::KINDS.iter().map(|(kind, summary)| line(kind, summary)));
    lines.push("\nNetworks ([network]):".to_owned());
    lines.extend(NETWORKS.map(|(name, summary)| line(name, summary)));
    stdout::print(&format!("{}\n", lines.join("\n")))?;
    Ok(ExitCode::SUCCESS)
}

fn line(name: &str, summary: &str) -> String {
    const SUMMARIES: usize = 27;
    stdout::fitting(&format!("  {name:<24} {summary}"), SUMMARIES)
}
