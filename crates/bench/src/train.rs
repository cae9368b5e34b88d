//! `train`: whole training runs, from the end of the first update on.

use deepq_envs::ElementKind;
use deepq_experiments::RunError;
use deepq_experiments::assembly::{Assembly, Observed};
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_experiments::listeners::Screen;
use deepq_experiments::session;
use deepq_nets::{Device, DeviceChoice};
use serde_json::{Map, Value, json};

use crate::blocks::Samples;
use crate::comparison::{Comparison, Contender};
use crate::peer::{Peers, Program};
use crate::report::{Better, Case};
use crate::{BenchError, Settings};

const DOES: &str = "`deepq train` as users start it, tables and TensorBoard events included, without evaluations";
const SB3: &str = "Stable-Baselines3's DQN with the same settings and without any log";

/// The workloads: experiments in `benches/train`.
const WORKLOADS: [&str; 4] = ["cartpole", "lunarlander", "pong", "breakout"];

/// Trains on each workload, on each number of threads.
pub(crate) fn run(settings: &Settings, peers: &Peers) -> Result<Vec<Case>, BenchError> {
    let mut cases = Vec::new();
    for &threads in &settings.threads {
        for name in WORKLOADS.into_iter().filter(|name| settings.wants(name)) {
            cases.push(case(name, threads, settings, peers)?);
        }
    }
    Ok(cases)
}

fn case(name: &str, threads: usize, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
    let file = settings.workspace.join("benches/train").join(name).with_added_extension("toml");
    let (experiment, _) = config::load_file(&file, &Overrides::default())?;
    let training = &experiment.training;
    let batch_size = training.batch_size.unwrap_or_default();
    let starts = training.learning_starts.map_or(0, |starts| starts.agent_steps(batch_size));
    let steps = settings.steps.map_or(experiment.training.steps, |measured| starts + measured);
    let (experiment, document) = config::load_file(&file, &Overrides { steps: Some(steps), ..Overrides::default() })?;
    let arguments = [&file.display().to_string(), "--steps", &steps.to_string(), "--threads", &threads.to_string()]
        .map(str::to_owned);
    let needs: &[&str] = match experiment.environment.id.as_str() {
        "CartPole-v1" => &["stable-baselines3", "torch"],
        "LunarLander-v3" => &["stable-baselines3", "torch", "Box2D"],
        _ => &["stable-baselines3", "torch", "ale-py", "opencv-python-headless"],
    };
    let deepq = Run::new(experiment, document, starts, threads, settings)?;
    let mut comparison = Comparison::new("train", name, threads, "agent step", Better::Rate, deepq);
    let program =
        Program { name: "stable-baselines3", does: SB3, file: "train_sb3.py", arguments: &arguments, needs, threads };
    if let Some(peer) = peers.start(&program) {
        comparison.against(peer);
    }
    comparison.run(settings)
}

struct Run {
    experiment: Experiment,
    document: Document,
    session: session::Settings,
    parameters: usize,
    work: Value,
}

impl Run {
    fn new(
        experiment: Experiment,
        document: Document,
        starts: u64,
        threads: usize,
        settings: &Settings,
    ) -> Result<Self, BenchError> {
        let training = &experiment.training;
        let work = json!({
            "environment": experiment.environment.id,
            "agent_steps": training.steps,
            "batch": training.batch_size,
            "update_every": training.update_every,
            "learning_starts": starts,
            "replay_capacity": experiment.replay.as_ref().map(|replay| replay.capacity),
        });
        let assembly = Assembly::new(&experiment, &document, &settings.registry, &Device::Cpu);
        let parameters = match assembly.element()? {
            ElementKind::F32 => parameters::<f32>(&assembly)?,
            ElementKind::U8 => parameters::<u8>(&assembly)?,
        };
        let session = session::Settings {
            registry: settings.registry.clone(),
            device: DeviceChoice::Cpu,
            threads: Some(threads),
            screen: Screen::new(true),
            ..session::Settings::default()
        };
        Ok(Self { experiment, document, session, parameters, work })
    }
}

fn parameters<E: Observed>(assembly: &Assembly<'_>) -> Result<usize, RunError> {
    let envs = assembly.training_environments::<E>()?;
    Ok(assembly.player(&envs[0])?.parameters().count())
}

impl Contender for Run {
    fn does(&self) -> &str {
        DOES
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, _: f64) -> Result<Samples, BenchError> {
        let folder = tempfile::tempdir().map_err(|error| BenchError::io("a folder for a run", error))?;
        let summary = session::start(&self.experiment, &self.document, &folder.path().join("run"), &self.session)?;
        let mut done = Map::new();
        for (name, value) in [("agent_steps", summary.agent_steps), ("updates", summary.updates)] {
            done.insert(name.to_owned(), value.into());
        }
        done.insert("parameters".to_owned(), self.parameters.into());
        let wall = summary.steps_per_second.map(|rate| 1.0 / rate).into_iter().collect();
        Ok(Samples { wall, cpu: Vec::new(), done })
    }
}
