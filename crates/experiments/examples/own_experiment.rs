//! An experiment on an environment of your own: with everything that `deepq train` writes.
//!
//! ```text
//! cargo run --package deepq-experiments --example own_experiment
//! ```

#[path = "../../agents/examples/own_environment/thermostat.rs"]
mod thermostat;

// ANCHOR: main
use std::error::Error;
use std::path::Path;

use deepq_envs::{AnyEnv, Registry};
use deepq_experiments::config::{self, Overrides};
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::{self, Settings};
use thermostat::{STEPS, Thermostat};

fn main() -> Result<(), Box<dyn Error>> {
    let mut registry = Registry::standard();
    registry.register("Thermostat-v0", "a room", |_| Ok(AnyEnv::from(Thermostat::new()))).time_limit(STEPS);

    // An experiment of the project with other settings; a file of your own does as well: config::load("thermostat.toml", ...).
    let set = ["environment.id=Thermostat-v0", "agent.discount=0.95", "exploration.to=4000"];
    let overrides = Overrides { set: set.map(str::to_owned).into(), ..Overrides::default() };
    let (experiment, document) = config::load("cartpole", &overrides)?;

    let folder = std::env::args().nth(1).unwrap_or_else(|| "runs/thermostat".to_owned());
    let settings = Settings { registry, screen: Screen::new(false), ..Settings::default() };
    let summary = session::start(&experiment, &document, Path::new(&folder), &settings)?;
    if let Some(best) = summary.best_evaluation {
        println!("{} agent steps, best evaluation {:.1}: see {folder}", summary.agent_steps, best.mean);
    }
    Ok(())
}
// ANCHOR_END: main
