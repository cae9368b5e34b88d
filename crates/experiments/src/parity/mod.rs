//! Replays episodes that Gymnasium recorded and compares every bit.
//!
//! A trace is a file of JSON lines: a header that names the environment, then one line an episode (vectors: the bits of
//! every observation component and reward) or one line a run with its resets (Atari: a CRC-32 of every frame). The
//! programs that record them stand beside the reference traces, in `assets/traces`. Files are read line by line, so
//! their length does not matter.

#[cfg(test)]
mod tests;
mod trace;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use deepq_envs::{AnyEnv, BoxedEnv, Element, EnvError, EnvOptions, Registry, Reset, Status, Step, life_is_lost};
use thiserror::Error;

use trace::{AtariRun, Episode, Header, Trace, status};

/// What a file whose every bit was equal held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equal {
    /// Episodes begun; the last one of an Atari run is usually cut off.
    pub episodes: u64,
    /// Agent steps.
    pub steps: u64,
}

impl std::fmt::Display for Equal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { episodes, steps } = self;
        let plural = |n: &u64| if *n == 1 { "" } else { "s" };
        write!(f, "{episodes} episode{}, {steps} step{}", plural(episodes), plural(steps))
    }
}

/// The first place where an environment did not do what the trace says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}:{line}: {}, {moment}: {component} should be {expected}, is {actual}", file.display(), seed.map_or("no seed".into(), |seed| format!("seed {seed}")))]
pub struct Difference {
    /// The trace.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: u64,
    /// The seed of the episode or run; without one it goes on with the generator of the line before.
    pub seed: Option<u64>,
    /// When, counted from the reset that the line begins with.
    pub moment: Moment,
    /// What differs: `observation[2]`, `frame`, `reward`, `status` or `life lost`.
    pub component: String,
    /// What the trace says, numbers with their bits.
    pub expected: String,
    /// What the environment did.
    pub actual: String,
}

/// A place in an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The reset that a line begins with.
    Reset,
    /// What the action with this index, from 0, led to.
    Step(usize),
    /// The unseeded reset after the step with this index.
    ResetAfter(usize),
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reset => write!(f, "reset"),
            Self::Step(step) => write!(f, "step {step}"),
            Self::ResetAfter(step) => write!(f, "reset after step {step}"),
        }
    }
}

/// Why a trace could not be found equal.
#[derive(Debug, Error)]
pub enum ParityError {
    /// An environment did something else than the trace says.
    #[error(transparent)]
    Difference(#[from] Box<Difference>),
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// The trace.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no trace, or a damaged one.
    #[error("{}:{line}: {reason}", file.display())]
    Format {
        /// The trace.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The environment cannot be made, or refuses what the trace asks of it.
    #[error("{}:{line}: {source}", file.display())]
    Environment {
        /// The trace.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What it says.
        source: Box<EnvError>,
    },
}

/// What became of several files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Files whose every bit was equal.
    pub equal: usize,
    /// Files in which something differs.
    pub different: usize,
    /// Files that could not be compared.
    pub failed: usize,
}

/// Replays several files and writes a line about each: how much was equal, where it first differs, or why it could not be
/// compared.
///
/// # Errors
///
/// If `to` cannot be written.
pub fn report(files: &[PathBuf], registry: &Registry, to: &mut dyn Write) -> io::Result<Verdict> {
    let (mut total, mut verdict) = (Equal::default(), Verdict::default());
    for file in files {
        match replay(file, registry) {
            Ok(equal) => {
                verdict.equal += 1;
                total.episodes += equal.episodes;
                total.steps += equal.steps;
                writeln!(to, "equal    {}: {equal}", file.display())?;
            }
            Err(error @ ParityError::Difference(_)) => {
                verdict.different += 1;
                writeln!(to, "DIFFERS  {error}")?;
            }
            Err(error) => {
                verdict.failed += 1;
                writeln!(to, "ERROR    {error}")?;
            }
        }
    }
    writeln!(to, "{} of {} files equal to the bit: {total}", verdict.equal, files.len())?;
    Ok(verdict)
}

/// Replays one file.
///
/// # Errors
///
/// [`ParityError::Difference`] at the first bit that is not as recorded; otherwise what hinders the comparison.
pub fn replay(file: &Path, registry: &Registry) -> Result<Equal, ParityError> {
    let mut trace = Trace::open(file)?;
    let mut equal = Equal::default();
    let header = trace.header()?;
    let mut made: Option<(EnvOptions, AnyEnv)> = None;
    match &header {
        Header::Episodes { env: id, options } => {
            while let Some(episode) = trace.next::<Episode>()? {
                let options = episode.kwargs.as_ref().unwrap_or(options);
                if made.as_ref().is_none_or(|(with, _)| with != options) {
                    let env = registry.make(id, options).map_err(|source| trace.environment(source))?;
                    made = Some((options.clone(), env));
                }
                if episode.seed.is_none() && equal.episodes == 0 {
                    return Err(trace.format("the first episode has no seed, and no other one goes before it".into()));
                }
                let Some((_, AnyEnv::Vector(env))) = &mut made else {
                    return Err(trace.format(format!("{id} has frames, but the trace has vectors")));
                };
                episode.check(env.observation_space().len()).map_err(|reason| trace.format(reason))?;
                replay_episode(&trace, env, &episode)?;
                equal.episodes += 1;
                equal.steps += episode.actions.len() as u64;
            }
        }
        Header::AtariRuns { env: id, options, lives } => {
            let env = registry.make(id, options).map_err(|source| trace.environment(source))?;
            let Some(mut env) = env.into_frames() else {
                return Err(trace.format(format!("{id} has vectors, but the trace has frames")));
            };
            while let Some(run) = trace.next::<AtariRun>()? {
                run.check().map_err(|reason| trace.format(reason))?;
                replay_run(&trace, &mut env, &run, *lives)?;
                equal.episodes += run.reset_obs.len() as u64;
                equal.steps += run.actions.len() as u64;
            }
        }
    }
    if equal.episodes == 0 { Err(trace.format("holds no episode".into())) } else { Ok(equal) }
}

fn replay_episode(trace: &Trace, env: &mut BoxedEnv<f32>, episode: &Episode) -> Result<(), ParityError> {
    let mut player = Player::new(trace, env, episode.seed);
    player.reset(&Reset { seed: episode.seed, bounds: episode.bounds })?;
    player.vector(Moment::Reset, &episode.obs[0])?;
    for (t, &action) in episode.actions.iter().enumerate() {
        let step = player.step(action)?;
        player.vector(Moment::Step(t), &episode.obs[t + 1])?;
        let reward = f64::from_bits(trace::bits(&episode.rewards[t]).map_err(|reason| trace.format(reason))?);
        player.reward(t, reward, step.reward)?;
        player.status(t, status(episode.terminated[t], episode.truncated[t]), step.status)?;
    }
    Ok(())
}

fn replay_run(trace: &Trace, env: &mut BoxedEnv<u8>, run: &AtariRun, lives: bool) -> Result<(), ParityError> {
    let mut player = Player::new(trace, env, Some(run.seed));
    player.reset(&Reset::seeded(run.seed))?;
    player.frame(Moment::Reset, &run.reset_obs[0])?;
    let mut next_episodes = run.reset_obs.iter().skip(1);
    // Lives are only recorded after steps: the first step of an episode has nothing to be compared with.
    let mut lives_before = None;
    for (t, &action) in run.actions.iter().enumerate() {
        let step = player.step(action)?;
        player.frame(Moment::Step(t), &run.obs[t])?;
        player.reward(t, run.rewards[t], step.reward)?;
        let status = status(run.terminated[t], run.truncated[t]);
        player.status(t, status, step.status)?;
        if let Some(before) = lives_before.filter(|_| status != Status::Terminated) {
            player.same(Moment::Step(t), "life lost", life_is_lost(before, run.lives[t]), step.life_lost)?;
        }
        lives_before = Some(run.lives[t]).filter(|_| lives && !status.is_over());
        if status.is_over()
            && let Some(first) = next_episodes.next()
        {
            player.reset(&Reset::default())?;
            player.frame(Moment::ResetAfter(t), first)?;
        }
    }
    Ok(())
}

/// Plays one line of a trace in an environment.
struct Player<'a, E: Element> {
    trace: &'a Trace,
    env: &'a mut BoxedEnv<E>,
    seed: Option<u64>,
    observation: Vec<E>,
}

impl<'a, E: Element> Player<'a, E> {
    fn new(trace: &'a Trace, env: &'a mut BoxedEnv<E>, seed: Option<u64>) -> Self {
        let observation = vec![E::default(); env.observation_space().len()];
        Self { trace, env, seed, observation }
    }

    fn reset(&mut self, reset: &Reset) -> Result<(), ParityError> {
        self.env.reset(reset, &mut self.observation).map_err(|source| self.trace.environment(source))
    }

    fn step(&mut self, action: usize) -> Result<Step, ParityError> {
        self.env.step(action, &mut self.observation).map_err(|source| self.trace.environment(source))
    }

    fn reward(&self, t: usize, expected: f64, actual: f64) -> Result<(), ParityError> {
        if expected.to_bits() == actual.to_bits() {
            return Ok(());
        }
        let show = |reward: f64| format!("{reward} (bits {:016x})", reward.to_bits());
        Err(self.difference(Moment::Step(t), "reward".into(), show(expected), show(actual)))
    }

    fn status(&self, t: usize, expected: Status, actual: Status) -> Result<(), ParityError> {
        self.same(Moment::Step(t), "status", expected, actual)
    }

    fn same<T: PartialEq + std::fmt::Debug + Copy>(
        &self,
        moment: Moment,
        component: &str,
        expected: T,
        actual: T,
    ) -> Result<(), ParityError> {
        if expected == actual {
            return Ok(());
        }
        Err(self.difference(moment, component.into(), format!("{expected:?}"), format!("{actual:?}")))
    }

    fn difference(&self, moment: Moment, component: String, expected: String, actual: String) -> ParityError {
        let (file, line) = (self.trace.file().to_path_buf(), self.trace.line());
        Box::new(Difference { file, line, seed: self.seed, moment, component, expected, actual }).into()
    }
}

impl Player<'_, f32> {
    /// Compares the observation with hexadecimal digits, eight a component.
    fn vector(&self, moment: Moment, expected: &str) -> Result<(), ParityError> {
        for (component, actual) in self.observation.iter().enumerate() {
            let digits = expected.get(8 * component..8 * (component + 1)).unwrap_or_default();
            let bits = u32::from_str_radix(digits, 16)
                .map_err(|_| self.trace.format(format!("{digits:?} is not the bits of a number")))?;
            if bits != actual.to_bits() {
                let show = |x: f32| format!("{x} (bits {:08x})", x.to_bits());
                let component = format!("observation[{component}]");
                return Err(self.difference(moment, component, show(f32::from_bits(bits)), show(*actual)));
            }
        }
        Ok(())
    }
}

impl Player<'_, u8> {
    /// Compares the observation with its CRC-32.
    fn frame(&self, moment: Moment, expected: &str) -> Result<(), ParityError> {
        let actual = format!("{:08x}", crc32fast::hash(&self.observation));
        if actual == *expected {
            return Ok(());
        }
        Err(self.difference(moment, "frame".into(), format!("CRC-32 {expected}"), format!("CRC-32 {actual}")))
    }
}
