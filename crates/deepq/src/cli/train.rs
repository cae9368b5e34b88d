//! `deepq train`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deepq_commands::Train;
use deepq_experiments::RunError;
use deepq_experiments::config::{self, Overrides};
use deepq_experiments::listeners::Screen;
use deepq_experiments::session::{self, Group};
use deepq_runs::{EvaluationFigures, Finished, Summary, duration, grouped};

use super::machine::Machine;
use super::{artifacts, interrupt, logging, roms, stdout, train_seeds, usage_error};

/// Trains.
pub(super) fn run(arguments: &Train) -> anyhow::Result<ExitCode> {
    let machine = Machine::read(&arguments.machine)?;
    let screen = Screen::new(arguments.quiet);
    let log = logging::start(&screen);
    let settings = |run: &std::path::Path| -> anyhow::Result<session::Settings> {
        let mut settings = machine.settings(&screen, interrupt::flag_of_training(&screen, run)?)?;
        let (log, path) = (log.clone(), run.join("log.txt"));
        if let Some(bytes) = arguments.increments_from {
            settings.increments_from = bytes;
        }
        settings.on_start = std::sync::Arc::new(move || log.open(&path));
        Ok(settings)
    };
    let overrides = Overrides {
        env: arguments.env.clone(),
        set: arguments.set.clone(),
        seed: arguments.seed,
        steps: arguments.steps,
    };
    let load = |name: &str| {
        let loaded = config::load(name, &overrides);
        loaded.map_err(|error| usage_error::no_experiment(name, error, &roms::registry(&arguments.machine.roms)))
    };
    let video = !arguments.no_video;
    if let (Some(list), Some(name)) = (&arguments.seeds, &arguments.experiment) {
        let (experiment, document) = load(name)?;
        let folder =
            arguments.out.clone().unwrap_or_else(|| train_seeds::folder(&experiment.name, list.seeds(), &timestamp()));
        let group = Group::new(&folder, list.seeds(), document)?;
        return train_seeds::run(&group, arguments.jobs.unwrap_or(1), video, &log, &settings(&folder)?);
    }
    if let Some(folder) = &arguments.resume {
        if Group::is_one(folder) {
            let group = Group::open(folder, &overrides)?;
            return train_seeds::run(&group, arguments.jobs.unwrap_or(1), video, &log, &settings(folder)?);
        }
        if arguments.jobs.is_some() {
            return Err(RunError::OneRun { path: folder.clone() }.into());
        }
    }
    let (folder, settings, summary, before) = match (&arguments.resume, &arguments.experiment) {
        (Some(run), _) => {
            let settings = settings(run)?;
            let before = session::done(run);
            let summary = session::resume(run, &overrides, &settings)?;
            (run.clone(), settings, summary, before)
        }
        (None, Some(name)) => {
            let (experiment, document) = load(name)?;
            let folder = arguments.out.clone().unwrap_or_else(|| {
                let run = format!("{}-s{}-{}", experiment.name, experiment.training.seed, timestamp());
                PathBuf::from("runs").join(run)
            });
            let settings = settings(&folder)?;
            let summary = session::start(&experiment, &document, &folder, &settings)?;
            (folder, settings, summary, None)
        }
        (None, None) => anyhow::bail!("name an experiment, or a run with --resume"),
    };
    if !arguments.quiet {
        screen.line(&text(&summary, before.as_ref()));
    }
    let interrupted = summary.finished == Finished::Interrupted;
    if interrupted {
        interrupt::to_go_on(&screen, "To go on:", &folder);
    } else {
        artifacts::write(&folder, video, &settings);
    }
    // The one thing on standard output: where the results lie, for scripts.
    stdout::print(&format!("{}\n", folder.display()))?;
    Ok(if interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

/// What came out of a run, which may have been done `before` it was resumed.
fn text(summary: &Summary, before: Option<&Summary>) -> String {
    let mut lines = Vec::new();
    if before.is_some_and(|before| before.agent_steps == summary.agent_steps) {
        lines.push("It was done already: nothing was left to do. --steps makes a run longer.".to_owned());
    }
    lines.push(format!(
        "{} after {} steps, {} updates and {} episodes in {}",
        match summary.finished {
            Finished::Steps | Finished::Episodes => "Done",
            Finished::Threshold => "Done: the evaluation reached evaluation.stop_at",
            Finished::Interrupted => "Interrupted",
        },
        grouped(summary.agent_steps),
        grouped(summary.updates),
        grouped(summary.episodes),
        duration(Duration::from_secs_f64(summary.seconds)),
    ));
    let evaluations = [("best", &summary.best_evaluation), ("last", &summary.last_evaluation)];
    for (name, evaluation) in evaluations {
        if let Some(EvaluationFigures { mean, std, min, max, at_step, .. }) = evaluation {
            let at_step = grouped(*at_step);
            lines.push(format!(
                "  {name} evaluation: mean {mean:.1} ± {std:.1}, min {min:.1}, max {max:.1}, at step {at_step}"
            ));
        }
    }
    lines.push(format!("  time: {}", shares(summary)));
    lines.push(format!("  digest {}", summary.digest));
    lines.join("\n")
}

/// Where the time went, the largest part first; what is below a percent is left out.
fn shares(summary: &Summary) -> String {
    let mut parts = summary.time.parts().map(|(name, seconds)| (name, 100.0 * seconds / summary.seconds.max(1e-9)));
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let parts: Vec<String> =
        parts.iter().filter(|part| part.1 >= 1.0).map(|(name, share)| format!("{name} {share:.0} %")).collect();
    parts.join(", ")
}

/// `20250131-235959`, in UTC: a name that no other run of the second has.
fn timestamp() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days, for days since 1970-01-01.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}-{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}
