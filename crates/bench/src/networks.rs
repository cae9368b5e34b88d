//! The five Q-networks of the benchmarks `update` and `act`, in agents of ours.

use deepq_agents::{Agent, AgentParts, ClipReward, Dqn, DqnSpec, LearningStarts, Schedule, TargetUpdate, UpdateSpec};
use deepq_envs::{Element, NumpyRng, Seeds};
use deepq_nets::{Device, Head, Initialisation, NetworkSpec, OptimizerSpec, Torso};
use deepq_replay::{End, Layout, ReplaySpec, Transition};
use serde_json::{Value, json};

use crate::comparison::Comparison;
use crate::peer::{Peers, Program};
use crate::report::Case;
use crate::{BenchError, Settings};

/// Of the gradient steps that a round may make none is ever missing.
const WITHOUT_END: u64 = 1 << 40;
const DISCOUNT: f64 = 0.99;
const LEARNING_RATE: f64 = 1e-4;
/// One transition in so many ends an episode.
const EPISODE: usize = 20;

/// An element type that observations can be made up of.
pub(crate) trait MadeUp: Element {
    /// Its name in NumPy.
    const NAME: &'static str;

    /// A random value.
    fn draw(rng: &mut NumpyRng) -> Self;
}

impl MadeUp for f32 {
    const NAME: &'static str = "float32";

    fn draw(rng: &mut NumpyRng) -> Self {
        rng.standard_normal() as f32
    }
}

impl MadeUp for u8 {
    const NAME: &'static str = "uint8";

    fn draw(rng: &mut NumpyRng) -> Self {
        rng.next_u32() as u8
    }
}

/// A network with its batch.
pub(crate) struct Network {
    /// Its name.
    pub(crate) name: &'static str,
    /// The shape of an observation; frames are bytes.
    pub(crate) observation: &'static [usize],
    /// Transitions in an update.
    pub(crate) batch: usize,
    actions: usize,
    hidden: &'static [usize],
    dueling: bool,
}

/// All five; `benches/peers/networks.py` has the same.
const NETWORKS: [Network; 5] = [
    Network { name: "mlp4", observation: &[4], batch: 64, actions: 2, hidden: &[64, 64], dueling: false },
    Network { name: "mlp8", observation: &[8], batch: 64, actions: 4, hidden: &[128], dueling: false },
    Network { name: "mlp256", observation: &[8], batch: 128, actions: 4, hidden: &[256, 256], dueling: false },
    Network { name: "nature", observation: &[4, 84, 84], batch: 32, actions: 6, hidden: &[512], dueling: false },
    Network { name: "dueling", observation: &[4, 84, 84], batch: 32, actions: 6, hidden: &[512], dueling: true },
];

/// Measures each network that is wanted on each number of threads.
pub(crate) fn cases(
    settings: &Settings,
    measure: impl Fn(&Network, usize) -> Result<Case, BenchError> + Sync,
) -> Result<Vec<Case>, BenchError> {
    let mut cases = Vec::new();
    for &threads in &settings.threads {
        for network in NETWORKS.iter().filter(|network| settings.wants(network.name)) {
            cases.push(settings.on_threads(threads, || measure(network, threads))?);
        }
    }
    Ok(cases)
}

impl Network {
    /// Lets PyTorch take part, in its default form and tuned; `does` says what each does.
    pub(crate) fn against_torch(&self, comparison: &mut Comparison<'_>, file: &str, does: [&str; 2], peers: &Peers) {
        let threads = comparison.threads;
        for ((name, tuned), does) in [("torch", None), ("torch tuned", Some("--tuned"))].into_iter().zip(does) {
            let arguments: Vec<String> =
                [self.name, "--threads", &threads.to_string()].into_iter().chain(tuned).map(str::to_owned).collect();
            let program = Program { name, does, file, arguments: &arguments, needs: &["torch", "numpy"], threads };
            if let Some(peer) = peers.start(&program) {
                comparison.against(peer);
            }
        }
    }

    /// Whether observations are frames.
    pub(crate) fn is_of_frames(&self) -> bool {
        self.observation.len() > 1
    }

    fn spec(&self) -> NetworkSpec {
        let hidden = self.hidden.to_vec();
        let (torso, head) = match (self.is_of_frames(), self.dueling) {
            (false, _) => (Torso::Mlp { hidden }, Head::Single { hidden: Vec::new() }),
            (true, false) => (Torso::Nature {}, Head::Single { hidden }),
            (true, true) => (Torso::Nature {}, Head::Dueling { hidden }),
        };
        NetworkSpec { initialisation: Initialisation::Pytorch, ..NetworkSpec::new(torso, head) }
    }

    /// A double-DQN agent whose replay holds one batch of made-up transitions, and of which every call of
    /// [`Agent::learn`] makes an update.
    pub(crate) fn agent<E: MadeUp>(&self) -> Result<Dqn<E>, BenchError> {
        let seeds = Seeds::new(0);
        let mut rng = seeds.stream("made up");
        let len: usize = self.observation.iter().product();
        let spec = DqnSpec {
            discount: DISCOUNT,
            double: true,
            target_update: TargetUpdate::Updates(WITHOUT_END),
            clip_reward: ClipReward::None,
            ..DqnSpec::nature_2015()
        };
        let updates = UpdateSpec {
            batch_size: self.batch,
            learning_starts: LearningStarts::Steps(0),
            update_every: 1,
            gradient_steps: WITHOUT_END,
        };
        let parts = AgentParts {
            network: &self.spec(),
            optimizer: &OptimizerSpec::adam(LEARNING_RATE),
            observation_shape: self.observation,
            actions: self.actions,
            streams: 1,
            seeds: &seeds,
            device: &Device::Cpu,
        };
        let replay = ReplaySpec::uniform(self.batch).build(&Layout::single(len), DISCOUNT).map_err(BenchError::from)?;
        let mut agent = Dqn::new(&spec, &updates, &Schedule::Constant { value: 0.0 }, replay, &parts)?;
        let mut observation = || (0..len).map(|_| E::draw(&mut rng)).collect::<Vec<E>>();
        for i in 0..self.batch {
            if i % EPISODE == 0 {
                agent.begin_episode(0, &observation())?;
            }
            let end = if i % EPISODE == EPISODE - 1 { End::TERMINATED } else { End::RUNNING };
            let (action, reward) = ((i % self.actions) as u32, (i % 3) as f32 - 1.0);
            agent.observe(0, &Transition { action, reward, next_observation: &observation(), end })?;
        }
        // One agent step makes all updates due.
        agent.act(&observation(), &mut [0])?;
        Ok(agent)
    }

    /// An observation.
    pub(crate) fn observation<E: MadeUp>(&self) -> Vec<E> {
        let mut rng = Seeds::new(1).stream("made up");
        (0..self.observation.iter().product()).map(|_| E::draw(&mut rng)).collect()
    }

    /// What is the same for every contender, beside what the benchmark adds.
    pub(crate) fn work<E: MadeUp>(&self, agent: &Dqn<E>, more: &Value) -> Value {
        let mut work = json!({
            "network": self.name,
            "parameters": agent.parameters().count(),
            "observation": self.observation,
            "element": E::NAME,
            "actions": self.actions,
        });
        if let (Some(work), Some(more)) = (work.as_object_mut(), more.as_object()) {
            work.extend(more.clone());
        }
        work
    }
}
