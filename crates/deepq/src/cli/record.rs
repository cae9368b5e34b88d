//! `deepq record`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use deepq_commands::Record;
use deepq_experiments::listeners::Screen;
use deepq_experiments::recording::Style;
use deepq_experiments::session::{self, EvaluationRequest, Recorded, RecordingRequest};
use deepq_runs::grouped;

use super::machine::Machine;
use super::{interrupt, logging, stdout};

/// Records.
pub(super) fn run(arguments: &Record) -> anyhow::Result<ExitCode> {
    let machine = Machine::read(&arguments.machine)?;
    let screen = Screen::new(false);
    logging::start(&screen);
    let stopping = "Stopping: the file will hold what was played so far; once more to end at once.";
    let ended = |screen: &Screen| screen.line("Ended at once: no file was written.");
    let settings = machine.settings(&screen, interrupt::flag(&screen, stopping, ended)?)?;
    let request = RecordingRequest {
        evaluation: EvaluationRequest {
            checkpoint: arguments.checkpoint.as_str().into(),
            episodes: Some(arguments.episodes as usize),
            seed: arguments.seed,
        },
        style: Style {
            every: arguments.every,
            pictures_per_second: arguments.fps,
            scale: arguments.scale,
            overlay: arguments.overlay,
            network: arguments.network,
            ..Style::default()
        },
        out: arguments.out.clone(),
    };
    let mut last_note = Instant::now();
    let recorded = session::record(&arguments.run, &request, &settings, &mut |scene, moment| {
        const PAUSE: Duration = Duration::from_secs(2);
        if last_note.elapsed() >= PAUSE {
            last_note = Instant::now();
            let (episode, episodes) = (moment.episode + 1, scene.episodes);
            let (step, total) = (grouped(moment.step), moment.total);
            screen.line(&format!("episode {episode} of {episodes}: step {step}, return {total:.2}"));
        }
    })?;
    let Some(recorded) = recorded else { return Ok(interrupt::exit_code()) };
    if arguments.json {
        stdout::print(&format!("{}\n", serde_json::to_value(&recorded)?))?;
    } else {
        screen.line(&text(&recorded));
        // The one thing on standard output: the file, for scripts.
        stdout::print(&format!("{}\n", recorded.file.display()))?;
    }
    Ok(if recorded.figures.interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

fn text(recorded: &Recorded) -> String {
    let Recorded { bytes, figures, .. } = recorded;
    let returns: Vec<String> = figures.returns.iter().map(|total| format!("{total:.2}")).collect();
    let returns = if returns.is_empty() { "no episode to its end".to_owned() } else { returns.join(", ") };
    format!(
        "return {returns} with the weights of step {}: {} pictures of {} x {} in {:.1} s, {} kB",
        grouped(figures.at_step),
        grouped(figures.pictures),
        figures.width,
        figures.height,
        figures.seconds,
        grouped(bytes.div_ceil(1_000)),
    )
}
