//! What somebody who waits for a run sees.

use std::collections::VecDeque;
use std::io::{IsTerminal as _, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Listener;
use crate::evaluation::Evaluation;
use crate::run::StorageError;
use crate::training::{Event, View};

/// The terminal, shared by the progress bar and by whatever else is said, so that neither writes into the other.
#[derive(Clone, Debug)]
pub struct Screen {
    bars: MultiProgress,
    shown: bool,
    terminal: bool,
    /// Which of several runs this is the screen of: it says everything in one line, which begins so.
    label: Option<String>,
}

impl Screen {
    /// Standard error. A quiet screen shows no progress; other messages still appear.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), shown: !quiet, terminal, label: None }
    }

    /// The same screen for one of several runs, with this at the beginning of its line.
    pub fn labelled(&self, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..self.clone() }
    }

    /// Writes to standard error, above the bar.
    pub fn write(&self, bytes: &[u8]) {
        // Nobody is left to be told that the terminal is gone.
        let _ = self.bars.suspend(|| std::io::stderr().write_all(bytes));
    }

    /// A line above the bar, unless the screen is quiet; the log has it too.
    pub fn note(&self, line: &str) {
        tracing::info!("{line}");
        if self.shown && self.label.is_none() {
            self.line(line);
        }
    }

    /// A line above the bar.
    pub fn line(&self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }
}

/// Time between two redraws of the bar.
const REDRAW: Duration = Duration::from_millis(100);
/// Time between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(15);
/// The pace is that of the last seconds.
const PACE: Duration = Duration::from_secs(10);
/// Episodes of the mean return.
const EPISODES: usize = 100;

/// A bar in a terminal, a line now and then elsewhere.
pub struct Progress {
    screen: Screen,
    bar: Option<ProgressBar>,
    returns: VecDeque<f64>,
    /// Time and agent step, over the last [`PACE`].
    paces: VecDeque<(Instant, u64)>,
    loss: Option<f32>,
    evaluation: Option<f64>,
    last: Option<Instant>,
    steps_until_look: u32,
}

impl Progress {
    /// Progress on a screen.
    pub fn new(screen: Screen) -> Self {
        let bar = (screen.shown && screen.terminal).then(|| {
            let bar = screen.bars.add(ProgressBar::new(0));
            // The template is a constant; should it ever be wrong, the plain style shows the same.
            if let Ok(style) = ProgressStyle::with_template("{bar:20.cyan/dim} {msg}") {
                bar.set_style(style.progress_chars("━━─"));
            }
            bar
        });
        Self {
            screen,
            bar,
            returns: VecDeque::with_capacity(EPISODES),
            paces: VecDeque::new(),
            loss: None,
            evaluation: None,
            last: None,
            steps_until_look: 0,
        }
    }

    fn look(&mut self, view: &View<'_>, end: bool) {
        let now = Instant::now();
        let wait = if self.bar.is_some() { REDRAW } else { LINE };
        let last = *self.last.get_or_insert(now);
        if !end && now.duration_since(last) < wait {
            return;
        }
        self.last = Some(now);
        let steps = view.counters.agent_steps;
        self.paces.push_back((now, steps));
        while self.paces.len() > 2 && now.duration_since(self.paces[1].0) > PACE {
            self.paces.pop_front();
        }
        let text = self.text(view, now);
        match &self.bar {
            Some(bar) => {
                bar.set_length(view.budget);
                bar.set_position(steps.min(view.budget));
                bar.set_message(text);
            }
            None => self.screen.line(&text),
        }
    }

    /// One line of at most 80 columns beside the bar, then one of figures; of several runs one line each.
    fn text(&self, view: &View<'_>, now: Instant) -> String {
        let (steps, budget) = (view.counters.agent_steps, view.budget);
        let percent = 100 * steps.min(budget) / budget.max(1);
        let mut place = format!("{percent:>3} %  {} of {} steps", grouped(steps), grouped(budget));
        if let Some(pace) = self.pace(now, steps) {
            let left = Duration::from_secs_f64((budget.saturating_sub(steps) as f64 / pace).min(1e9));
            let pace = if pace < 10.0 { format!("{pace:.1}") } else { grouped(pace as u64) };
            place.push_str(&format!("  {pace}/s  {} left", duration(left)));
        }
        let mut figures = vec![format!("{} episodes", grouped(view.counters.episodes))];
        if !self.returns.is_empty() {
            let mean = self.returns.iter().sum::<f64>() / self.returns.len() as f64;
            figures.push(format!("mean return {mean:.1}"));
        }
        figures.push(format!("epsilon {:.3}", view.exploration));
        figures.extend(self.loss.map(|loss| format!("loss {loss:.4}")));
        if let Some(label) = &self.screen.label {
            let evaluation = self.evaluation.map(|mean| format!("  evaluation {mean:.1}")).unwrap_or_default();
            return format!("{label:<8} {place}{evaluation}");
        }
        let separator = if self.bar.is_some() { "\n" } else { "  " };
        format!("{place}{separator}{}", figures.join("  "))
    }

    fn pace(&self, now: Instant, steps: u64) -> Option<f64> {
        let &(then, before) = self.paces.front()?;
        let seconds = now.duration_since(then).as_secs_f64();
        (seconds > 0.0 && steps > before).then(|| (steps - before) as f64 / seconds)
    }
}

impl Listener for Progress {
    fn event(&mut self, event: &Event, view: &View<'_>) -> Result<(), StorageError> {
        if !self.screen.shown {
            return Ok(());
        }
        match event {
            Event::EpisodeEnded(episode) => {
                if self.returns.len() == EPISODES {
                    self.returns.pop_front();
                }
                self.returns.push_back(episode.total);
            }
            Event::Updated(report) => self.loss = Some(report.loss),
            // A look at the clock costs more than a step of some environments.
            Event::Stepped if self.steps_until_look > 0 => self.steps_until_look -= 1,
            Event::Stepped => {
                self.steps_until_look =
                    if self.pace(Instant::now(), view.counters.agent_steps) > Some(10_000.0) { 64 } else { 0 };
                self.look(view, false);
            }
            Event::Finished(_) => {
                self.look(view, true);
                if let Some(bar) = &self.bar {
                    bar.abandon();
                }
            }
            Event::LogDue | Event::HistogramsDue | Event::EvaluationDue | Event::CheckpointDue => {}
        }
        Ok(())
    }

    fn evaluated(&mut self, evaluation: &Evaluation, best: bool) -> Result<(), StorageError> {
        self.evaluation = Some(evaluation.mean());
        if self.screen.shown && self.screen.label.is_none() {
            self.screen.line(&format!(
                "step {:>9}  evaluation of {} episodes: mean {:.1} ± {:.1}, min {:.1}, max {:.1}{}",
                grouped(evaluation.at_step),
                evaluation.returns.len(),
                evaluation.mean(),
                evaluation.std(),
                evaluation.min(),
                evaluation.max(),
                if best { "  (best)" } else { "" },
            ));
        }
        Ok(())
    }
}

/// `20,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `42 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(["7", "999", "1,000", "20,000", "1,234,567"], [7, 999, 1000, 20_000, 1_234_567].map(grouped)[..]);
        assert_eq!(["59 s", "1 min 1 s", "2 h 5 min"], [59, 61, 7500].map(|s| duration(Duration::from_secs(s)))[..]);
    }
}
