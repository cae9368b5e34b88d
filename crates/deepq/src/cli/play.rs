//! `deepq play`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use deepq_commands::Play;
use deepq_envs::AnyEnv;
use deepq_experiments::listeners::Screen;
use deepq_experiments::play::agent;
use deepq_experiments::play::person::{self, Settings};
use deepq_experiments::play::{self, Leave, PlayError, SPEEDS, Score};
use deepq_experiments::session::{self, EvaluationRequest};
use deepq_experiments::terminal::Terminal;

use super::machine::Machine;
use super::usage_error::{self, UsageError};
use super::{interrupt, logging, roms, stdout};

/// Plays.
pub(super) fn run(arguments: &Play) -> anyhow::Result<ExitCode> {
    let machine = Machine::read(&arguments.machine)?;
    within_limits(arguments.speed)?;
    let left = match (&arguments.watch, &arguments.environment) {
        (Some(run), _) => watch(run, arguments, &machine)?,
        (None, Some(name)) => person(name, arguments)?,
        (None, None) => anyhow::bail!("name an environment, or a run with --watch"),
    };
    Ok(if left == Leave::Interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

fn person(name: &str, arguments: &Play) -> anyhow::Result<Leave> {
    let env = play::environment(name, &arguments.set, &roms::registry(&arguments.machine.roms));
    let env = env.map_err(|error| usage_error::no_environment(name).unwrap_or_else(|| usage_error::unknown(error)))?;
    let settings = Settings { seed: arguments.seed.unwrap_or_else(another_seed), speed: arguments.speed };
    let stop = interrupt::flag_of_terminal()?;
    let (mut terminal, mut score) = (Terminal::take()?, Score::default());
    let left = match env {
        AnyEnv::Vector(env) => person::play(env, settings, &mut terminal, &mut score, &stop),
        AnyEnv::Frames(env) => person::play(env, settings, &mut terminal, &mut score, &stop),
    };
    drop(terminal);
    stdout::print(&format!("seed {}: {}\n", settings.seed, reached(&score)))?;
    Ok(left?)
}

fn watch(run: &Path, arguments: &Play, machine: &Machine<'_>) -> anyhow::Result<Leave> {
    Terminal::there()?;
    let screen = Screen::new(false);
    logging::start(&screen);
    let stop = interrupt::flag_of_terminal()?;
    let settings = machine.settings(&screen, stop.clone())?;
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
    stdout::print(&format!("{}\n", reached(&score)))?;
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

fn within_limits(speed: f64) -> Result<(), UsageError> {
    let (slowest, fastest) = SPEEDS;
    if (slowest..=fastest).contains(&speed) {
        return Ok(());
    }
    Err(usage_error::not_allowed("speed", speed, format!("it must be a number from {slowest} to {fastest}")))
}
