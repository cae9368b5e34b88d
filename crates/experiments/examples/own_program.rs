//! An experiment from a program of your own, with a listener of your own over its events.
//!
//! ```text
//! cargo run --package deepq-experiments --example own_program
//! ```

use std::error::Error;

use deepq_envs::Registry;
use deepq_experiments::assembly::Assembly;
use deepq_experiments::config::{self, Overrides};
use deepq_experiments::evaluation::Evaluation;
use deepq_experiments::listeners::Listener;
use deepq_experiments::training::{Event, Plan, Training, View};
use deepq_nets::Device;
use deepq_runs::StorageError;

// ANCHOR: listener
/// Counts how long episodes were, in classes of 50 steps.
#[derive(Default)]
struct Lengths {
    classes: [u32; 11],
}

impl Listener for Lengths {
    fn event(&mut self, event: &Event, _view: &View<'_>) -> Result<(), StorageError> {
        if let Event::EpisodeEnded(episode) = event {
            let class = (episode.length / 50) as usize;
            self.classes[class.min(self.classes.len() - 1)] += 1;
        }
        Ok(())
    }

    fn evaluated(&mut self, evaluation: &Evaluation, best: bool) -> Result<(), StorageError> {
        let remark = if best { ", the best so far" } else { "" };
        println!("step {}: mean return {:.1}{remark}", evaluation.at_step, evaluation.mean());
        Ok(())
    }
}
// ANCHOR_END: listener

fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: run
    let set = ["evaluation.episodes=20", "evaluation.every={ steps = 5000 }"].map(str::to_owned);
    let overrides = Overrides { steps: Some(30_000), set: set.into(), ..Overrides::default() };
    let (experiment, document) = config::load("cartpole-fast", &overrides)?;
    let registry = Registry::standard();
    let assembly = Assembly::new(&experiment, &document, &registry, &Device::Cpu);

    let environments = assembly.training_environments::<f32>()?;
    let agent = assembly.new_agent(&environments[0])?;
    let mut evaluator = assembly.evaluator(assembly.protocol())?;
    let plan = Plan::new(&experiment.training, &experiment.evaluation, experiment.checkpoint.every);
    let mut training = Training::new(plan, environments, agent, &assembly.seeds())?;

    let mut lengths = Lengths::default();
    while let Some(event) = training.next().transpose()? {
        lengths.event(&event, &training.view())?;
        if event == Event::EvaluationDue {
            let at_step = training.view().counters.agent_steps;
            let evaluation = evaluator.evaluate(training.agent(), at_step, &|| false)?;
            let best = training.evaluated(evaluation.clone());
            lengths.evaluated(&evaluation, best)?;
        }
    }
    // ANCHOR_END: run
    for (class, episodes) in lengths.classes.iter().enumerate().filter(|(_, episodes)| **episodes > 0) {
        println!("{:>3} steps and more: {episodes} episodes", 50 * class);
    }
    Ok(())
}
