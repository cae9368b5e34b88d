//! `deepq train` with several seeds: a log for each, and the table at the end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deepq_experiments::listeners::Screen;
use deepq_experiments::session::{self, Group, SeedRun, Settings};
use deepq_report::{Aggregate, SeedsSummary, plot};
use deepq_runs::{EvaluationFigures, Finished, duration, grouped};

use super::logging::{self, LogFiles};
use super::{artifacts, interrupt, stdout};

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
    let summaries: Vec<_> = runs.iter().filter_map(|run| run.outcome.as_ref().ok()).collect();
    let summary = SeedsSummary::new(group.seeds(), &summaries);
    let folder = group.folder();
    summary.write(folder)?;
    show(&settings.screen, &runs, &summary);
    for run in runs.iter().filter(|run| summary.seeds.contains(&run.seed)) {
        artifacts::write(&run.folder, video, settings);
    }
    if let Err(error) = plot::write_curves(folder) {
        tracing::warn!("no curves of all seeds: {error}");
    }
    let interrupted = !summary.unfinished.is_empty() || runs.len() < group.seeds().len();
    if interrupted {
        interrupt::to_go_on(&settings.screen, "To go on:", folder);
    }
    stdout::print(&format!("{}\n", folder.display()))?;
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
    for line in table(runs) {
        screen.line(&line);
    }
    for SeedRun { seed, outcome, .. } in runs {
        match outcome {
            Ok(run) if run.finished == Finished::Interrupted => screen.line(&format!("seed {seed} was interrupted")),
            Ok(_) => {}
            Err(error) => {
                let why = error.to_string();
                screen.line(&format!("seed {seed} failed: {}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    for (name, aggregate) in [("best", &summary.best_evaluation), ("last", &summary.last_evaluation)] {
        if let Some(Aggregate { interquartile_mean, interval: [low, high] }) = aggregate {
            // One run says nothing of others.
            let n = summary.seeds.len();
            screen.line(&if n == 1 {
                format!("{name}: mean {interquartile_mean:.1}, 1 seed")
            } else {
                format!(
                    "{name}: interquartile mean {interquartile_mean:.1}, 95 % interval {low:.1} to {high:.1}, {n} seeds"
                )
            });
        }
    }
}

/// A line for each run that came to something, in columns that are as wide as they must be: 80 are enough for all.
fn table(runs: &[SeedRun]) -> Vec<String> {
    let row = |SeedRun { seed, outcome, .. }: &SeedRun| {
        let run = outcome.as_ref().ok()?;
        let best = run.best_evaluation.as_ref();
        Some([
            seed.to_string(),
            grouped(run.agent_steps),
            duration(Duration::from_secs_f64(run.seconds)),
            best.map_or_else(String::new, figures),
            best.map_or_else(String::new, |best| grouped(best.at_step)),
            run.last_evaluation.as_ref().map_or_else(String::new, figures),
        ])
    };
    let head = ["seed", "steps", "time", "best evaluation", "at step", "last evaluation"].map(str::to_owned);
    let rows: Vec<[String; 6]> = [head].into_iter().chain(runs.iter().filter_map(row)).collect();
    let cells = |row: &[String; 6]| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            format!("{cell:>width$}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(cells).collect()
}

fn figures(EvaluationFigures { mean, std, .. }: &EvaluationFigures) -> String {
    format!("{mean:.1} ± {std:.1}")
}

/// The folder of a group of runs.
pub(super) fn folder(experiment: &str, seeds: &[u64], timestamp: &str) -> PathBuf {
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    PathBuf::from("runs").join(format!("{experiment}-s{first}to{last}-{timestamp}"))
}

#[cfg(test)]
mod tests {
    use deepq_runs::{Summary, TimeSpent};

    use super::*;

    #[test]
    fn the_widest_table_fits_a_terminal() {
        let evaluation = |mean: f64| EvaluationFigures {
            mean,
            std: 1_234.5,
            min: mean,
            max: mean,
            median: mean,
            episodes: 100,
            at_step: 10_240_000,
        };
        let run = |seed: u64, mean: f64| {
            let summary = Summary {
                experiment: String::new(),
                environment: String::new(),
                protocol: String::new(),
                seed,
                device: String::new(),
                threads: 1,
                isa: String::new(),
                finished: Finished::Steps,
                agent_steps: 10_240_000,
                frames: 0,
                updates: 0,
                episodes: 0,
                seconds: 3_599.0,
                steps_per_second: None,
                updates_per_second: None,
                time: TimeSpent::default(),
                last_evaluation: Some(evaluation(mean)),
                best_evaluation: Some(evaluation(mean)),
                peak_memory_bytes: None,
                replay_bytes: 0,
                digest: String::new(),
            };
            SeedRun { seed, folder: PathBuf::new(), outcome: Ok(summary) }
        };
        let lines = table(&[run(1, 9.0), run(1_234, -1_234.5)]);
        let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(widths[0] < 80 && widths.iter().all(|width| *width == widths[0]), "{lines:#?}");
        assert!(lines[1].ends_with("9.0 ± 1234.5"), "{lines:#?}");
    }
}
