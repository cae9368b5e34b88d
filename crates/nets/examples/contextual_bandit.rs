//! `deepq-nets` alone: a network learns which of four levers pays most under each of many lights, and goes into a file.
//!
//! ```text
//! cargo run --package deepq-nets --example contextual_bandit [weights.safetensors]
//! ```

use std::error::Error;

use deepq_nets::{Device, Head, Loss, Network, NetworkSpec, Optimizer, OptimizerSpec, Tensor, Torso, td_loss};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

const LEVERS: usize = 4;
const LIGHTS: usize = 3;
const BATCH: usize = 64;

/// The lever that pays under lights of these strengths: by which of the first two is on, two bits.
fn paying(lights: &[f32]) -> u32 {
    u32::from(lights[0] > 0.5) + 2 * u32::from(lights[1] > 0.5)
}

fn lights(rng: &mut Pcg64, rows: usize) -> Vec<f32> {
    (0..rows * LIGHTS).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32).collect()
}

fn tensor(lights: &[f32]) -> Result<Tensor, Box<dyn Error>> {
    Ok(Tensor::from_slice(lights, (lights.len() / LIGHTS, LIGHTS), &Device::Cpu)?)
}

/// The share of lights under which the network thinks most of the lever that pays.
fn right(network: &Network, lights: &[f32]) -> Result<f64, Box<dyn Error>> {
    let values = network.values(&tensor(lights)?)?.to_vec2::<f32>()?;
    let best = |row: &Vec<f32>| (0..LEVERS as u32).max_by(|a, b| row[*a as usize].total_cmp(&row[*b as usize]));
    let right = values.iter().zip(lights.chunks(LIGHTS)).filter(|(row, lights)| best(row) == Some(paying(lights)));
    Ok(right.count() as f64 / values.len() as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = Pcg64::seed_from_u64(1);
    // ANCHOR: train
    let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![32, 32] }, Head::Dueling { hidden: vec![] });
    let network = Network::new(&spec, &[LIGHTS], LEVERS, &mut rng, &Device::Cpu)?;
    let mut optimizer = Optimizer::new(&OptimizerSpec::adam(3e-3), network.parameters())?;
    for update in 1..=2_000 {
        let lights = lights(&mut rng, BATCH);
        let pulled: Vec<u32> = (0..BATCH).map(|_| rng.next_u32() % LEVERS as u32).collect();
        let pay = |(lever, lights): (&u32, &[f32])| f32::from(u8::from(*lever == paying(lights)));
        let pays: Vec<f32> = pulled.iter().zip(lights.chunks(LIGHTS)).map(pay).collect();

        let values = network.forward(&tensor(&lights)?)?;
        let loss = td_loss(&values, &pulled, &pays, None, Loss::Mse)?;
        optimizer.step(network.parameters(), &network.backward(&loss.loss)?)?;
        if update % 500 == 0 {
            println!("update {update}: loss {:.4}", loss.value);
        }
    }
    // ANCHOR_END: train
    let unseen = lights(&mut rng, 1_000);
    let share = right(&network, &unseen)?;
    println!("the best lever under {:.1} % of lights", 100.0 * share);

    // Named as the same module in PyTorch names them.
    let file = network.parameters().to_safetensors()?;
    let again = Network::new(&spec, &[LIGHTS], LEVERS, &mut rng, &Device::Cpu)?;
    again.parameters().load_safetensors(&file)?;
    if share < 0.9 || right(&again, &unseen)? != share {
        return Err("it has not learned enough, or not what was saved".into());
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, file).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}
