//! `deepq play`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use deepq_envs::AnyEnv;
use deepq_experiments::listeners::Screen;
use deepq_experiments::play::agent;
use deepq_experiments::play::person::{self, Settings};
use deepq_experiments::play::{self, Leave, PlayError, SPEEDS, Score};
use deepq_experiments::session::{self, EvaluationRequest};
use deepq_experiments::terminal::Terminal;

use super::machine::Machine;
use super::{interrupt, logging, mistakes, number, output};

const EXAMPLES: &str = "\
Examples:
  deepq play CartPole-v1
  deepq play ALE/Breakout-v5 --seed 7
  deepq play PongNoFrameskip-v4 --set environment.difficulty=1
  deepq play lunarlander               as this experiment is evaluated
  deepq play --watch runs/first-pong   the agent plays
  deepq play --watch runs/first-pong --checkpoint last --speed 4

Keys: arrows or W, A, S, D and the space bar, or an action's number; r
restarts, p pauses, h lets keys be held until the next one, for terminals that
do not tell when a key is let go; q, Esc or Ctrl-C ends. Who watches has space
to pause, n for one step, + and - for the speed.";

/// Arguments of `deepq play`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An environment's id or an experiment's name, as `deepq list` shows them, or an experiment's TOML file
    #[arg(required_unless_present = "watch")]
    environment: Option<String>,
    /// Watch this run's agent play, by its experiment's protocol
    #[arg(long, value_name = "RUN", conflicts_with_all = ["environment", "set"])]
    watch: Option<PathBuf>,
    /// best, last, a checkpoint's folder or a safetensors file of weights [default: best]
    #[arg(long, value_name = "best|last|FILE", requires = "watch")]
    checkpoint: Option<String>,
    /// The seed of the first episode [default: another one each time]; with --watch the root of all randomness
    /// [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    seed: Option<u64>,
    /// Override a key of the experiment, as environment.frame_skip=2
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many times as fast as the game's own speed
    #[arg(long, value_name = "X", default_value = "1", allow_negative_numbers = true, value_parser = speed)]
    speed: f64,
    #[command(flatten)]
    machine: Machine,
}

/// Plays.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let left = match (&arguments.watch, &arguments.environment) {
        (Some(run), _) => watch(run, arguments)?,
        (None, Some(name)) => person(name, arguments)?,
        (None, None) => anyhow::bail!("name an environment, or a run with --watch"),
    };
    Ok(if left == Leave::Interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

fn person(name: &str, arguments: &Arguments) -> anyhow::Result<Leave> {
    let env = play::environment(name, &arguments.set, &arguments.machine.roms.registry());
    let env = env.map_err(|error| mistakes::no_environment(name).unwrap_or_else(|| mistakes::unknown(error)))?;
    let settings = Settings { seed: arguments.seed.unwrap_or_else(another_seed), speed: arguments.speed };
    let stop = interrupt::flag_of_terminal()?;
    let (mut terminal, mut score) = (Terminal::take()?, Score::default());
    let left = match env {
        AnyEnv::Vector(env) => person::play(env, settings, &mut terminal, &mut score, &stop),
        AnyEnv::Frames(env) => person::play(env, settings, &mut terminal, &mut score, &stop),
    };
    drop(terminal);
    output::print(&format!("seed {}: {}\n", settings.seed, reached(&score)))?;
    Ok(left?)
}

fn watch(run: &Path, arguments: &Arguments) -> anyhow::Result<Leave> {
    Terminal::there()?;
    let screen = Screen::new(false);
    logging::start(&screen);
    let stop = interrupt::flag_of_terminal()?;
    let settings = arguments.machine.settings(&screen, stop.clone())?;
    let request = EvaluationRequest {
        checkpoint: arguments.checkpoint.as_deref().unwrap_or("best").into(),
        // Until the watcher has seen enough.
        episodes: Some(usize::MAX),
        seed: arguments.seed,
    };
    let (speed, mut score) = (arguments.speed, Score::default());
    let watched = session::watch(run, &request, &settings, |gameplay| -> Result<Leave, PlayError> {
        let mut terminal = Terminal::take()?;
        agent::watch(gameplay, speed, &mut terminal, &mut score, &stop)
    });
    let left = watched??;
    output::print(&format!("{}\n", reached(&score)))?;
    Ok(left)
}

/// The returns of the episodes that came to their end.
fn reached(score: &Score) -> String {
    let returns: Vec<String> = score.returns().iter().map(|total| format!("{total:.2}")).collect();
    match &*returns {
        [] => "no episode came to its end".to_owned(),
        [only] => format!("1 episode, return {only}"),
        all => format!("{} episodes, returns {}", all.len(), all.join(", ")),
    }
}

/// A seed that is short enough to be typed again.
fn another_seed() -> u64 {
    const SEEDS: u128 = 1_000_000;
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| (time.as_nanos() / 1_000 % SEEDS) as u64)
}

fn speed(text: &str) -> Result<f64, String> {
    let (slowest, fastest) = SPEEDS;
    let speed = text.parse().ok().filter(|speed| (slowest..=fastest).contains(speed));
    speed.ok_or_else(|| format!("it must be a number from {slowest} to {fastest}"))
}
