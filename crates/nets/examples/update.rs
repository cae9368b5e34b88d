//! Times one whole double-DQN update, or one greedy action, on the five workloads of the PyTorch program that it is
//! compared with, and prints the same JSON.
//!
//! ```text
//! cargo run --release -p deepq-nets --example update -- dueling --threads 1 [--seconds 5] [--mode step|act]
//!     [--batch N] [--isa avx512|avx2|neon|portable|reference]
//!
//! mlp4    4-64-64-2,     batch 64        mlp8    8-128-4,       batch 64
//! mlp256  8-256-256-4,   batch 128       nature  84x84x4 CNN, 6 actions, batch 32
//! dueling the same with two 512-unit streams, batch 32
//! ```
//!
//! One step: bytes or floats of the host to tensors, target and online forward on the next observations, online forward on
//! the observations, Huber loss, backward, Adam. Times are microseconds; `cpu` counts all threads (where there is such a clock).

use std::error::Error;
use std::time::Instant;

use deepq_nets::{
    Compute, Device, Head, Initialisation, Loss, Network, NetworkSpec, Optimizer, OptimizerSpec, Tensor, Torso, td_loss,
};
use rand_pcg::{
    Pcg64,
    rand_core::{Rng, SeedableRng},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DISCOUNT: f32 = 0.99;

/// What one workload is: name, network, observation shape, actions, batch.
fn workload(name: &str) -> Option<(NetworkSpec, Vec<usize>, usize, usize)> {
    let mlp =
        |hidden: &[usize]| NetworkSpec::new(Torso::Mlp { hidden: hidden.to_vec() }, Head::Single { hidden: vec![] });
    let frames = vec![4, 84, 84];
    let (mut spec, shape, actions, batch) = match name {
        "mlp4" => (mlp(&[64, 64]), vec![4], 2, 64),
        "mlp8" => (mlp(&[128]), vec![8], 4, 64),
        "mlp256" => (mlp(&[256, 256]), vec![8], 4, 128),
        "nature" => (NetworkSpec::new(Torso::Nature {}, Head::Single { hidden: vec![512] }), frames, 6, 32),
        "dueling" => (NetworkSpec::new(Torso::Nature {}, Head::Dueling { hidden: vec![512] }), frames, 6, 32),
        _ => return None,
    };
    spec.initialisation = Initialisation::Pytorch;
    Some((spec, shape, actions, batch))
}

/// Observations as an agent holds them.
enum Observations {
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Observations {
    fn draw(n: usize, frames: bool, rng: &mut Pcg64) -> Self {
        if frames {
            let mut bytes = vec![0; n];
            rng.fill_bytes(&mut bytes);
            Self::Bytes(bytes)
        } else {
            Self::Floats((0..n).map(|_| unit(rng) * 3.4 - 1.7).collect())
        }
    }

    /// The first rows as a tensor of this shape.
    fn tensor(&self, shape: &[usize]) -> Result<Tensor, Box<dyn Error>> {
        let n = shape.iter().product();
        Ok(match self {
            Self::Floats(floats) => Tensor::from_slice(&floats[..n], shape, &Device::Cpu)?,
            Self::Bytes(bytes) => Tensor::from_slice(&bytes[..n], shape, &Device::Cpu)?,
        })
    }
}

fn unit(rng: &mut Pcg64) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32
}

fn greedy(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

struct Update {
    online: Network,
    target: Network,
    optimizer: Optimizer,
    shape: Vec<usize>,
    observations: Observations,
    next_observations: Observations,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    discounts: Vec<f32>,
}

impl Update {
    fn step(&mut self) -> Result<f32, Box<dyn Error>> {
        let actions = self.online.actions();
        let next = self.next_observations.tensor(&self.shape)?;
        let observations = self.observations.tensor(&self.shape)?;
        let q_t_target = self.target.values(&next)?.flatten_all()?.to_vec1::<f32>()?;
        let (q_tm1, q_t) = self.online.forward_with_next(&observations, &next)?;
        let q_t = q_t.flatten_all()?.to_vec1::<f32>()?;
        let targets: Vec<f32> = (0..self.actions.len())
            .map(|i| {
                let best = greedy(&q_t[i * actions..][..actions]);
                self.rewards[i] + self.discounts[i] * q_t_target[i * actions + best]
            })
            .collect();
        let result = td_loss(&q_tm1, &self.actions, &targets, None, Loss::Huber)?;
        let gradients = self.online.backward(&result.loss)?;
        self.optimizer.step(self.online.parameters(), &gradients)?;
        Ok(result.loss.to_scalar()?)
    }

    fn act(&self) -> Result<usize, Box<dyn Error>> {
        let mut shape = self.shape.clone();
        shape[0] = 1;
        let values = self.online.values(&self.observations.tensor(&shape)?)?;
        Ok(greedy(&values.flatten_all()?.to_vec1::<f32>()?))
    }
}

/// Microseconds that all threads of this process have run.
#[cfg(unix)]
fn cpu_time() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3)
}

#[cfg(not(unix))]
fn cpu_time() -> Option<f64> {
    None
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().ok_or("which workload? mlp4, mlp8, mlp256, nature or dueling")?;
    let (spec, shape, actions, mut batch) = workload(&work).ok_or("no such workload")?;
    let (mut threads, mut seconds, mut mode, mut isa) = (1, 5.0, "step".to_owned(), None);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--threads" => threads = value.parse()?,
            "--seconds" => seconds = value.parse()?,
            "--mode" => mode = value,
            "--batch" => batch = value.parse::<usize>()?.max(1),
            "--isa" => isa = Some(value),
            _ => return Err(format!("there is no option {option}").into()),
        }
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;

    let mut rng = Pcg64::seed_from_u64(0);
    let mut network = || Network::new(&spec, &shape, actions, &mut rng, &Device::Cpu);
    let (mut online, mut target) = (network()?, network()?);
    if let Some(isa) = isa {
        let compute = if isa == "reference" { Compute::Reference } else { Compute::Kernels(isa.parse()?) };
        online.set_compute(compute)?;
        target.set_compute(compute)?;
    }
    target.copy_from(&online)?;
    let elements: usize = shape.iter().product::<usize>() * batch;
    let frames = shape.len() == 3;
    let mut update = Update {
        optimizer: Optimizer::new(&OptimizerSpec::adam(1e-4), online.parameters())?,
        online,
        target,
        shape: [&[batch], shape.as_slice()].concat(),
        observations: Observations::draw(elements, frames, &mut rng),
        next_observations: Observations::draw(elements, frames, &mut rng),
        actions: (0..batch).map(|_| rng.next_u32() % actions as u32).collect(),
        rewards: (0..batch).map(|_| unit(&mut rng) * 3.4 - 1.7).collect(),
        discounts: (0..batch).map(|_| if unit(&mut rng) < 0.05 { 0.0 } else { DISCOUNT }).collect(),
    };
    let mut run = || -> Result<(), Box<dyn Error>> {
        if mode == "act" { update.act().map(|_| ()) } else { update.step().map(|_| ()) }
    };
    for _ in 0..5 {
        run()?;
    }
    let begin = Instant::now();
    run()?;
    let block = ((seconds / 50.0 / begin.elapsed().as_secs_f64().max(1e-6)) as usize).max(1);
    let (mut wall, mut cpu) = (vec![], vec![]);
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds || wall.len() < 3 {
        let (from, cpu_from) = (Instant::now(), cpu_time());
        for _ in 0..block {
            run()?;
        }
        wall.push(from.elapsed().as_secs_f64() * 1e6 / block as f64);
        if let (Some(from), Some(until)) = (cpu_from, cpu_time()) {
            cpu.push((until - from) / block as f64);
        }
    }
    let statistics = |samples: &mut Vec<f64>| {
        let minimum = samples.iter().copied().fold(f64::INFINITY, f64::min);
        if samples.is_empty() {
            ["null".to_owned(), "null".to_owned()]
        } else {
            [median(samples), minimum].map(|x| format!("{x:.1}"))
        }
    };
    let ([wall_median, wall_min], [cpu_median, cpu_min]) = (statistics(&mut wall), statistics(&mut cpu));
    let compute = match update.online.compute() {
        Compute::Reference => "reference".to_owned(),
        Compute::Kernels(isa) => isa.to_string(),
    };
    println!(
        "{{\"work\": \"{work}\", \"mode\": \"{mode}\", \"batch\": {batch}, \"threads\": {threads}, \"compute\": \"{compute}\", \
         \"wall_median\": {wall_median}, \"wall_min\": {wall_min}, \"cpu_median\": {cpu_median}, \"cpu_min\": {cpu_min}}}"
    );
    Ok(())
}
