//! `deepq record`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use deepq_experiments::listeners::Screen;
use deepq_experiments::recording::Style;
use deepq_experiments::session::{self, EvaluationRequest, Recorded, RecordingRequest};
use deepq_runs::grouped;

use super::machine::Machine;
use super::{interrupt, logging, number, output};

const EXAMPLES: &str = "\
Examples:
  deepq record runs/first-pong
  deepq record runs/first-pong --overlay --network --out pong.gif
  deepq record runs/first-pong --episodes 3 --seed 12345 --out games.mp4
  deepq record runs/first-pong --every 2 --scale 1 --out small.png

The file is a GIF among the run's videos, unless --out names another. The
episodes are those of `deepq eval` with the same seed and checkpoint. A
GIF is exact where a picture brings at most 255 new colours, a PNG always;
MP4 and WebP need the program ffmpeg. Ctrl-C keeps what was played so far.";

/// Arguments of `deepq record`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The run's folder
    run: PathBuf,
    /// Episodes, one after the other in one file
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    episodes: u32,
    /// The root of the episodes' randomness [default: the run's seed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = number::whole)]
    seed: Option<u64>,
    /// best, last, a checkpoint's folder or a safetensors file of weights
    #[arg(long, value_name = "best|last|FILE", default_value = "best")]
    checkpoint: String,
    /// The file: .gif, .png, .mp4 or .webp [default: RUN/videos/play-STEP.gif]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draw step, return and the value of each action beside the game: a bar is as long as the action is better than the
    /// worst
    #[arg(long)]
    overlay: bool,
    /// Draw what the network sees beside the game
    #[arg(long)]
    network: bool,
    /// Pixels for each pixel of the environment, 0.1 to 8 [default: doubled or halved to a height from 240 to 800]
    #[arg(long, value_name = "X", value_parser = scale)]
    scale: Option<f64>,
    /// Show every N-th step [default: all, as far as a GIF can show them: 50 a second]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    every: Option<u32>,
    /// Pictures a second [default: the environment's own speed]
    #[arg(long, value_name = "N", value_parser = fps)]
    fps: Option<f64>,
    /// Print the file's name and what is to be seen in it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

fn scale(text: &str) -> Result<f64, String> {
    within(text, 0.1, 8.0)
}

fn fps(text: &str) -> Result<f64, String> {
    within(text, 0.1, 120.0)
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("it must be a number from {least} to {most}"))
}

/// Records.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let screen = Screen::new(false);
    logging::start(&screen);
    let stopping = "Stopping: the file will hold what was played so far; once more to end at once.";
    let ended = |screen: &Screen| screen.line("Ended at once: no file was written.");
    let settings = arguments.machine.settings(&screen, interrupt::flag(&screen, stopping, ended)?)?;
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
        output::print(&format!("{}\n", serde_json::to_value(&recorded)?))?;
    } else {
        screen.line(&text(&recorded));
        // The one thing on standard output: the file, for scripts.
        output::print(&format!("{}\n", recorded.file.display()))?;
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
