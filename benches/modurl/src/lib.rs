//! DQN on CartPole-v1 as ModuRL's own benchmark has it, written anew on the published crates: the peer of
//! `deepq bench modurl`.
//!
//! It talks as the programs in `benches/peers` do: it says what work it does, then answers every line that it reads
//! with the time of one run in a fresh agent. What is timed is the measured transitions, replay and network being warm:
//! acting, environment, replay, updates, target copies.

use std::error::Error;
use std::fmt::Debug;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use modurl::prelude::{
    Agent, ConstantSchedule, DQNAgent, DQNLogger, Discrete, MLP, MultiGym, QCollectionLogEntry, QLogEntry,
    ReplayDeviceStrategy, ReplayStorageConfig, VectorizedGymWrapper,
};
use modurl_gym::classic_control::cartpole::CartPoleV1;
use serde_json::{Value, json};

const WARM_UP: usize = 1_024;
const MEASURED: usize = 4_096;
const BATCH: usize = 64;
const REPLAY: usize = 10_000;
const UPDATE_EVERY: usize = 4;
const TARGET_EVERY: usize = 1_000;
const LEARNING_RATE: f64 = 2.5e-4;
const ADAM_EPSILON: f64 = 1e-5;
const EXPLORATION: f64 = 0.1;
const DISCOUNT: f32 = 0.99;
const HIDDEN: [usize; 2] = [64, 64];

/// Tells the work, then measures a run for each line of the input.
///
/// # Errors
///
/// If ModuRL fails, or standard output is closed.
pub fn serve(allocator: &str) -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    let work = json!({
        "environment": "CartPole-v1", "hidden": HIDDEN, "activation": "tanh", "parameters": parameters(&network()?.1),
        "replay_capacity": REPLAY, "batch": BATCH, "loss": "mse", "optimizer": "adam", "learning_rate": LEARNING_RATE,
        "adam_epsilon": ADAM_EPSILON, "discount": DISCOUNT.to_string(), "update_every": UPDATE_EVERY,
        "target_every": TARGET_EVERY, "exploration": EXPLORATION, "warm_up": WARM_UP, "transitions": MEASURED,
    });
    writeln!(output, "{}", json!({ "work": work, "allocator": allocator }))?;
    output.flush()?;
    for request in io::stdin().lock().lines() {
        request?;
        writeln!(output, "{}", run()?)?;
        output.flush()?;
    }
    Ok(())
}

fn network() -> Result<(MLP, VarMap), Box<dyn Error>> {
    let variables = VarMap::new();
    let network = MLP::builder()
        .input_size(4)
        .output_size(2)
        .vb(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))
        .activation(Tensor::tanh)
        .hidden_layer_sizes(HIDDEN.to_vec())
        .name("q".to_owned())
        .build()?;
    Ok((network, variables))
}

fn parameters(variables: &VarMap) -> usize {
    variables.all_vars().iter().map(|variable| variable.elem_count()).sum()
}

/// Counts what was done.
#[derive(Default)]
struct Counter {
    transitions: usize,
    updates: usize,
}

impl DQNLogger for Counter {
    fn log(&mut self, _: &QLogEntry) {
        self.updates += 1;
    }

    fn log_collection(&mut self, _: &QCollectionLogEntry) {
        self.transitions += 1;
    }
}

/// One run in a fresh agent: seconds a transition, and what was done.
fn run() -> Result<Value, Box<dyn Error>> {
    let cartpole = said(CartPoleV1::builder().device(&Device::Cpu).build())?;
    let mut env = VectorizedGymWrapper::from(vec![cartpole]);
    let (online, online_variables) = network()?;
    let (target, mut target_variables) = network()?;
    let adam = ParamsAdamW { lr: LEARNING_RATE, beta1: 0.9, beta2: 0.999, eps: ADAM_EPSILON, weight_decay: 0.0 };
    let mut counter = Counter::default();
    let mut agent = said(
        DQNAgent::builder()
            .dtype(DType::F32)
            .action_space(Discrete::new(2))
            .observation_space(env.observation_space())
            .online_q_network(online)
            .target_q_network(target)
            .online_vars(&online_variables)
            .target_vars(&mut target_variables)
            .optimizer(AdamW::new(online_variables.all_vars(), adam)?)
            .replay_capacity(REPLAY)
            .batch_size(BATCH)
            .gamma(DISCOUNT)
            .training_start(WARM_UP + 1)
            .update_frequency(UPDATE_EVERY)
            .target_update_interval(TARGET_EVERY)
            .training_horizon(WARM_UP + MEASURED)
            .epsilon_schedule(ConstantSchedule::new(EXPLORATION))
            .replay_storage_config(ReplayStorageConfig::new(ReplayDeviceStrategy::OneDevice(Device::Cpu)))
            .logger(&mut counter)
            .build(),
    )?;
    said(agent.learn(&mut env, WARM_UP))?;
    let (wall, cpu) = (Instant::now(), processor_time()?);
    said(agent.learn(&mut env, MEASURED))?;
    let (wall, cpu) = (wall.elapsed(), processor_time()? - cpu);
    drop(agent);
    let each = |time: Duration| time.as_secs_f64() / MEASURED as f64;
    let done = json!({ "transitions": counter.transitions, "updates": counter.updates });
    Ok(json!({ "wall": [each(wall)], "cpu": [each(cpu)], "done": done }))
}

/// What this process has computed so far.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}

/// ModuRL's errors are not all errors of the standard library's kind.
fn said<T, E: Debug>(result: Result<T, E>) -> Result<T, Box<dyn Error>> {
    result.map_err(|error| format!("{error:?}").into())
}
