//! A pole that is balanced by one rule, with `deepq-envs` alone.

use deepq_envs::{Env, EnvOptions, NumpyRng, Registry, Reset};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut env = Registry::standard().make("CartPole-v1", &EnvOptions::new())?.into_vector().ok_or("measurements")?;
    let mut observation = vec![0.0; env.observation_space().len()];
    let mut seeds = NumpyRng::new(7);
    for _ in 0..10 {
        env.reset(&Reset::seeded(seeds.next_u64()), &mut observation)?;
        let mut balanced = 0.0;
        loop {
            // Towards the side to which the pole falls.
            let step = env.step(usize::from(observation[2] + observation[3] > 0.0), &mut observation)?;
            balanced += step.reward;
            if step.status.is_over() {
                break;
            }
        }
        assert!(balanced > 50.0, "{balanced} steps");
    }
    Ok(())
}
