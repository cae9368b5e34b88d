//! The format of recorded episodes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use deepq_envs::{EnvError, EnvOptions, Status};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ParityError;

/// No line of a trace is longer, in bytes: an episode of 100,000 steps of LunarLander has 10 MB.
const LONGEST_LINE: u64 = 64 << 20;

/// A trace that is being read, and where in it the reader stands.
pub(super) struct Trace {
    file: PathBuf,
    reader: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
}

/// What a trace says of itself.
pub(super) enum Header {
    /// Whole episodes of vectors, each from a seeded reset.
    Episodes { env: String, options: EnvOptions },
    /// Runs of Atari, over several episodes, from a seeded reset each. Lost lives can be compared where the game is
    /// preprocessed.
    AtariRuns { env: String, options: EnvOptions, lives: bool },
}

/// The header as it is written; the versions of the programs that recorded the trace are for people.
#[derive(Deserialize)]
struct HeaderLine {
    header: HeaderFields,
}

#[derive(Deserialize)]
struct HeaderFields {
    env: String,
    #[serde(default)]
    kwargs: EnvOptions,
    frame_skip: Option<u32>,
    repeat_action_probability: Option<f64>,
    full_action_space: Option<bool>,
    mode: Option<u32>,
    difficulty: Option<u32>,
    max_episode_frames: Option<u32>,
    noop_max: Option<u32>,
    terminal_on_life_loss: Option<bool>,
}

/// One episode of vectors. All lists have one entry a step; `obs` has one more, the reset's, before them.
#[derive(Deserialize)]
pub(super) struct Episode {
    /// Without one the generator of the episode before goes on.
    pub(super) seed: Option<u64>,
    /// Bounds of the start state, where they are not the usual ones.
    pub(super) bounds: Option<(f64, f64)>,
    pub(super) kwargs: Option<EnvOptions>,
    pub(super) actions: Vec<usize>,
    /// The bits of each component as eight hexadecimal digits.
    pub(super) obs: Vec<String>,
    /// The bits of the `f64` as 16 hexadecimal digits.
    pub(super) rewards: Vec<String>,
    pub(super) terminated: Vec<u8>,
    pub(super) truncated: Vec<u8>,
}

/// A run of Atari. All lists have one entry a step, but for the two about resets.
#[derive(Deserialize)]
pub(super) struct AtariRun {
    pub(super) seed: u64,
    pub(super) actions: Vec<usize>,
    /// CRC-32 of the frame as eight hexadecimal digits.
    pub(super) obs: Vec<String>,
    pub(super) rewards: Vec<f64>,
    pub(super) terminated: Vec<u8>,
    pub(super) truncated: Vec<u8>,
    pub(super) lives: Vec<u32>,
    /// The steps after which there was an unseeded reset.
    pub(super) reset: Vec<usize>,
    /// CRC-32 of the first frame of each episode, the seeded reset's first.
    pub(super) reset_obs: Vec<String>,
}

impl Trace {
    /// Opens a file.
    pub(super) fn open(file: &Path) -> Result<Self, ParityError> {
        let opened = File::open(file).map_err(|source| ParityError::Read { file: file.into(), source })?;
        Ok(Self { file: file.into(), reader: BufReader::new(opened), line: 0, buffer: Vec::new() })
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the first line.
    pub(super) fn header(&mut self) -> Result<Header, ParityError> {
        let Some(HeaderLine { header }) = self.next()? else {
            return Err(self.format("an empty file is no trace".into()));
        };
        if header.frame_skip.is_none() {
            return Ok(Header::Episodes { env: header.env, options: header.kwargs });
        }
        let lives = header.noop_max.is_some();
        Ok(Header::AtariRuns { env: header.env.clone(), options: header.atari_options(), lives })
    }

    /// Reads the next line, if there is one; empty lines do not count.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ParityError> {
        loop {
            self.buffer.clear();
            let mut limited = self.reader.by_ref().take(LONGEST_LINE + 1);
            let length = limited
                .read_until(b'\n', &mut self.buffer)
                .map_err(|source| ParityError::Read { file: self.file.clone(), source })?;
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            if length as u64 > LONGEST_LINE {
                return Err(self.format(format!("longer than {LONGEST_LINE} bytes; this is no trace")));
            }
            if !self.buffer.trim_ascii().is_empty() {
                let parsed = serde_json::from_slice(&self.buffer);
                return parsed.map(Some).map_err(|error| self.format(error.to_string()));
            }
        }
    }

    /// An error in the line that was read last.
    pub(super) fn format(&self, reason: String) -> ParityError {
        ParityError::Format { file: self.file.clone(), line: self.line, reason }
    }

    /// What an environment says to the line that was read last.
    pub(super) fn environment(&self, source: EnvError) -> ParityError {
        ParityError::Environment { file: self.file.clone(), line: self.line, source: Box::new(source) }
    }
}

impl HeaderFields {
    /// The settings of a game, as options of the registry. A game whose first actions are drawn is a preprocessed one.
    fn atari_options(self) -> EnvOptions {
        let mut options = self.kwargs;
        // Gymnasium's default would be another one.
        options.insert("repeat_action_probability", self.repeat_action_probability.unwrap_or(0.0));
        options.insert("full_action_space", self.full_action_space.unwrap_or(false));
        let numbers = [
            ("frame_skip", self.frame_skip),
            ("mode", self.mode),
            ("difficulty", self.difficulty),
            ("max_episode_frames", self.max_episode_frames),
            ("noop_max", self.noop_max),
        ];
        for (name, value) in numbers {
            if let Some(value) = value {
                options.insert(name, value);
            }
        }
        if self.noop_max.is_some() {
            let terminal = self.terminal_on_life_loss.unwrap_or(false);
            options.insert("terminal_on_life_loss", terminal);
            // Changes nothing that the trace holds, but makes lost lives known.
            options.insert("life_loss_ends_episode", !terminal);
        }
        options
    }
}

impl Episode {
    /// Checks all that replaying relies on; `observation` is the number of components.
    pub(super) fn check(&self, observation: usize) -> Result<(), String> {
        let steps = self.actions.len();
        has_length("obs", self.obs.len(), steps + 1)?;
        has_length("rewards", self.rewards.len(), steps)?;
        flags_fit(&self.terminated, &self.truncated, steps)?;
        if let Some(wrong) = self.obs.iter().find(|digits| digits.len() != 8 * observation) {
            let has = wrong.len();
            return Err(format!("an observation has {has} hexadecimal digits, {observation} components have 8 each"));
        }
        match self.ends().next() {
            Some(end) if end + 1 < steps => Err(format!("the episode is over at step {end}, but more steps follow")),
            _ => Ok(()),
        }
    }

    fn ends(&self) -> impl Iterator<Item = usize> {
        ends(&self.terminated, &self.truncated)
    }
}

impl AtariRun {
    /// Checks all that replaying relies on.
    pub(super) fn check(&self) -> Result<(), String> {
        let steps = self.actions.len();
        has_length("obs", self.obs.len(), steps)?;
        has_length("rewards", self.rewards.len(), steps)?;
        has_length("lives", self.lives.len(), steps)?;
        flags_fit(&self.terminated, &self.truncated, steps)?;
        has_length("reset_obs", self.reset_obs.len(), self.reset.len() + 1)?;
        if ends(&self.terminated, &self.truncated).eq(self.reset.iter().copied()) {
            Ok(())
        } else {
            Err("the resets are not where the episodes end".into())
        }
    }
}

/// The status that Gymnasium's two flags mean. Where an episode terminates at its time limit both are set; what stops
/// bootstrapping is the termination.
pub(super) fn status(terminated: u8, truncated: u8) -> Status {
    match (terminated, truncated) {
        (0, 0) => Status::Running,
        (0, _) => Status::Truncated,
        _ => Status::Terminated,
    }
}

/// The 64 bits that 16 hexadecimal digits stand for.
pub(super) fn bits(digits: &str) -> Result<u64, String> {
    let right = digits.len() == 16;
    let bits = u64::from_str_radix(digits, 16).ok().filter(|_| right);
    bits.ok_or_else(|| format!("{digits:?} is not the bits of a reward, 16 hexadecimal digits"))
}

fn ends<'a>(terminated: &'a [u8], truncated: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let flags = terminated.iter().zip(truncated).enumerate();
    flags.filter(|(_, (terminated, truncated))| status(**terminated, **truncated).is_over()).map(|(step, _)| step)
}

fn flags_fit(terminated: &[u8], truncated: &[u8], steps: usize) -> Result<(), String> {
    has_length("terminated", terminated.len(), steps)?;
    has_length("truncated", truncated.len(), steps)?;
    match terminated.iter().chain(truncated).find(|flag| **flag > 1) {
        Some(flag) => Err(format!("a flag is {flag}; it is 0 or 1")),
        None => Ok(()),
    }
}

fn has_length(list: &str, actual: usize, expected: usize) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{list} has {actual} entries, it should have {expected}")) }
}
