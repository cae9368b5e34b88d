//! `deepq train` with several seeds: the seeds as they are written, a log for each, and the table at the end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context as _;
use deepq_experiments::listeners::{Screen, duration, grouped};
use deepq_experiments::plot;
use deepq_experiments::run::{EvaluationFigures, Finished};
use deepq_experiments::session::{self, Aggregate, Group, SeedRun, SeedsSummary, Settings};

use super::logging::{self, LogFiles};
use super::{interrupt, output, results};

/// More seeds are taken for a slip of the hand.
const MOST: usize = 1000;

/// Seeds, as `1..5` (both ends included) or `3,7,11`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeedList(pub(super) Vec<u64>);

impl FromStr for SeedList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim().parse::<u64>().map_err(|_| format!("{text:?} is no seed; seeds look like 1..5 or 3,7,11"))
        };
        let seeds: Vec<u64> = match text.split_once("..") {
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
                if first > last {
                    return Err(format!("{first}..{last} holds no seed"));
                }
                (first..=last).take(MOST + 1).collect()
            }
            None => text.split(',').map(number).collect::<Result<_, _>>()?,
        };
        if seeds.len() > MOST {
            return Err(format!("at most {MOST} seeds"));
        }
        match seeds.iter().enumerate().find(|(i, seed)| seeds[..*i].contains(seed)) {
            Some((_, twice)) => Err(format!("seed {twice} is named twice")),
            None => Ok(Self(seeds)),
        }
    }
}

/// Trains the seeds of a group, as many at a time as `jobs` says; `video`: a game of each one's best weights is recorded.
pub(super) fn run(
    group: &Group,
    jobs: u16,
    video: bool,
    log: &LogFiles,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let settings_of = |seed, run: &Path| {
        let (log, path) = (log.clone(), run.join("log.txt"));
        Settings {
            screen: settings.screen.labelled(&format!("seed {seed}")),
            on_start: Arc::new(move || log.open(&path)),
            on_thread: Arc::new(move || logging::belongs_to(seed)),
            ..settings.clone()
        }
    };
    let runs = session::train_seeds(group, jobs.into(), settings, &settings_of)?;
    let summary = SeedsSummary::new(&runs);
    let folder = group.folder();
    let path = folder.join("seeds.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&summary)?);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    show(&settings.screen, &runs, &summary);
    for run in runs.iter().filter(|run| summary.seeds.contains(&run.seed)) {
        results::write(&run.folder, video, settings);
    }
    if let Err(error) = plot::write_curves(folder) {
        tracing::warn!("no curves of all seeds: {error}");
    }
    let interrupted = !summary.unfinished.is_empty() || runs.len() < group.seeds().len();
    if interrupted {
        settings.screen.line(&format!("To go on: cargo xtask train --resume {}", folder.display()));
    }
    output::print(&format!("{}\n", folder.display()))?;
    Ok(if runs.iter().any(|run| run.outcome.is_err()) {
        ExitCode::FAILURE
    } else if interrupted {
        interrupt::exit_code()
    } else {
        ExitCode::SUCCESS
    })
}

/// The table, also on a quiet screen: it is what was asked for.
fn show(screen: &Screen, runs: &[SeedRun], summary: &SeedsSummary) {
    screen.line(&format!("{:>6}  {:>10}  {:>8}  {:>26}  {:>26}", "seed", "steps", "time", "best", "last"));
    for SeedRun { seed, outcome, .. } in runs {
        screen.line(&match outcome {
            Ok(run) => {
                let time = duration(std::time::Duration::from_secs_f64(run.seconds));
                let (best, last) = (figures(&run.best_evaluation), figures(&run.last_evaluation));
                let interrupted = if run.finished == Finished::Interrupted { "  (interrupted)" } else { "" };
                format!("{seed:>6}  {:>10}  {time:>8}  {best:>26}  {last:>26}{interrupted}", grouped(run.agent_steps))
            }
            Err(error) => format!("{seed:>6}  failed: {}", error.to_string().lines().next().unwrap_or_default()),
        });
    }
    for (name, aggregate) in [("best", &summary.best_evaluation), ("last", &summary.last_evaluation)] {
        if let Some(Aggregate { interquartile_mean, interval: [low, high] }) = aggregate {
            // One run says nothing of others.
            let n = summary.seeds.len();
            screen.line(&if n == 1 {
                format!("{name} evaluation: mean {interquartile_mean:.1}, 1 seed")
            } else {
                format!(
                    "{name} evaluation: interquartile mean {interquartile_mean:.1}, 95 % interval {low:.1} to {high:.1}, {n} seeds"
                )
            });
        }
    }
}

fn figures(evaluation: &Option<EvaluationFigures>) -> String {
    evaluation.as_ref().map_or_else(String::new, |e| format!("{:.1} ± {:.1} ({})", e.mean, e.std, grouped(e.at_step)))
}

/// The folder of a group of runs.
pub(super) fn folder(experiment: &str, seeds: &SeedList, timestamp: &str) -> PathBuf {
    let SeedList(seeds) = seeds;
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    PathBuf::from("runs").join(format!("{experiment}-s{first}to{last}-{timestamp}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<SeedList>().map(|SeedList(seeds)| seeds);
        assert_eq!(read("1..5"), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(read("3..=4"), Ok(vec![3, 4]));
        assert_eq!(read("7"), Ok(vec![7]));
        assert_eq!(read("3, 7,11"), Ok(vec![3, 7, 11]));
        for wrong in ["", "1..", "5..1", "1,1", "a..b", "-1", "0..18446744073709551615"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
