//! `deepq list`.

use std::process::ExitCode;

use clap::Args;
use deepq_experiments::config::{self, Overrides};

use super::{Roms, output};

/// The networks that `[network]` can name.
const NETWORKS: [(&str, &str); 5] = [
    ("torso mlp", "dense layers of any width, for vectors"),
    ("torso nature", "the three convolutions of Mnih et al. 2015, for 84 by 84 frames"),
    ("torso conv", "convolutions of any shape, for frames"),
    ("head single", "one value an action"),
    ("head dueling", "value and advantages, Wang et al. 2016"),
];

/// Arguments of `deepq list`.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    roms: Roms,
}

/// Lists what there is.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut lines = vec!["Experiments (deepq train <name>):".to_owned()];
    for name in config::names() {
        let (experiment, _) = config::load(name, &Overrides::default())?;
        lines.push(format!("  {name:<24} {}", experiment.summary));
    }
    lines.push("\nEnvironments (environment.id):".to_owned());
    let registry = arguments.roms.registry();
    let atari = |id: &str| id.starts_with("ALE/") || id.contains("NoFrameskip-");
    for (id, summary) in registry.entries().filter(|(id, _)| !atari(id)) {
        lines.push(format!("  {id:<24} {summary}"));
    }
    lines.extend(registry.families().map(|(prefix, summary)| format!("  {:<24} {summary}", format!("{prefix}<id>"))));
    let kinds = "v5 with sticky actions, NoFrameskip-v4 as most papers have it";
    lines.push(format!("\nAtari games (environment.id; {kinds}):"));
    for id in registry.entries().map(|(id, _)| id).filter(|id| id.starts_with("ALE/")) {
        let game = id.trim_start_matches("ALE/").trim_end_matches("-v5");
        lines.push(format!("  {id:<24} {game}NoFrameskip-v4  {game}NoFrameskip-v0"));
    }
    lines.push("\nNetworks ([network]):".to_owned());
    lines.extend(NETWORKS.map(|(name, summary)| format!("  {name:<24} {summary}")));
    output::print(&format!("{}\n", lines.join("\n")))?;
    Ok(ExitCode::SUCCESS)
}
