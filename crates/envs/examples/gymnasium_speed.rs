//! How fast an environment of Python's Gymnasium steps through the pipes, beside the program's own where there is one.
//!
//! ```text
//! cargo run --package deepq-envs --example gymnasium_speed [id] [steps]
//! ```
//!
//! Python is `$DEEPQ_PYTHON`, the active virtual environment's, or `python3`; it needs Gymnasium.

use std::error::Error;
use std::time::Instant;

use deepq_envs::{BoxedEnv, Env, EnvOptions, NumpyRng, Registry, Reset};

const ROUNDS: usize = 5;

/// Steps a second with random actions, resets included.
fn rate(env: &mut BoxedEnv<f32>, steps: u32) -> Result<f64, Box<dyn Error>> {
    let mut observation = vec![0.0; env.observation_space().len()];
    let mut rng = NumpyRng::new(1);
    env.reset(&Reset::seeded(1), &mut observation)?;
    let begun = Instant::now();
    for _ in 0..steps {
        let step = env.step(rng.index(env.action_space().n()), &mut observation)?;
        if step.status.is_over() {
            env.reset(&Reset::default(), &mut observation)?;
        }
    }
    Ok(f64::from(steps) / begun.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let id = arguments.next().unwrap_or_else(|| "CartPole-v1".into());
    let steps: u32 = arguments.next().map_or(Ok(20_000), |steps| steps.parse())?;
    let registry = Registry::standard();
    for id in [format!("gym:{id}"), id] {
        let env = match registry.make(&id, &EnvOptions::new()) {
            Err(error) if !id.starts_with("gym:") => {
                println!("{error}");
                continue;
            }
            env => env?,
        };
        let mut env = env.into_vector().ok_or("frames are not measured here")?;
        let mut rates = (0..ROUNDS).map(|_| rate(&mut env, steps)).collect::<Result<Vec<_>, _>>()?;
        rates.sort_by(f64::total_cmp);
        println!("{id}: {:.0} steps/s, the median of {ROUNDS} rounds of {steps} steps", rates[ROUNDS / 2]);
    }
    Ok(())
}
