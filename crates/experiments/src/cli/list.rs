//! `deepq list`.

use std::process::ExitCode;

use clap::Args;
use deepq_experiments::config::{self, Overrides};

use super::Roms;

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
    println!("Experiments (deepq train <name>):");
    for name in config::names() {
        let (experiment, _) = config::load(name, &Overrides::default())?;
        println!("  {name:<24} {}", experiment.summary);
    }
    println!("\nEnvironments (environment.id):");
    let registry = arguments.roms.registry();
    let atari = |id: &str| id.starts_with("ALE/") || id.contains("NoFrameskip-");
    for (id, summary) in registry.entries().filter(|(id, _)| !atari(id)) {
        println!("  {id:<24} {summary}");
    }
    println!("\nAtari games (environment.id; v5 with sticky actions, NoFrameskip-v4 as most papers have it):");
    for id in registry.entries().map(|(id, _)| id).filter(|id| id.starts_with("ALE/")) {
        let game = id.trim_start_matches("ALE/").trim_end_matches("-v5");
        let others: Vec<String> =
            ["NoFrameskip-v4", "NoFrameskip-v0"].iter().map(|kind| format!("{game}{kind}")).collect();
        println!("  {id:<24} {}", others.join("  "));
    }
    println!("\nNetworks ([network]):");
    for (name, summary) in NETWORKS {
        println!("  {name:<24} {summary}");
    }
    Ok(ExitCode::SUCCESS)
}
