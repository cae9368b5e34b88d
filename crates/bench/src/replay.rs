//! `replay`: memories full of Atari play, their bytes and the time to draw a batch.

use deepq_envs::{BoxedEnv, EnvOptions, NumpyRng, OptionValue, Reset, Seeds, VectorEnv, VectorStep};
use deepq_replay::{Batch, Compression, Layout, Replay, ReplaySpec, Transition};
use serde_json::{Map, Value, json};

use crate::blocks::{Samples, blocks};
use crate::comparison::{Comparison, Contender};
use crate::report::{Better, Case, Skipped};
use crate::{BenchError, Settings};

const GAMES: [(&str, &str); 2] = [("pong", "PongNoFrameskip-v4"), ("breakout", "BreakoutNoFrameskip-v4")];
/// Environments that play, each a stream of the memories.
const STREAMS: usize = 8;
const STACK: usize = 4;
const BATCH: usize = 32;
const DISCOUNT: f64 = 0.99;
/// The memories are measured when they hold so many transitions, and when they hold as many as they can.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

/// Plays each game with random actions into both memories and measures them as they fill.
pub(crate) fn run(settings: &Settings) -> Result<Vec<Case>, BenchError> {
    let threads = settings.together;
    let mut cases = Vec::new();
    for (game, id) in GAMES.into_iter().filter(|(game, _)| settings.wants(game)) {
        cases.extend(settings.on_threads(threads, || fill(game, id, threads, settings))?);
    }
    Ok(cases)
}

fn fill(game: &'static str, id: &str, threads: usize, settings: &Settings) -> Result<Vec<Case>, BenchError> {
    let mut play = match Play::new(id, settings) {
        Ok(play) => play,
        Err(error) => return Ok(vec![without(game, threads, error.to_string())]),
    };
    let layout = Layout { observation_len: play.len, stack: STACK, streams: STREAMS };
    // An episode's end takes a frame and starts no transition.
    let capacity = settings.transitions + settings.transitions / 16 + STREAMS * 64;
    let (mut memories, mut skipped) = (Vec::new(), Vec::new());
    let free = deepq_experiments::memory::of_this_machine().map_or(u64::MAX, |bytes| bytes - bytes / 4);
    for (name, does, compression) in [
        ("deepq", "each frame once, as it is", Compression::None),
        ("deepq lz4", "each frame once, packed without loss", Compression::Lz4),
    ] {
        let spec = ReplaySpec { compression, ..ReplaySpec::frames(capacity) };
        let bytes = spec.expected_bytes::<u8>(&layout)?;
        if bytes > free {
            let reason = format!("it takes {}, and this machine has less", deepq_experiments::memory::Bytes(bytes));
            skipped.push(Skipped { name: name.to_owned(), reason });
            continue;
        }
        let replay = spec.build::<u8>(&layout, DISCOUNT)?;
        memories.push(Memory {
            name,
            does,
            replay,
            rng: Seeds::new(1).stream("replay"),
            batch: Batch::new(),
            work: Value::Null,
        });
    }
    play.begin(&mut memories)?;
    let mut cases = Vec::new();
    let sizes = SIZES.into_iter().filter(|&size| size < settings.transitions).chain([settings.transitions]);
    for size in sizes {
        while memories.iter().any(|memory| memory.replay.len() < size) {
            play.step(&mut memories)?;
            let held = memories.iter().map(|memory| memory.replay.len()).min().unwrap_or(size);
            if held % 10_000 < STREAMS {
                settings.screen.note(&format!("replay {game}: {held} of {} transitions played", settings.transitions));
            }
        }
        for memory in &mut memories {
            memory.work = json!({ "game": game, "transitions": size, "batch": BATCH, "play": "random" });
        }
        let mut lanes = memories.iter_mut();
        let Some(first) = lanes.next() else { break };
        let mut comparison =
            Comparison::new("replay", format!("{game}, {size}"), threads, "batch", Better::Time, first);
        for lane in lanes {
            comparison.against(Ok(Box::new(lane)));
        }
        comparison.skipped.clone_from(&skipped);
        cases.push(comparison.run(settings)?);
    }
    Ok(cases)
}

fn without(game: &str, threads: usize, reason: String) -> Case {
    Case {
        benchmark: "replay".to_owned(),
        case: game.to_owned(),
        threads,
        unit: "batch".to_owned(),
        read_as: Better::Time,
        frames_per_unit: None,
        work: Value::Null,
        sides: Vec::new(),
        skipped: vec![Skipped { name: "deepq".to_owned(), reason }],
    }
}

/// Environments that are played with random actions.
struct Play {
    envs: VectorEnv<BoxedEnv<u8>>,
    into: VectorStep<u8>,
    rng: NumpyRng,
    len: usize,
}

impl Play {
    fn new(id: &str, settings: &Settings) -> Result<Self, BenchError> {
        let options: EnvOptions = [("protocol", OptionValue::from("nature"))].into_iter().collect();
        let made = |_| Ok(settings.registry.make(id, &options)?.into_frames());
        let envs: Vec<Option<BoxedEnv<u8>>> = (0..STREAMS).map(made).collect::<Result<_, BenchError>>()?;
        let envs = VectorEnv::new(envs.into_iter().flatten().collect())?;
        let len = envs.observation_space().len();
        Ok(Self { envs, into: VectorStep::new(), rng: Seeds::new(1).stream("play"), len })
    }

    fn begin(&mut self, memories: &mut [Memory]) -> Result<(), BenchError> {
        let resets: Vec<Reset> = (0..STREAMS as u64).map(Reset::seeded).collect();
        let mut observations = vec![0; STREAMS * self.len];
        self.envs.reset(&resets, &mut observations)?;
        for (stream, observation) in observations.chunks_exact(self.len).enumerate() {
            memories.iter_mut().try_for_each(|memory| memory.replay.begin(stream, observation))?;
        }
        Ok(())
    }

    fn step(&mut self, memories: &mut [Memory]) -> Result<(), BenchError> {
        let n = self.envs.action_space().n();
        let actions: Vec<usize> = (0..STREAMS).map(|_| self.rng.index(n)).collect();
        self.envs.step(&actions, &mut self.into)?;
        for (stream, (step, &action)) in self.into.steps.iter().zip(&actions).enumerate() {
            let row = stream * self.len..(stream + 1) * self.len;
            let end = step.end();
            let next = if end.is_over() { &self.into.final_observations } else { &self.into.observations };
            let transition = Transition {
                action: action as u32,
                reward: step.reward as f32,
                next_observation: &next[row.clone()],
                end,
            };
            for memory in &mut *memories {
                memory.replay.push(stream, &transition)?;
                if end.is_over() {
                    memory.replay.begin(stream, &self.into.observations[row.clone()])?;
                }
            }
        }
        Ok(())
    }
}

struct Memory {
    name: &'static str,
    does: &'static str,
    replay: Replay<u8>,
    rng: NumpyRng,
    batch: Batch<u8>,
    work: Value,
}

impl Contender for &mut Memory {
    fn name(&self) -> &str {
        self.name
    }

    fn does(&self) -> &str {
        self.does
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn facts(&self) -> Map<String, Value> {
        let bytes = self.replay.size_in_bytes();
        let mut facts = Map::new();
        facts.insert("bytes".to_owned(), bytes.into());
        facts.insert("bytes_per_transition".to_owned(), (bytes as f64 / self.replay.len() as f64).into());
        facts
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        let Memory { replay, rng, batch, .. } = &mut **self;
        blocks(seconds, 1, || Ok(replay.sample(BATCH, rng, batch)?))
    }
}
