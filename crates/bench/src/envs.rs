//! `envs`: environments stepped with random actions, resets of ended episodes included.

use deepq_envs::{
    BoxedEnv, ElementKind, EnvOptions, NumpyRng, OptionValue, Registry, Reset, Seeds, VectorEnv, VectorStep,
};
use deepq_experiments::assembly::Observed;
use serde_json::{Value, json};

use crate::blocks::{Samples, blocks};
use crate::comparison::{Comparison, Contender};
use crate::peer::{Peers, Program};
use crate::report::{Better, Case, Skipped};
use crate::{BenchError, Settings};

const ALONE: &str = "one environment as the registry makes it; the caller resets it after an episode's end";
const TOGETHER: &str = "a VectorEnv, on threads where it pays; an episode's end and the next one's start are one call";
const GYMNASIUM: &str = "gymnasium.make without its environment checker; the caller resets it after an episode's end";
const GYMNASIUM_TOGETHER: &str = "SyncVectorEnv, for LunarLander and Atari AsyncVectorEnv with a process an environment; a call that only resets is \
     no step";
const ENVPOOL: &str = "envpool.make in its synchronous mode; a call that only resets is no step";
const ALE: &str = "ale_py's AtariVectorEnv; a call that only resets is no step";

/// Environments that are stepped together.
const SEVERAL: usize = 16;
/// Steps in one timed call. The peers' program has the same number.
const CALL: usize = 128;

/// Environments that have peers: the id, the time limit in agent steps, and torques where actions are such.
const SHARED: &[(&str, Option<u32>, usize)] = &[
    ("CartPole-v0", Some(200), 0),
    ("CartPole-v1", Some(500), 0),
    ("MountainCar-v0", Some(200), 0),
    ("Acrobot-v1", Some(500), 0),
    ("Pendulum-v1", Some(200), 5),
    ("LunarLander-v3", Some(1_000), 0),
    ("CliffWalking-v1", None, 0),
    ("CliffWalkingSlippery-v1", None, 0),
    ("FrozenLake-v1", Some(100), 0),
    ("FrozenLake8x8-v1", Some(200), 0),
];

/// Atari games by their ROMs' names and ids, in the protocol of Mnih et al. 2015.
const GAMES: &[(&str, &str)] = &[("pong", "PongNoFrameskip-v4"), ("breakout", "BreakoutNoFrameskip-v4")];
const PROTOCOL: &str = "nature";
const FRAME_SKIP: u32 = 4;

/// Measures every environment, alone on one thread and several together on all of them.
pub(crate) fn run(settings: &Settings, peers: &Peers) -> Result<Vec<Case>, BenchError> {
    let mut cases = Vec::new();
    for (environments, threads) in [(1, 1), (SEVERAL, settings.together)] {
        let standard = Registry::standard();
        let vectors = standard.entries().map(|(id, _)| Task::vector(id, environments, threads));
        let games = GAMES.iter().map(|&(game, id)| Task::atari(game, id, environments, threads));
        for task in vectors.chain(games).filter(|task| settings.wants(task.name)) {
            cases.push(settings.on_threads(threads, || task.measure(settings, peers))?);
        }
    }
    Ok(cases)
}

/// An environment and how many of it.
struct Task<'a> {
    /// The id, or a game's name.
    name: &'a str,
    id: &'a str,
    atari: bool,
    environments: usize,
    threads: usize,
    time_limit: Option<u32>,
    torques: usize,
    has_peers: bool,
}

impl<'a> Task<'a> {
    fn vector(id: &'a str, environments: usize, threads: usize) -> Self {
        let shared = SHARED.iter().find(|(shared, ..)| *shared == id);
        let &(_, time_limit, torques) = shared.unwrap_or(&("", None, 0));
        Self { name: id, id, atari: false, environments, threads, time_limit, torques, has_peers: shared.is_some() }
    }

    fn atari(game: &'a str, id: &'a str, environments: usize, threads: usize) -> Self {
        Self { name: game, id, atari: true, environments, threads, time_limit: None, torques: 0, has_peers: true }
    }

    fn options(&self) -> EnvOptions {
        let protocol = self.atari.then(|| ("protocol", OptionValue::from(PROTOCOL)));
        let limit = self.time_limit.map(|limit| ("max_episode_steps", OptionValue::from(i64::from(limit))));
        let torques = (self.torques > 0).then(|| ("torques", OptionValue::from(self.torques as i64)));
        protocol.into_iter().chain(limit).chain(torques).collect()
    }

    fn measure(&self, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
        let kind = match settings.registry.make(self.id, &self.options()) {
            Ok(env) => env.kind(),
            // A game whose ROM is not there.
            Err(error) if self.atari => return Ok(self.skipped(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        match kind {
            ElementKind::F32 => self.compare::<f32>(settings, peers),
            ElementKind::U8 => self.compare::<u8>(settings, peers),
        }
    }

    fn compare<E: Observed>(&self, settings: &Settings, peers: &Peers) -> Result<Case, BenchError> {
        let made = |_| Ok(E::env(settings.registry.make(self.id, &self.options())?));
        let envs: Vec<Option<BoxedEnv<E>>> = (0..self.environments).map(made).collect::<Result<_, BenchError>>()?;
        let mut envs: Vec<BoxedEnv<E>> = envs.into_iter().flatten().collect();
        let mut comparison = match (self.environments, envs.pop()) {
            (1, Some(env)) => self.comparison(Alone::new(env, self)?),
            (_, last) => {
                envs.extend(last);
                self.comparison(Together::new(envs, self)?)
            }
        };
        let gymnasium = ("gymnasium", if self.environments == 1 { GYMNASIUM } else { GYMNASIUM_TOGETHER });
        let ale = self.atari.then_some(("ale-py", ALE));
        for (name, does) in [gymnasium, ("envpool", ENVPOOL)].into_iter().chain(ale).filter(|_| self.has_peers) {
            if let Some(peer) = peers.start(&self.program(name, does, &self.arguments(name))) {
                comparison.against(peer);
            }
        }
        comparison.run(settings)
    }

    fn comparison<'c>(&self, deepq: impl Contender + 'c) -> Comparison<'c> {
        let case = if self.environments == 1 {
            self.name.to_owned()
        } else {
            format!("{} x {}", self.name, self.environments)
        };
        let mut comparison = Comparison::new("envs", case, self.threads, "agent step", Better::Rate, deepq);
        comparison.frames_per_unit = self.atari.then_some(FRAME_SKIP);
        comparison
    }

    fn arguments(&self, peer: &str) -> Vec<String> {
        let mut arguments = vec![peer.to_owned(), self.name.to_owned()];
        let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        add("--envs", self.environments.to_string());
        add("--threads", self.threads.to_string());
        if let Some(limit) = self.time_limit {
            add("--time-limit", limit.to_string());
        }
        if self.torques > 0 {
            add("--torques", self.torques.to_string());
        }
        arguments.extend(self.atari.then(|| "--atari".to_owned()));
        arguments
    }

    fn program<'p>(&self, name: &'p str, does: &'p str, arguments: &'p [String]) -> Program<'p> {
        let needs: &[&str] = match (name, self.atari) {
            ("gymnasium", true) => &["gymnasium", "ale-py", "opencv-python-headless"],
            ("gymnasium", false) if self.name.contains("LunarLander") => &["gymnasium", "Box2D"],
            ("gymnasium", false) => &["gymnasium"],
            ("envpool", _) => &["envpool"],
            _ => &["ale-py", "gymnasium"],
        };
        Program { name, does, file: "envs.py", arguments, needs, threads: self.threads }
    }

    fn work<E: Observed>(&self, env: &BoxedEnv<E>) -> Value {
        let mut work = json!({
            "environment": self.name,
            "environments": self.environments,
            "observation_elements": env.observation_space().len(),
            "actions": env.action_space().n(),
            "time_limit": self.time_limit,
        });
        if self.atari {
            work["frame_skip"] = FRAME_SKIP.into();
            work["frame_stack"] = 4.into();
            work["noop_max"] = 30.into();
        }
        work
    }

    fn skipped(&self, reason: String) -> Case {
        Case {
            benchmark: "envs".to_owned(),
            case: self.name.to_owned(),
            threads: self.threads,
            unit: "agent step".to_owned(),
            read_as: Better::Rate,
            frames_per_unit: None,
            work: Value::Null,
            sides: Vec::new(),
            skipped: vec![Skipped { name: "deepq".to_owned(), reason }],
        }
    }
}

/// Actions drawn before anything is timed.
fn actions(n: usize, actions: usize) -> Vec<usize> {
    let mut rng: NumpyRng = Seeds::new(1).stream("actions");
    (0..n).map(|_| rng.index(actions)).collect()
}

struct Alone<E: Observed> {
    env: BoxedEnv<E>,
    observation: Vec<E>,
    actions: Vec<usize>,
    work: Value,
}

impl<E: Observed> Alone<E> {
    fn new(mut env: BoxedEnv<E>, task: &Task<'_>) -> Result<Self, BenchError> {
        let mut observation = vec![E::default(); env.observation_space().len()];
        env.reset(&Reset::seeded(1), &mut observation)?;
        let (actions, work) = (actions(CALL, env.action_space().n()), task.work(&env));
        Ok(Self { env, observation, actions, work })
    }
}

impl<E: Observed> Contender for Alone<E> {
    fn does(&self) -> &str {
        ALONE
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        blocks(seconds, self.actions.len() as u64, || {
            for &action in &self.actions {
                let step = self.env.step(action, &mut self.observation)?;
                if step.status.is_over() {
                    self.env.reset(&Reset::default(), &mut self.observation)?;
                }
            }
            Ok(())
        })
    }
}

struct Together<E: Observed> {
    envs: VectorEnv<BoxedEnv<E>>,
    into: VectorStep<E>,
    actions: Vec<usize>,
    work: Value,
}

impl<E: Observed> Together<E> {
    fn new(envs: Vec<BoxedEnv<E>>, task: &Task<'_>) -> Result<Self, BenchError> {
        let mut envs = VectorEnv::new(envs)?;
        let work = task.work(&envs.envs()[0]);
        let resets: Vec<Reset> = (0..envs.len() as u64).map(Reset::seeded).collect();
        let mut observations = vec![E::default(); envs.len() * envs.observation_space().len()];
        envs.reset(&resets, &mut observations)?;
        let actions = actions(CALL.next_multiple_of(envs.len()), envs.action_space().n());
        Ok(Self { envs, into: VectorStep::new(), actions, work })
    }
}

impl<E: Observed> Contender for Together<E> {
    fn does(&self) -> &str {
        TOGETHER
    }

    fn work(&self) -> &Value {
        &self.work
    }

    fn round(&mut self, seconds: f64) -> Result<Samples, BenchError> {
        let n = self.envs.len();
        blocks(seconds, self.actions.len() as u64, || {
            Ok(self.actions.chunks_exact(n).try_for_each(|actions| self.envs.step(actions, &mut self.into))?)
        })
    }
}
