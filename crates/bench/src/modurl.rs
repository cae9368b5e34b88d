//! `modurl`: the DQN workload that ModuRL publishes, and ModuRL itself beside it.

use std::path::PathBuf;
use std::process::Command;

use deepq_agents::{Agent, AgentParts, ClipReward, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec};
use deepq_envs::{Env, EnvOptions, Registry, Reset, Seeds};
use deepq_nets::{Activation, Device, Head, Initialisation, Loss, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{Layout, ReplaySpec, Transition};
use serde_json::{Map, Value, json};

use crate::blocks::{Samples, Stopwatch};
use crate::comparison::{Comparison, Contender};
use crate::peer::Peer;
use crate::report::{Better, Case, Skipped};
use crate::{BenchError, Benchmark, Settings};

const DOES: &str =
    "deepq's agent, environment and replay, driven by the few lines in modurl.rs; the allocator mimalloc";
const MODURL: &str = "modurl and modurl_gym 0.1.0 from crates.io, plain Candle, the system's allocator: as ModuRL's own benchmark runs it";
const MODURL_MIMALLOC: &str = "the same with mimalloc";

// ModuRL's crates/benches, revision 00a0f5a9, `dqn`.
const WARM_UP: u64 = 1_024;
const MEASURED: u64 = 4_096;
const BATCH: usize = 64;
const REPLAY: usize = 10_000;
const UPDATE_EVERY: u64 = 4;
const TARGET_EVERY: u64 = 1_000;
const LEARNING_RATE: f64 = 2.5e-4;
const ADAM_EPSILON: f64 = 1e-5;
const EXPLORATION: f64 = 0.1;
const DISCOUNT: f64 = 0.99;
const HIDDEN: [usize; 2] = [64, 64];

/// Measures it on one thread, as it is published.
pub(crate) fn run(settings: &Settings) -> Result<Vec<Case>, BenchError> {
    settings.on_threads(1, || {
        let mut comparison =
            Comparison::new("modurl", "dqn on CartPole-v1", 1, "transition", Better::Rate, Ours::new()?);
        if settings.peers || settings.benchmarks == [Benchmark::Modurl] {
            for (name, does) in [("modurl", MODURL), ("modurl-mimalloc", MODURL_MIMALLOC)] {
                let peer = program(name)
                    .and_then(|path| Peer::start(name, does, Command::new(path), 1).map_err(|error| error.to_string()));
                let skipped = |reason| Skipped { name: name.to_owned(), reason };
                comparison.against(peer.map(|peer| Box::new(peer) as Box<dyn Contender>).map_err(skipped));
            }
        }
        Ok(vec![comparison.run(settings)?])
    })
}

/// The peer's program, where `cargo xtask bench` builds it: in `benches`, beside the folder that holds this one.
fn program(name: &str) -> Result<PathBuf, String> {
    let ours = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = ours.parent().and_then(|folder| folder.parent()).unwrap_or(&ours);
    let path = target.join("benches/release").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    if path.is_file() { Ok(path) } else { Err("it is not built; cargo xtask bench modurl builds it".to_owned()) }
}

/// Runs of deepq, each in a fresh agent.
struct Ours {
    work: Value,
    seed: u64,
}

impl Ours {
    fn new() -> Result<Self, BenchError> {
        let parameters = agent(&Seeds::new(0))?.parameters().count();
        let work = json!({
            "environment": "CartPole-v1", "hidden": HIDDEN, "activation": "tanh", "parameters": parameters,
            "replay_capacity": REPLAY, "batch": BATCH, "loss": "mse", "optimizer": "adam",
            "learning_rate": LEARNING_RATE, "adam_epsilon": ADAM_EPSILON, "discount": DISCOUNT.to_string(),
            "update_every": UPDATE_EVERY, "target_every": TARGET_EVERY, "exploration": EXPLORATION,
            "warm_up": WARM_UP, "transitions": MEASURED,
        });
        Ok(Self { work, seed: 0 })
    }
}

fn agent(seeds: &Seeds) -> Result<Dqn<f32>, BenchError> {
    let spec = DqnSpec {
        discount: DISCOUNT,
        target_update: TargetUpdate::Steps(TARGET_EVERY),
        loss: Loss::Mse,
        clip_reward: ClipReward::None,
        ..DqnSpec::nature_2015()
    };
    let updates = UpdateSpec {
        batch_size: BATCH,
        learning_starts: LearningStarts::Steps(WARM_UP),
        update_every: UPDATE_EVERY,
        gradient_steps: 1,
    };
    let network = NetworkSpec {
        activation: Activation::Tanh,
        initialisation: Initialisation::Pytorch,
        ..NetworkSpec::new(Torso::Mlp { hidden: HIDDEN.to_vec() }, Head::Single { hidden: Vec::new() })
    };
    let optimizer =
        OptimizerSpec::Adam { learning_rate: LEARNING_RATE, beta1: 0.9, beta2: 0.999, epsilon: ADAM_EPSILON };
    let parts = AgentParts {
        network: &network,
        optimizer: &optimizer,
        observation_shape: &[4],
        actions: 2,
        streams: 1,
        seeds,
        device: &Device::Cpu,
    };
    let replay = ReplaySpec::uniform(REPLAY).build(&Layout::single(4), DISCOUNT).map_err(BenchError::from)?;
    Ok(Dqn::new(&spec, &updates, &Schedule::Constant { value: EXPLORATION }, replay, &parts)?)
}

impl Contender for Ours {
    fn does(&self) -> &str {
        DOES
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, _: f64) -> Result<Samples, BenchError> {
        self.seed += 1;
        let seeds = Seeds::new(self.seed);
        let mut agent = agent(&seeds)?;
        let made = Registry::standard().make("CartPole-v1", &EnvOptions::new())?;
        let Some(mut env) = made.into_vector() else { return Ok(Samples::default()) };
        let (mut observation, mut next) = ([0.0; 4], [0.0; 4]);
        env.reset(&Reset::seeded(seeds.seed("env")), &mut observation)?;
        agent.begin_episode(0, &observation)?;

        let mut transitions = |n: u64| -> Result<(), BenchError> {
            for _ in 0..n {
                let mut action = [0];
                agent.act(&observation, &mut action)?;
                let step = env.step(action[0], &mut next)?;
                let end = step.end();
                let (action, reward) = (action[0] as u32, step.reward as f32);
                agent.observe(0, &Transition { action, reward, next_observation: &next, end })?;
                if end.is_over() {
                    env.reset(&Reset::default(), &mut next)?;
                    agent.begin_episode(0, &next)?;
                }
                observation = next;
                while agent.learn()?.is_some() {}
            }
            Ok(())
        };
        transitions(WARM_UP)?;
        let mut samples = Samples::default();
        let watch = Stopwatch::start();
        transitions(MEASURED)?;
        watch.stop(MEASURED as f64, &mut samples);

        let counters = agent.counters();
        let mut done = Map::new();
        done.insert("transitions".to_owned(), counters.agent_steps.into());
        done.insert("updates".to_owned(), counters.updates.into());
        Ok(Samples { done, ..samples })
    }
}
