//! Checkpoints, and the tables beside them, with damage in their files and right checksums over them.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail, ensure};
use arbitrary::{Arbitrary, Unstructured};
use deepq_agents::AgentState;
use deepq_envs::{Capture, ElementKind};
use deepq_experiments::assembly::{Assembly, Observed};
use deepq_experiments::config::{self, Document, Experiment, Overrides};
use deepq_experiments::session::{self, Settings};
use deepq_experiments::training::{Plan, Training, TrainingState};
use deepq_nets::{Device, Tensor};
use deepq_runs::{Checkpoints, Kind, RunFolder};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::edits::{Edit, Files};

/// SHA-256 of nothing.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How far a run goes on with what was damaged.
const FURTHER_STEPS: u64 = 40;

/// Experiments, and what makes them small: each kind of agent, and both kinds of observations.
const SMALL: [(&str, &[&str]); 4] = [
    (
        "cartpole",
        &[
            "network.torso.hidden=[4]",
            "training.learning_starts=20",
            "training.batch_size=4",
            "training.environments=2",
            "replay.capacity=24",
            "replay.n_step=2",
        ],
    ),
    (
        "catch",
        &[
            "network.torso.layers=[{ filters = 2, kernel = 3, stride = 2 }]",
            "network.head.hidden=[4]",
            "training.learning_starts=20",
            "training.batch_size=4",
            "replay.capacity=24",
            "replay.compression=lz4",
        ],
    ),
    ("reinforce-cartpole", &["network.torso.hidden=[4]"]),
    (
        "cartpole-pqn",
        &[
            "network.torso.hidden=[4]",
            "training.environments=2",
            "agent.rollout_steps=8",
            "agent.epochs=1",
            "agent.minibatches=2",
        ],
    ),
];

/// A small run, as its last checkpoint has it.
struct Base {
    experiment: Experiment,
    document: Document,
    agent_step: u64,
    files: Files,
    /// The tables beside the checkpoints.
    tables: Files,
}

impl Base {
    /// Trains the small runs, once.
    fn all() -> Result<&'static [Self]> {
        static BASES: OnceLock<Result<Vec<Base>, String>> = OnceLock::new();
        let made =
            BASES.get_or_init(|| SMALL.iter().map(Self::make).collect::<Result<_>>().map_err(|e| format!("{e:#}")));
        made.as_deref().map_err(|error| anyhow!("{error}"))
    }

    fn make(&(name, set): &(&str, &[&str])) -> Result<Self> {
        let mut overrides = Overrides { steps: Some(64), ..Overrides::default() };
        overrides.set =
            set.iter().chain(&["evaluation.every=0", "checkpoint.every=0"]).map(ToString::to_string).collect();
        let (experiment, document) = config::load(name, &overrides)?;
        let folder = tempfile::tempdir()?;
        session::start(&experiment, &document, folder.path(), &one_thread())?;
        let run = RunFolder::look_at(folder.path())?;
        let newest = run.checkpoints().newest(Kind::Step)?.0;
        let mut files = read_all(newest.path())?;
        files.remove("SHA256SUMS");
        let tables = read_all(folder.path())?;
        let tables =
            tables.into_iter().filter(|(name, _)| name.ends_with(".csv") || name.contains("tfevents")).collect();
        Ok(Self { experiment, document, agent_step: newest.agent_step(), files, tables })
    }

    /// A run's folder with nothing in it but the experiment and the tables.
    fn write(&self, run: &Path) -> Result<()> {
        fs::create_dir(run)?;
        fs::write(run.join("experiment.toml"), self.document.text())?;
        self.tables.iter().try_for_each(|(name, contents)| Ok(fs::write(run.join(name), contents)?))
    }
}

fn one_thread() -> Settings {
    Settings { threads: Some(1), ..Settings::default() }
}

fn read_all(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let name = entry.file_name().into_string().ok().context("a name that is not UTF-8")?;
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Writes a checkpoint with these files and their checksums.
fn write_checkpoint(checkpoints: &Checkpoints, agent_step: u64, files: &Files) -> Result<()> {
    let mut draft = checkpoints.begin(Kind::Step, agent_step)?;
    for (name, contents) in files {
        if name == "replay.bin" {
            draft.add_stream(name, |to| to.write_all(contents))??;
        } else {
            draft.add(name, contents)?;
        }
    }
    draft.commit()?;
    Ok(())
}

/// What is wrong with the list of checksums.
#[derive(Arbitrary, Debug)]
enum Sums {
    Right,
    /// It is this.
    Other(Vec<u8>),
    /// It names these files as well, which are empty.
    Naming(Vec<String>),
}

/// What the bytes stand for: a small run, and what is other in its checkpoint.
fn edited<'b>(input: &mut Unstructured<'b>) -> Result<(&'static Base, Files)> {
    let bases = Base::all()?;
    let base = &bases[usize::from(input.arbitrary::<u8>()?) % bases.len()];
    let mut files = base.files.clone();
    for edit in input.arbitrary::<Vec<Edit>>()? {
        edit.apply(&mut files)?;
    }
    Ok((base, files))
}

/// A checkpoint in a folder of its own: the bytes say (`arbitrary`) what is other in it than in that of a small run. A run
/// goes on with it.
///
/// # Errors
///
/// What is wrong with it.
pub fn checkpoint(bytes: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(bytes);
    let sums: Sums = input.arbitrary()?;
    let (base, files) = edited(&mut input)?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    base.write(&run)?;
    let checkpoints = RunFolder::look_at(&run)?.checkpoints();
    write_checkpoint(&checkpoints, base.agent_step, &files)?;
    let newest = checkpoints.folder().join(format!("step-{:09}", base.agent_step));
    let list = newest.join("SHA256SUMS");
    match sums {
        Sums::Right => {}
        Sums::Other(contents) => fs::write(list, contents)?,
        Sums::Naming(names) => {
            let right = fs::read_to_string(&list)?;
            let named: Vec<String> = names.iter().map(|name| format!("{NOTHING}  {name}")).collect();
            let mut lines: Vec<&str> = right.lines().chain(named.iter().map(String::as_str)).collect();
            lines.sort_unstable_by_key(|line| line.get(NOTHING.len()..));
            fs::write(list, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        }
    }
    let gone_on = session::resume(&run, &Overrides::default(), &one_thread());
    ensure!(fs::read_dir(folder.path())?.count() == 1, "something was written beside the run");
    gone_on?;
    Ok(())
}

/// As [`checkpoint`], without a disk and without the digest, which whoever makes a checkpoint up can make right: what was
/// restored goes on for some steps.
///
/// # Errors
///
/// What is wrong with it.
pub fn state(bytes: &[u8]) -> Result<()> {
    let (base, files) = edited(&mut Unstructured::new(bytes))?;
    let (registry, device) = (one_thread().registry, Device::Cpu);
    let assembly = Assembly::new(&base.experiment, &base.document, &registry, &device);
    match assembly.element()? {
        ElementKind::F32 => go_on::<f32>(&assembly, &files),
        ElementKind::U8 => go_on::<u8>(&assembly, &files),
    }
}

fn go_on<E: Observed>(assembly: &Assembly<'_>, files: &Files) -> Result<()> {
    let file = |name: &str| files.get(name).with_context(|| format!("there is no {name}"));
    let environments = assembly.training_environments::<E>()?;
    let mut agent = assembly.agent(environments.first().context("no environment")?, None)?;
    let mut saved: Value = serde_json::from_slice(file("state.json")?)?;
    let state = saved.get_mut("training").context("no training")?.take();
    let state: TrainingState = serde_json::from_value(state)?;
    let captures: Vec<Capture> = serde_json::from_slice(file("environments.json")?)?;
    let document = saved["agent"].as_str().context("no agent")?.to_owned();
    let mut tensors = std::collections::BTreeMap::new();
    for (prefix, name) in [("online.", "weights.safetensors"), ("", "agent.safetensors")] {
        for (name, tensor) in SafeTensors::deserialize(file(name)?)?.tensors() {
            if tensor.dtype() != Dtype::F32 {
                bail!("{name} is no f32");
            }
            let values = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let tensor = Tensor::from_vec::<_, f32>(values, tensor.shape(), assembly.device)?;
            tensors.insert(format!("{prefix}{name}"), tensor);
        }
    }
    agent.restore(&AgentState { document, tensors })?;
    agent.load_replay(&mut file("replay.bin")?.as_slice())?;
    let Experiment { training, evaluation, .. } = assembly.experiment;
    let mut plan = Plan::new(training, evaluation, 0);
    plan.steps = state.counters.agent_steps.saturating_add(FURTHER_STEPS);
    let mut training = Training::resume(plan, environments, agent, state, &captures)?;
    training.digest()?;
    training.by_ref().try_for_each(|event| event.map(drop))?;
    training.digest()?;
    Ok(())
}

/// A table of a run, or its TensorBoard events; the first byte says which. The run goes on.
///
/// # Errors
///
/// Why it cannot.
pub fn tables(bytes: &[u8]) -> Result<()> {
    let (which, contents) = bytes.split_first().context("there is no table")?;
    let base = Base::all()?.first().context("no run")?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    base.write(&run)?;
    let name = base.tables.keys().nth(usize::from(*which) % base.tables.len().max(1)).context("no tables")?;
    fs::write(run.join(name), contents)?;
    write_checkpoint(&RunFolder::look_at(&run)?.checkpoints(), base.agent_step, &base.files)?;
    session::resume(&run, &Overrides::default(), &one_thread())?;
    // What it begins with is whole.
    let found = fs::read(run.join(name))?;
    if name.ends_with(".csv") {
        let header = |table: &[u8]| table.split_inclusive(|&byte| byte == b'\n').next().map(<[u8]>::to_vec);
        ensure!(header(&found) == base.tables.get(name).and_then(|table| header(table)), "{name} has another header");
    }
    Ok(())
}

/// A file of the newest checkpoint of a run, under this name, with a checksum that is right. It stands in a run of its own,
/// `like`, which is a copy of `run` but for the checkpoints.
///
/// # Errors
///
/// What is wrong with it.
pub fn checkpoint_file(run: &Path, like: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let newest = RunFolder::look_at(run)?.checkpoints().newest(Kind::Step)?.0;
    let hostile = RunFolder::look_at(like)?.checkpoints();
    hostile.clear()?;
    let mut files = read_all(newest.path())?;
    files.remove("SHA256SUMS");
    files.insert(name.to_owned(), bytes.to_vec());
    write_checkpoint(&hostile, newest.agent_step(), &files)?;
    session::resume(like, &Overrides::default(), &one_thread())?;
    Ok(())
}
