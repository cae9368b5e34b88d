//! A trained agent plays, and somebody watches.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use deepq_agents::Preferences;

use super::score::figure;
use super::{Beat, LONGEST_UNSEEN, Leave, PATIENCE, PlayError, Score, changed_speed};
use crate::gameplay::{Gameplay, Moment};
use crate::terminal::{Input, Key, Panel, Terminal, Words, half_blocks};

/// How long the end of an episode is shown at the usual speed.
const END: Duration = Duration::from_secs(1);

/// Lets somebody watch until they leave, the episodes are over, or `stop` is set; gives how they left.
///
/// # Errors
///
/// If the environment or the agent fails, or the terminal is gone.
pub fn watch(
    gameplay: &mut dyn Gameplay,
    speed: f64,
    terminal: &mut Terminal,
    score: &mut Score,
    stop: &AtomicBool,
) -> Result<Leave, PlayError> {
    let Some(moment) = gameplay.advance()? else { return Ok(Leave::Quit) };
    score.come_to(&moment);
    let beat = Beat::new(gameplay.scene().steps_per_second * speed, Instant::now());
    let mut show = Show { gameplay, moment, score, speed, beat, paused: false };
    let mut drawn = Instant::now();
    show.draw(terminal)?;
    loop {
        let input = terminal.input(show.patience(Instant::now()))?;
        if let Some(left) = Leave::asked(stop) {
            return Ok(left);
        }
        let asked = match input {
            Some(Input::Press(key)) => match Leave::by(key) {
                Some(left) => return Ok(left),
                None => show.press(key),
            },
            _ => false,
        };
        let due = !show.paused && show.beat.wait(Instant::now()).is_zero();
        if (asked || due) && !show.advance()? {
            return Ok(Leave::Quit);
        }
        let late = !show.paused && show.beat.wait(Instant::now()).is_zero() && drawn.elapsed() < LONGEST_UNSEEN;
        if (input.is_some() || asked || due) && !late {
            show.draw(terminal)?;
            drawn = Instant::now();
        }
    }
}

struct Show<'a> {
    gameplay: &'a mut dyn Gameplay,
    moment: Moment,
    score: &'a mut Score,
    speed: f64,
    beat: Beat,
    paused: bool,
}

impl Show<'_> {
    fn patience(&self, now: Instant) -> Duration {
        if self.paused { PATIENCE } else { self.beat.wait(now).min(PATIENCE) }
    }

    /// Does what a key asks for; gives whether that is a step.
    fn press(&mut self, key: Key) -> bool {
        match key {
            Key::Character(' ' | 'p') => self.paused = !self.paused,
            Key::Character('n') => {
                self.paused = true;
                return true;
            }
            key => match changed_speed(self.speed, key) {
                Some(speed) => self.speed = speed,
                None => return false,
            },
        }
        self.beat = self.beat_from(Instant::now());
        false
    }

    fn beat_from(&self, now: Instant) -> Beat {
        Beat::new(self.gameplay.scene().steps_per_second * self.speed, now)
    }

    /// Goes on by a step; gives whether there was one.
    fn advance(&mut self) -> Result<bool, PlayError> {
        let Some(moment) = self.gameplay.advance()? else { return Ok(false) };
        self.score.come_to(&moment);
        self.moment = moment;
        let now = Instant::now();
        self.beat.stepped(now);
        if moment.status.is_over() {
            self.beat = self.beat_from(now + END.div_f64(self.speed));
        }
        Ok(true)
    }

    fn draw(&self, terminal: &mut Terminal) -> Result<(), PlayError> {
        let mut grid = terminal.grid()?;
        let rows = self.panel()?.draw(&mut grid);
        half_blocks::draw(&self.gameplay.picture()?, 0..rows, terminal.depth(), &mut grid);
        Ok(terminal.show(grid)?)
    }

    fn panel(&self) -> Result<Panel, PlayError> {
        let scene = self.gameplay.scene();
        let mut panel = Panel::default();
        let mut score = vec![Words::bold(&scene.environment)];
        score.extend(self.score.words());
        panel.paragraph(score);
        let kind = match scene.values {
            Preferences::QValues => "Q-values",
            Preferences::Logits => "logits",
        };
        let mut values = vec![Words::plain(kind)];
        values.extend(bars(&scene.actions, &self.gameplay.values()?, self.moment.action));
        panel.paragraph(values);
        let mut keys = vec![Words::plain(format!("speed {}", figure(self.speed)))];
        keys.extend(["space pause", "n one step", "+ faster", "- slower", "q quit"].map(Words::plain));
        keys.extend(self.score.end());
        if self.paused {
            keys.push(Words::bold("paused"));
        }
        panel.paragraph(keys);
        Ok(panel)
    }
}

/// Heights of a bar.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Each action with its value, and a bar that is lowest for the lowest value and highest for the highest one. The action
/// that is taken is bold.
fn bars(actions: &[String], values: &[f32], taken: Option<usize>) -> Vec<Words> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let bar = |value: f32| {
        let height = if high > low { (value - low) / (high - low) } else { 0.0 };
        BARS[((height * (BARS.len() - 1) as f32).round() as usize).min(BARS.len() - 1)]
    };
    let words = actions.iter().zip(values).enumerate().map(|(action, (name, &value))| Words {
        text: format!("{name} {} {value:7.2}", bar(value)),
        bold: taken == Some(action),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_beside_their_actions() {
        let actions = ["left", "stay", "right"].map(str::to_owned);
        let words = bars(&actions, &[-1.0, 0.5, 2.0], Some(2));
        let text: Vec<&str> = words.iter().map(|words| words.text.as_str()).collect();
        assert_eq!(text, ["left ▁   -1.00", "stay ▅    0.50", "right █    2.00"]);
        assert_eq!(words.iter().map(|words| words.bold).collect::<Vec<_>>(), [false, false, true]);
        for strange in [[f32::NAN; 2], [1.0; 2], [f32::INFINITY, 0.0]] {
            assert_eq!(bars(&actions, &strange, None).len(), 2);
        }
    }
}
