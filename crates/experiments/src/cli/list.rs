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
    for (id, summary) in registry.entries() {
        println!("  {id:<24} {summary}");
    }
    println!("\nNetworks ([network]):");
    for (name, summary) in NETWORKS {
        println!("  {name:<24} {summary}");
    }
    Ok(ExitCode::SUCCESS)
}
